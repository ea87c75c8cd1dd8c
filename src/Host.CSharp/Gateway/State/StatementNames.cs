using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>Takes names out of statements that create or end what pins a session. Used only for such statements, away from the hot path.</summary>
internal static class StatementNames
{
    /// <summary>`a`, `db.a` in the session's spelling: `schema.table`. Null when it is no such name. The lexer stands on its first token, afterwards on its last.</summary>
    public static string? Table(ref SqlLexer lexer, string? schema, in SqlDialect dialect)
    {
        if (Name(lexer) is not { } first) return null;
        var name = first;
        var of = schema;
        if (lexer.Accept((byte)'.'))
        {
            lexer.Next();
            if (Name(lexer) is not { } second) return null;
            (of, name) = (first, second);
        }
        var full = of + "." + name;
        return dialect.FoldsTableNames ? full.ToLowerInvariant() : full;
    }

    /// <summary>The name that the lexer stands on, without its quotes; null when it stands on something else.</summary>
    public static string? Name(in SqlLexer lexer)
    {
        if (lexer.Kind is not (SqlTokenKind.Word or SqlTokenKind.QuotedName or SqlTokenKind.Number)) return null;
        return Unquote(lexer.Text);
    }

    public static string Unquote(ReadOnlySpan<byte> text)
    {
        var inner = Encoding.UTF8.GetString(SqlNames.Inner(text));
        if (text.IsEmpty || text[0] is not ((byte)'`' or (byte)'"' or (byte)'\'')) return inner;
        var quote = ((char)text[0]).ToString();
        return inner.Replace(quote + quote, quote, StringComparison.Ordinal);
    }

    /// <summary>Goes forward to this word; false when it is not there.</summary>
    public static bool GoTo(ref SqlLexer lexer, ReadOnlySpan<byte> word)
    {
        while (lexer.Next())
        {
            if (lexer.IsWord(word)) return true;
        }
        return false;
    }

    /// <summary>Goes over IF EXISTS or IF NOT EXISTS.</summary>
    public static void SkipIfExists(ref SqlLexer lexer)
    {
        if (!lexer.AcceptWord("if"u8)) return;
        lexer.AcceptWord("not"u8);
        lexer.AcceptWord("exists"u8);
    }

    /// <summary>The names behind `CREATE … TEMPORARY TABLE`, each; null for one that could not be read.</summary>
    public static List<string?> CreatedTemporaryTables(ReadOnlySpan<byte> sql, string? schema, in SqlDialect dialect)
    {
        var names = new List<string?>();
        var lexer = new SqlLexer(sql, dialect);
        while (GoTo(ref lexer, "temporary"u8))
        {
            if (!lexer.AcceptWord("table"u8) && !lexer.AcceptWord("sequence"u8)) continue;
            SkipIfExists(ref lexer);
            lexer.Next();
            names.Add(Table(ref lexer, schema, dialect));
        }
        return names;
    }

    /// <summary>The names of a single DROP [TEMPORARY] TABLE or SEQUENCE; null when the statement is another one or cannot be read.</summary>
    public static List<string>? DroppedTables(ReadOnlySpan<byte> sql, string? schema, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        if (!lexer.Next() || !lexer.IsWord("drop"u8)) return null;
        lexer.AcceptWord("temporary"u8);
        if (!lexer.AcceptWord("table"u8) && !lexer.AcceptWord("tables"u8) && !lexer.AcceptWord("sequence"u8)) return null;
        SkipIfExists(ref lexer);
        var names = new List<string>();
        do
        {
            lexer.Next();
            if (Table(ref lexer, schema, dialect) is not { } name) return null;
            names.Add(name);
        }
        while (lexer.Accept((byte)','));
        return names;
    }

    /// <summary>The handler's name of a single HANDLER … OPEN [AS alias] or HANDLER … CLOSE; null when it cannot be read.</summary>
    public static string? Handler(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        if (!lexer.Next() || !lexer.IsWord("handler"u8) || !lexer.Next()) return null;
        var name = Name(lexer);
        if (lexer.Accept((byte)'.'))
        {
            lexer.Next();
            name = Name(lexer);
        }
        if (name is null || !lexer.Next() || !lexer.IsWord("open"u8)) return name?.ToLowerInvariant();
        lexer.AcceptWord("as"u8);
        if (lexer.Next() && Name(lexer) is { } alias) name = alias;
        return name.ToLowerInvariant();
    }

