using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Knows `SHOW PROCESSLIST` and `SHOW FULL PROCESSLIST`, which are answered with the gateway's own ids and clients, and nothing else.</summary>
internal static class ProcessListStatement
{
    public static bool IsIt(ReadOnlySpan<byte> text, in StatementInfo info, in SqlDialect dialect)
    {
        if (info.Kind != StatementKind.Show || info.Has(StatementTraits.MultiStatement | StatementTraits.ExecutableComment)) return false;
        var lexer = new SqlLexer(text, dialect);
        if (!lexer.AcceptWord("show"u8)) return false;
        lexer.AcceptWord("full"u8);
        if (!lexer.AcceptWord("processlist"u8)) return false;
        lexer.Accept((byte)';');
        return !lexer.Next();
    }
}
