using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// How long the client allows a statement to take, as the server would read it: a wait for a compute counts too. MySQL: max_execution_time and the optimizer
/// hint of that name, in milliseconds, of a SELECT only, the hint before the variable and 0 for none. MariaDB: max_statement_time and SET STATEMENT …
/// FOR, in seconds. Sources: MySQL Reference Manual, "Optimizer Hints"; MariaDB Knowledge Base, "Aborting Statements that Exceed a Certain Time to Execute".
/// </summary>
internal static class StatementTimeLimit
{
    /// <summary>For a session without a backend connection, whose variables are known. Null: as long as it takes.</summary>
    public static TimeSpan? Of(ReadOnlySpan<byte> sql, in StatementInfo info, SessionState state, ServerCatalogue catalogue)
    {
        if (catalogue.Family == ServerFamily.MariaDb)
            return Span(InSetStatement(sql, state) ?? Variable(state, catalogue), TimeSpan.TicksPerSecond);
        if (info.Kind != StatementKind.Select) return null;
        return Span(InHint(sql, state), TimeSpan.TicksPerMillisecond) ?? Span(Variable(state, catalogue), TimeSpan.TicksPerMillisecond);
    }

    /// <summary>What the server says when the time is over.</summary>
    public static (ushort Code, string Message) Error(ServerFamily family) => family == ServerFamily.MariaDb
        ? (ErrorCode.StatementTimeoutMariaDb, "Query execution was interrupted (max_statement_time exceeded)")
        : (ErrorCode.QueryTimeoutMySql, "Query execution was interrupted, maximum statement execution time exceeded");

    private static TimeSpan? Span(double? value, long ticks) =>
        value is > 0 and < 31_536_000_000 ? TimeSpan.FromTicks((long)(value.Value * ticks)) : null;

    /// <summary>The variable of this family, in its own unit, where a session begins with it; null: that cannot be told.</summary>
    public static double? FirstValue(ServerProfile profile) =>
        string.IsNullOrEmpty(profile.Variables.GetValueOrDefault("init_connect")) ? Parse(profile.Variables.GetValueOrDefault(Name(profile.Family))) : null;

    private static double? Variable(SessionState state, ServerCatalogue catalogue)
    {
        if (state.Variables?.TryGet(Name(catalogue.Family), out var own) == true) return own.Text is { } text ? Parse(Encoding.ASCII.GetString(text)) : null;
        return catalogue.VariablesAreOld ? null : catalogue.FirstTimeLimit;
    }

    private static string Name(ServerFamily family) => family == ServerFamily.MariaDb ? "max_statement_time" : "max_execution_time";

    private static double? Parse(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>`SET STATEMENT a=1, max_statement_time=2 FOR …`.</summary>
    private static double? InSetStatement(ReadOnlySpan<byte> sql, SessionState state)
    {
        var lexer = new SqlLexer(sql, state.Dialect);
        if (!lexer.AcceptWord("set"u8) || !lexer.AcceptWord("statement"u8)) return null;
        while (lexer.Next() && !lexer.IsWord("for"u8))
        {
            if (lexer.IsWord("max_statement_time"u8) && lexer.Accept((byte)'=') && lexer.Next())
                return Utf8Parser.TryParse(lexer.Text, out double value, out var read) && read == lexer.Length ? value : null;
        }
        return null;
    }

    /// <summary>`SELECT /*+ … MAX_EXECUTION_TIME(n) … */ …`: hints stand in one comment, right after the word.</summary>
    private static double? InHint(ReadOnlySpan<byte> sql, SessionState state)
    {
        var lexer = new SqlLexer(sql, state.Dialect);
        while (lexer.Accept((byte)'(')) { }
        if (!lexer.AcceptWord("select"u8)) return null;
        var rest = sql[(lexer.Start + lexer.Length)..].TrimStart(" \t\r\n"u8);
        var end = rest.IndexOf("*/"u8);
        if (!rest.StartsWith("/*+"u8) || end < 3) return null;
        var hints = new SqlLexer(rest[3..end], state.Dialect);
        while (hints.Next())
        {
            if (hints.IsWord("max_execution_time"u8) && hints.Accept((byte)'(') && hints.Next())
                return Utf8Parser.TryParse(hints.Text, out uint value, out var read) && read == hints.Length ? value : null;
        }
        return null;
    }
}
