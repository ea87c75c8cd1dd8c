using System.Globalization;
using System.Text;
using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

internal enum ServerlessSubject : byte
{
    Sessions,
    Status,
    Decisions,
    Command,
}

/// <summary>A statement to the gateway itself: SHOW SERVERLESS …, or SERVERLESS and a command.</summary>
/// <param name="Wrong">What is wrong with it; null: nothing is.</param>
internal sealed record ServerlessStatement(ServerlessSubject Subject, string? Wrong = null)
{
    /// <summary>Rows that are wanted of decisions.</summary>
    public int Limit { get; init; } = DecisionsByDefault;

    public OperatorCommand Command { get; init; }

    /// <summary>As it was written; null: none was.</summary>
    public string? Size { get; init; }

    public const int DecisionsByDefault = 50;

    private const int MostDecisions = 1000;

    /// <summary>Null: it is none. No server knows a statement of these words.</summary>
    public static ServerlessStatement? Of(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        if (!lexer.Next()) return null;
        if (lexer.IsWord("serverless"u8)) return ReadCommand(ref lexer);
        if (!lexer.IsWord("show"u8) || !lexer.AcceptWord("serverless"u8)) return null;
        return ReadShow(ref lexer);
    }

    private static ServerlessStatement ReadShow(ref SqlLexer lexer)
    {
        if (lexer.AcceptWord("sessions"u8)) return Ended(ref lexer, new(ServerlessSubject.Sessions));
        if (lexer.AcceptWord("status"u8)) return Ended(ref lexer, new(ServerlessSubject.Status));
        if (!lexer.AcceptWord("decisions"u8)) return new(ServerlessSubject.Status, "SHOW SERVERLESS is followed by SESSIONS, STATUS or DECISIONS");
        if (!lexer.AcceptWord("limit"u8)) return Ended(ref lexer, new(ServerlessSubject.Decisions));
        var limit = 0;
        return lexer.Next() && lexer.Kind == SqlTokenKind.Number && int.TryParse(lexer.Text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MostDecisions
            ? Ended(ref lexer, new(ServerlessSubject.Decisions) { Limit = limit })
            : new(ServerlessSubject.Decisions, $"LIMIT is followed by a number from 1 to {MostDecisions}");
    }

    private static ServerlessStatement ReadCommand(ref SqlLexer lexer)
    {
        if (lexer.AcceptWord("suspend"u8)) return Ended(ref lexer, Tells(OperatorCommand.Suspend));
        if (lexer.AcceptWord("pause"u8)) return Ended(ref lexer, Tells(OperatorCommand.Pause));
        if (lexer.AcceptWord("unpause"u8)) return Ended(ref lexer, Tells(OperatorCommand.Unpause));
        if (lexer.AcceptWord("resume"u8)) return lexer.AcceptWord("at"u8) ? ReadSize(ref lexer, Tells(OperatorCommand.Resume)) : Ended(ref lexer, Tells(OperatorCommand.Resume));
        if (lexer.AcceptWord("resize"u8) && lexer.AcceptWord("to"u8)) return ReadSize(ref lexer, Tells(OperatorCommand.Resize));
        return new(ServerlessSubject.Command, "SERVERLESS is followed by SUSPEND, RESUME, RESUME AT 2cu, RESIZE TO 2cu, PAUSE or UNPAUSE");
    }

    private static ServerlessStatement Tells(OperatorCommand command) => new(ServerlessSubject.Command) { Command = command };

    /// <summary>`2cu`, `0.5 cu`, or a bare number of units.</summary>
    private static ServerlessStatement ReadSize(ref SqlLexer lexer, ServerlessStatement statement)
    {
        var size = lexer.Next() ? Encoding.UTF8.GetString(lexer.Text) : "";
        if (lexer.AcceptWord("cu"u8)) size += "cu";
        return Ended(ref lexer, statement with { Size = size });
    }

    private static ServerlessStatement Ended(ref SqlLexer lexer, ServerlessStatement statement)
    {
        lexer.Accept((byte)';');
        return lexer.Next() ? statement with { Wrong = $"expected the end of the statement, found `{Encoding.UTF8.GetString(lexer.Text[..Math.Min(lexer.Length, 64)])}`" } : statement;
    }
}
