namespace Serverless.Host.Gateway.State;

/// <summary>What a local answer needs to know of the connection besides its state.</summary>
/// <param name="ConnectionId">The id that the client was given.</param>
/// <param name="User">`USER()`: the name and address of the client; answered with it only where the server resolves no host names. Null: not known.</param>
/// <param name="CurrentUser">`CURRENT_USER()`: the account that was authenticated, or null when not known.</param>
/// <param name="Attached">The session has a backend connection. Then only what that could not answer is answered: the client's connection id, and what was
/// read before (<see cref="SessionState.AnswersLastStatement"/>).</param>
public readonly record struct LocalContext(uint ConnectionId, string? User, string? CurrentUser, bool Attached = false);

/// <summary>
/// Answers statements without a compute, where the answer is known to be what the server would say. A SET that is answered is remembered in the
/// session's state and made on the backend when the session gets one. Longer texts than a kilobyte are not looked at.
/// </summary>
public static class LocalAnswers
{
    internal const int LongestText = 1024;

    private const StatementTraits NeverAnswered =
        StatementTraits.MultiStatement | StatementTraits.Unterminated | StatementTraits.ExecutableComment | StatementTraits.NotUnderstood;

    /// <summary>False: the statement needs the compute.</summary>
    public static bool TryAnswer(
        ReadOnlySpan<byte> sql, in StatementInfo info, SessionState state, ServerCatalogue catalogue, in LocalContext context, out LocalAnswer? answer)
    {
        answer = null;
        if (sql.Length > LongestText || info.Has(NeverAnswered)) return false;
        switch (info.Kind)
        {
            case StatementKind.Select when HasRoom(state):
                var select = new LocalSelect(sql, state, catalogue, context);
                answer = select.Answer();
                if (answer is not null) LastStatementRules.AfterSelect(state, catalogue, ref answer, info);
                break;
            case StatementKind.Show:
                var show = new LocalShow(sql, state, catalogue);
                answer = show.Answer(context.Attached, HasRoom(state));
                if (answer is not null && !show.AsksLastStatement) LastStatementRules.AfterShow(state, answer.Rows.Count);
                break;
            case StatementKind.Set when !context.Attached:
                answer = new LocalSet(sql, state, catalogue).Answer();
                if (answer is not null) LastStatementRules.AfterOk(state, catalogue, isSet: true);
                break;
            case StatementKind.Commit or StatementKind.Rollback when !context.Attached && !state.InTransaction && IsPlainEnd(sql, state):
                answer = LocalAnswer.Ok;
                LastStatementRules.AfterOk(state, catalogue, isSet: false);
                break;
        }
        return answer is not null;
    }

    /// <summary>
    /// Whether the statement would be answered here if the session had no backend connection. Nothing is noted by the question, so that of a SET only its
    /// traits are looked at.
    /// </summary>
    public static bool WouldAnswer(ReadOnlySpan<byte> sql, in StatementInfo info, SessionState state, ServerCatalogue catalogue, in LocalContext context)
    {
        const StatementTraits settings = StatementTraits.SetsSessionVariables | StatementTraits.SetsNames;
        if (sql.Length > LongestText || info.Has(NeverAnswered)) return false;
        return info.Kind switch
        {
            StatementKind.Select => new LocalSelect(sql, state, catalogue, context).Answer() is not null,
            StatementKind.Show => new LocalShow(sql, state, catalogue).Answer(attached: false, hasRoom: true) is not null,
            StatementKind.Set => (info.Traits & ~settings) == 0,
            StatementKind.Commit or StatementKind.Rollback => !state.InTransaction && IsPlainEnd(sql, state),
            _ => false,
        };
    }

    /// <summary>How text columns of results are defined for this session now.</summary>
    internal static LocalColumns Columns(SessionState state, ServerCatalogue catalogue)
    {
        var variables = new LocalVariables(state, catalogue);
        var set = variables.ResultsCharacterSet;
        return new LocalColumns(catalogue.Family, variables.ResultsCollation(), set is null ? 0 : SessionCharset.MaxLength(set), variables.IsUnconverted);
    }

    /// <summary>The session's sql_select_limit lets so many rows through.</summary>
    internal static bool HasRoom(SessionState state, int rows = 1) =>
        state.Variables?.TryGet("sql_select_limit", out var limit) != true || (BackendRow.TryNumber(limit.Text, out var most) && most >= (ulong)rows);

    /// <summary>COMMIT or ROLLBACK, with WORK or without, where nothing chains or releases.</summary>
    private static bool IsPlainEnd(ReadOnlySpan<byte> sql, SessionState state)
    {
        if (state.Variables?.TryGet("completion_type", out _) == true) return false;
        var lexer = new SqlLexer(sql, state.Dialect);
        if (!lexer.Next()) return false;
        lexer.AcceptWord("work"u8);
        lexer.Accept((byte)';');
        return !lexer.Next();
    }
}
