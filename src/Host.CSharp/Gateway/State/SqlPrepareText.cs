namespace Serverless.Host.Gateway.State;

/// <summary>Reads PREPARE and EXECUTE. Rules of literals: MySQL reference manual, "String Literals".</summary>
internal static class SqlPrepareText
{
    /// <summary>A single `PREPARE name FROM 'literal'`. Null when it is anything else: a user variable, an expression, a literal with a character set.</summary>
    public static SqlPrepared? Read(ReadOnlySpan<byte> sql, string? schema, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        if (!lexer.AcceptWord("prepare"u8) || !lexer.Next() || StatementNames.Name(lexer) is not { } name) return null;
        if (!lexer.AcceptWord("from"u8) || !lexer.Next() || lexer.Kind != SqlTokenKind.String) return null;
        var literal = lexer.Text;
        while (lexer.Accept((byte)';')) { }
        if (lexer.Next() || lexer.Unterminated || lexer.MetExecutableComment) return null;
        var text = Unescape(literal, escapes: !dialect.NoBackslashEscapes);
        return new SqlPrepared(name.ToLowerInvariant(), sql.ToArray(), text, schema, StatementClassifier.Classify(text, dialect));
    }

    /// <summary>The name of a single `EXECUTE name`; null when it cannot be read.</summary>
    public static string? Executed(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        return lexer.AcceptWord("execute"u8) && lexer.Next() ? StatementNames.Name(lexer)?.ToLowerInvariant() : null;
    }

    /// <summary>What a literal stands for.</summary>
    private static byte[] Unescape(ReadOnlySpan<byte> literal, bool escapes)
    {
        var quote = literal[0];
        var inner = literal[1..^1];
        var text = new byte[inner.Length];
        var length = 0;
        for (var i = 0; i < inner.Length; i++)
        {
            var c = inner[i];
            if (c == quote) i++;
            else if (escapes && c == '\\' && i + 1 < inner.Length)
            {
                c = inner[++i];
                // `\%` and `\_` keep the backslash: patterns need it.
                if (c is (byte)'%' or (byte)'_') text[length++] = (byte)'\\';
                c = Escaped(c);
            }
            text[length++] = c;
        }
        return text[..length];
    }

    private static byte Escaped(byte c) => c switch
    {
        (byte)'0' => 0,
        (byte)'b' => (byte)'\b',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        (byte)'Z' => 0x1a,
        _ => c,
    };
}
