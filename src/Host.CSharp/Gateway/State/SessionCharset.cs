namespace Serverless.Host.Gateway.State;

/// <summary>Character sets as far as local answers deal with them.</summary>
internal static class SessionCharset
{
    /// <summary>
    /// Greatest bytes of a character, for the sets in which local answers are given: those whose ASCII characters are their own bytes. 0 for others.
    /// </summary>
    public static int MaxLength(string characterSet) => characterSet switch
    {
        "utf8mb4" => 4,
        "utf8mb3" or "utf8" => 3,
        "ujis" or "eucjpms" => 3,
        "euckr" or "gb2312" => 2,
        "armscii8" or "cp850" or "cp852" or "cp866" or "dec8" or "geostd8" or "hp8" or "keybcs2" or "macce" or "macroman" or "tis620" => 1,
        "binary" or "latin1" or "ascii" or "latin2" or "latin5" or "latin7" or "cp1250" or "cp1251" or "cp1256" or "cp1257" or "greek" or "hebrew" or "koi8r" or "koi8u" => 1,
        _ => 0,
    };

    /// <summary>In these a byte of a character may look like ASCII (a backslash, a quote), so that the lexer cannot read them.</summary>
    public static bool IsTreacherous(ReadOnlySpan<byte> characterSet) =>
        characterSet.SequenceEqual("big5"u8) || characterSet.SequenceEqual("cp932"u8) || characterSet.SequenceEqual("sjis"u8)
        || characterSet.SequenceEqual("gbk"u8) || characterSet.SequenceEqual("gb18030"u8);

    /// <summary>The same by collation id, as handshakes give it.</summary>
    public static bool IsTreacherous(int collation) => collation is 1 or 84 or 95 or 96 or 13 or 88 or 28 or 87 or 248 or 249 or 250;
}
