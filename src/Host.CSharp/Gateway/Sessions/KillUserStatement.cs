using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// MariaDB's `KILL [HARD | SOFT] [CONNECTION | QUERY] USER name[@host]`. Source: MariaDB Knowledge Base, "KILL"; whom the server takes for one of the user is in its
/// sql/sql_parse.cc, kill_threads_callback: the name as it was logged in with, and the host of the client, not those of the account.
/// </summary>
/// <param name="User">Null: CURRENT_USER.</param>
/// <param name="Host">`%`: any.</param>
internal sealed record KillUserStatement(string? User, string Host)
{
    /// <summary>Null: it is something else.</summary>
    public static KillUserStatement? Read(ReadOnlySpan<byte> text, in StatementInfo info, in SqlDialect dialect)
    {
        if (info.Kind != StatementKind.Kill || info.Has(StatementTraits.MultiStatement | StatementTraits.ExecutableComment)) return null;
        var lexer = new SqlLexer(text, dialect);
        if (!lexer.AcceptWord("kill"u8)) return null;
        if (!lexer.AcceptWord("hard"u8)) lexer.AcceptWord("soft"u8);
        if (!lexer.AcceptWord("query"u8)) lexer.AcceptWord("connection"u8);
        if (!lexer.AcceptWord("user"u8) || !lexer.Next()) return null;
        var isCurrent = lexer.IsWord("current_user"u8);
        if (!isCurrent && lexer.Kind is not (SqlTokenKind.Word or SqlTokenKind.QuotedName or SqlTokenKind.String)) return null;
        var user = isCurrent ? null : StatementNames.Unquote(lexer.Text);
        var host = "%";
        var more = lexer.Next();
        if (isCurrent && more && lexer.IsSymbol((byte)'('))
        {
            if (!lexer.Accept((byte)')')) return null;
            more = lexer.Next();
        }
        else if (!isCurrent && more && lexer.Kind == SqlTokenKind.UserVariable)
        {
            host = StatementNames.Unquote(lexer.Text);
            more = lexer.Next();
        }
        if (more && lexer.IsSymbol((byte)';')) more = lexer.Next();
        return more ? null : new KillUserStatement(user, host);
    }
}