    /// <summary>The statement's name of a single PREPARE, or DEALLOCATE or DROP PREPARE; null when it cannot be read.</summary>
    public static string? Prepared(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        if (!GoTo(ref lexer, "prepare"u8) || !lexer.Next()) return null;
        return Name(lexer)?.ToLowerInvariant();
    }

    /// <summary>The lock names of GET_LOCK('name', …) calls with plain names; null in the list for each other call.</summary>
    public static List<string?> UserLocks(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var names = new List<string?>();
        var lexer = new SqlLexer(sql, dialect);
        while (lexer.Next())
        {
            var word = lexer.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName ? SqlNames.Inner(lexer.Text) : default;
            var service = SqlWords.StartsWith(word, "service_get_"u8);
            if (!service && !SqlWords.Same(word, "get_lock"u8)) continue;
            if (!lexer.Accept((byte)'(')) continue;
            if (!service && lexer.Next() && lexer.Kind == SqlTokenKind.String && SqlText.IsPlain(SqlNames.Inner(lexer.Text)))
            {
                var text = lexer.Text;
                names.Add(lexer.Accept((byte)',') ? Encoding.ASCII.GetString(SqlNames.Inner(text)) : null);
            }
            else
            {
                names.Add(null);
            }
        }
        return names;
    }

    /// <summary>The session variables that SET statements in the text assign, in lower case; null in the list for a target that cannot be read.</summary>
    public static List<string?> SetVariables(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var names = new List<string?>();
        var lexer = new SqlLexer(sql, dialect);
        var atStart = true;
        while (lexer.Next())
        {
            if (lexer.IsSymbol((byte)';')) atStart = true;
            else if (atStart && lexer.IsWord("set"u8)) SetList(ref lexer, names, ref atStart);
            else atStart = false;
        }
        return names;
    }

    /// <summary>
    /// The session variables that SET statements in the text assign as `@@name`, in lower case. Left out are those that are no session's variable afterwards
    /// (a transaction's characteristics without a scope are the next one's) or are followed in another way.
    /// </summary>
    public static List<string>? SetWithoutScope(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        List<string>? names = null;
        var lexer = new SqlLexer(sql, dialect);
        while (lexer.Next())
        {
            if (lexer.Kind != SqlTokenKind.SystemVariable) continue;
            var name = Unquote(lexer.Text).ToLowerInvariant();
            if (!lexer.Accept((byte)'=') && !lexer.AcceptAssign()) continue;
            var bytes = Encoding.ASCII.GetBytes(name);
            if (SqlVariables.IsTransactionCharacteristic(bytes) || SqlVariables.IsOneShot(bytes) || name.StartsWith("session_track_", StringComparison.Ordinal)) continue;
            (names ??= []).Add(name);
        }
        return names;
    }

    private static void SetList(ref SqlLexer lexer, List<string?> names, ref bool atStart)
    {
        atStart = false;
        var target = true;
        var depth = 0;
        while (lexer.Next())
        {
            if (target) SetTarget(ref lexer, names);
            target = false;
            if (lexer.IsSymbol((byte)'(')) depth++;
            else if (lexer.IsSymbol((byte)')')) depth--;
            else if (lexer.IsSymbol((byte)',') && depth <= 0) target = true;
            else if (lexer.IsSymbol((byte)';'))
            {
                atStart = true;
                return;
            }
        }
    }

    private static void SetTarget(ref SqlLexer lexer, List<string?> names)
    {
        if (lexer.Kind is not (SqlTokenKind.Word or SqlTokenKind.QuotedName or SqlTokenKind.SystemVariable)) return;
        var at = lexer.Kind == SqlTokenKind.SystemVariable;
        if (lexer.Kind != SqlTokenKind.QuotedName)
        {
            var text = lexer.Text;
            if (SqlWords.Same(text, "global"u8) || SqlWords.StartsWith(text, "persist"u8)) return;
            if (SqlWords.Same(text, "session"u8) || SqlWords.Same(text, "local"u8))
            {
                if (at) lexer.Accept((byte)'.');
                lexer.Next();
            }
        }
        if (lexer.Kind == SqlTokenKind.SystemVariable) at = true;
        var name = at ? Unquote(lexer.Text) : Name(lexer);
        // Only what an equals sign follows is a variable: NAMES, TRANSACTION, ROLE and so on are not.
        if (lexer.Accept((byte)'=') || lexer.AcceptAssign()) names.Add(name?.ToLowerInvariant());
        // A component's variable (`validate_password.length`) is not followed by name.
        else if (lexer.Accept((byte)'.')) names.Add(null);
    }
}
