namespace Serverless.Host.Gateway.State;

/// <summary>Reads back, before a session leaves its backend connection, what must survive and is not known from what the relay saw.</summary>
public static class SessionCapture
{
    internal const int AnswerLimit = 4 << 20;

    /// <summary>
    /// Fills <paramref name="state"/> so that <see cref="SessionRestore"/> can make it again. The backend is left as it was, so that a session whose
    /// detaching is called off goes on with it. One round trip, a second one when there are user variables.
    /// Throws what <paramref name="backend"/> throws when the connection breaks.
    /// </summary>
    public static async ValueTask<CaptureResult> CaptureAsync(
        SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        if (SessionProbe.IsWanted(state)) await SessionProbe.ProbeAsync(state, catalogue, backend, cancellation);
        if (state.Pin is { } pin) return new CaptureResult(pin);

        var reading = new CaptureReading(state, catalogue);
        var results = await backend.QueryAsync(reading.Statements, AnswerLimit, cancellation);
        if (reading.Take(results) is { } unreadable) return new CaptureResult(unreadable);
        if (BeganUnseen(state, results[0])) return new CaptureResult(state.Pin);
        if (reading.UserVariableNames is { Count: > 0 } names)
        {
            if (UserVariableReading.Statements(names, reading.ClientCharacterSet, reading.ResultsCharacterSet, catalogue) is not { } statements)
                return new CaptureResult(new PinReason(PinCauses.UserVariables, "user variables whose names are not in ASCII, with a client character set that is not UTF-8"));
            results = await backend.QueryAsync(statements, AnswerLimit, cancellation);
            if (UserVariableReading.Take(state, names, results, catalogue) is { } lost) return new CaptureResult(lost);
        }
        else
        {
            state.ForgetUserVariables();
        }
        return new CaptureResult(await EndStrayTransactionAsync(results, backend, cancellation));
    }

    /// <summary>
    /// An error says nothing of the transaction that its statement began, where autocommit is off. The answer to SHOW WARNINGS, which begins none, does.
    /// </summary>
    internal static bool BeganUnseen(SessionState state, BackendResult warnings)
    {
        if ((warnings.ServerStatus & ServerStatusFlags.InTransaction) == 0) return false;
        state.OnStatus(warnings.ServerStatus);
        return true;
    }

    /// <summary>
    /// Reading may itself have opened a transaction where autocommit is off; there was none before, so nothing is in it.
    /// </summary>
    internal static async ValueTask<PinReason?> EndStrayTransactionAsync(
        IReadOnlyList<BackendResult> results, IBackendQuery backend, CancellationToken cancellation)
    {
        if (!results.Any(r => (r.ServerStatus & ServerStatusFlags.InTransaction) != 0)) return null;
        var ended = await backend.QueryAsync([SqlText.Of("ROLLBACK")], AnswerLimit, cancellation);
        return ended[0].Failed ? new PinReason(PinCauses.OpenTransaction, "open transaction: " + ended[0].ErrorMessage) : null;
    }
}
