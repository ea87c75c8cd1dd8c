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
    /// <param name="storedCodeMayRun">The server has stored functions or triggers, so a plain statement may have done what its text does not say.</param>
    public static async ValueTask<CaptureResult> CaptureAsync(
        SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation, bool storedCodeMayRun = true)
    {
        if (SessionProbe.IsWanted(state)) await SessionProbe.ProbeAsync(state, catalogue, backend, cancellation);
        if (state.Pin is { } pin) return new CaptureResult(pin);
        if (UnreportedVariables.AreToBeRead(state)) await UnreportedVariables.ReadAsync(state, catalogue, backend, cancellation);
        if (state.Has(StateFlags.VariablesUnclear) && await UnreportedVariables.FindAsync(state, catalogue, backend, cancellation) is { } unclear) return new CaptureResult(unclear);
        if (storedCodeMayRun) state.Doubt(StateDoubts.All);
        if (!state.Has(StateDoubts.Settings)) return await CaptureLastAsync(state, catalogue, backend, cancellation);

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
        return await EndAsync(state, results, backend, cancellation);
    }

    /// <summary>
    /// A session that has used its connection for nothing but reading and writing tables has left it as it was; only what the last statement leaves
    /// to be asked for can be in doubt, and mostly is not: then nothing is asked.
    /// </summary>
    private static async ValueTask<CaptureResult> CaptureLastAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        if (TrySettleLast(state)) return default;
        // Warnings first, as above.
        var results = await backend.QueryAsync([LastStatement.WarningsQuery, LastIdsQuery], AnswerLimit, cancellation);
        if (results[0].Failed || BackendRow.Only(results[1], columns: 2) is not { } row || !BackendRow.TryNumber(row[0], out var foundRows)
            || !BackendRow.TryNumber(row[1], out var lastInsertId))
        {
            return new CaptureResult(new PinReason(PinCauses.SessionVariable, "its state cannot be read back: the last statement's"));
        }
        if (BeganUnseen(state, results[0])) return new CaptureResult(state.Pin);
        state.LastInsertId = lastInsertId;
        LastStatement.Keep(state, catalogue, foundRows, results[0]);
        return await EndAsync(state, results, backend, cancellation);
    }

    /// <summary>Does what <see cref="CaptureAsync"/> does, where nothing need be asked of the backend. False: something must be.</summary>
    internal static bool TryWithoutAsking(SessionState state, bool storedCodeMayRun) =>
        !storedCodeMayRun && state.PinCauses == PinCauses.None && !UnreportedVariables.AreToBeRead(state) && !state.Has(StateFlags.VariablesUnclear)
        && !state.Has(StateDoubts.Settings) && TrySettleLast(state);

    private static bool TrySettleLast(SessionState state)
    {
        if (state.LastStatement is not null) state.Settle(StateDoubts.LastStatement);
        if (state.Doubts != StateDoubts.None) return false;
        state.LastStatement ??= new LastStatement(state.FoundRows, state.LastRowCount, [], 0);
        return true;
    }

    private static ReadOnlyMemory<byte> LastIdsQuery { get; } = SqlText.Of("SELECT FOUND_ROWS(),LAST_INSERT_ID() LIMIT 1");

    private static async ValueTask<CaptureResult> EndAsync(
        SessionState state, IReadOnlyList<BackendResult> results, IBackendQuery backend, CancellationToken cancellation)
    {
        var stray = await EndStrayTransactionAsync(results, backend, cancellation);
        if (stray is null)
        {
            state.Settle(StateDoubts.All);
            state.KnowFoundRows(state.LastStatement!.FoundRows);
        }
        return new CaptureResult(stray);
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
