namespace Serverless.Host.Gateway.State;

/// <summary>LIKE patterns of SHOW statements.</summary>
internal static class SqlPatterns
{
    /// <summary>The pattern could match a name that begins with session_track_: its fixed beginning agrees with it.</summary>
    public static bool MayMatchTrackers(ReadOnlySpan<byte> pattern)
    {
        var prefix = "session_track_"u8;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c is (byte)'%' or (byte)'\\' || i == prefix.Length) return true;
            if (c != '_' && (c | 0x20) != prefix[i]) return false;
        }
        return pattern.Length >= prefix.Length;
    }

    /// <summary>LIKE without escapes, regardless of case.</summary>
    public static bool Like(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern)
    {
        int at = 0, p = 0, star = -1, mark = 0;
        while (at < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '%')
            {
                star = p++;
                mark = at;
            }
            else if (p < pattern.Length && (pattern[p] == '_' || char.ToLowerInvariant(pattern[p]) == char.ToLowerInvariant(text[at])))
            {
                p++;
                at++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                at = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '%') p++;
        return p == pattern.Length;
    }
}
