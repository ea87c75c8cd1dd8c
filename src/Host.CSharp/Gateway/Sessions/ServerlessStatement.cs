using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

internal enum ServerlessStatement : byte
{
    None,

    /// <summary>SHOW SERVERLESS SESSIONS.</summary>
    Sessions,

    /// <summary>SHOW SERVERLESS STATUS.</summary>
    Status,

    /// <summary>SHOW SERVERLESS and something else.</summary>
    Unknown,
}

/// <summary>Statements to the gateway itself; no server has a SHOW of this name.</summary>
internal static class ServerlessStatements
{
    public static ServerlessStatement Of(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        if (!lexer.Next() || !lexer.IsWord("show"u8) || !lexer.AcceptWord("serverless"u8)) return ServerlessStatement.None;
        var found = lexer.AcceptWord("sessions"u8) ? ServerlessStatement.Sessions : lexer.AcceptWord("status"u8) ? ServerlessStatement.Status : ServerlessStatement.Unknown;
        lexer.Accept((byte)';');
        return lexer.Next() ? ServerlessStatement.Unknown : found;
    }
}
