namespace Serverless.Host.Gateway.State;

/// <summary>What a local answer needs to know of the connection besides its state.</summary>
/// <param name="ConnectionId">The id that the client was given.</param>
/// <param name="User">`USER()`: the name and host of the client, or null when not known as a server would say it.</param>
/// <param name="CurrentUser">`CURRENT_USER()`: the account that was authenticated, or null when not known.</param>
public readonly record struct LocalContext(uint ConnectionId, string? User, string? CurrentUser);

/// <summary>
/// Answers statements without a compute, where the answer is known to be what the server would say. Only for a session that holds no backend
/// connection. A SET that is answered is remembered in the session's state and made on the backend when the session gets one.
/// </summary>
public static class LocalAnswers
{
    /// <summary>False: the statement needs the compute.</summary>
    public static bool TryAnswer(
        ReadOnlySpan<byte> sql, in StatementInfo info, SessionState state, ServerCatalogue catalogue, in LocalContext context, out LocalAnswer? answer)
    {
        answer = null;
        if (info.Has(StatementTraits.MultiStatement | StatementTraits.Unterminated | StatementTraits.ExecutableComment)) return false;
        if (info.Kind is StatementKind.Commit or StatementKind.Rollback && !state.InTransaction && IsSingleWord(sql))
        {
            answer = LocalAnswer.Ok;
            return true;
        }
        return false;
    }

    private static bool IsSingleWord(ReadOnlySpan<byte> sql)
    {
        var text = sql.Trim(" \t\r\n;"u8);
        return text.IndexOfAny(" \t\r\n"u8) < 0;
    }
}
