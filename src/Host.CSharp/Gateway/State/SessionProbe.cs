using System.Globalization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Asks the backend whether what pins a session by suspicion is really there: a user lock that was perhaps not got, or given back; stored code that
/// perhaps left nothing. To be called while the session is idle; what the client could still ask of its last statement is read first and kept.
/// </summary>
public static class SessionProbe
{
    private const PinCauses Doubtful = PinCauses.UserLock | PinCauses.StoredCode;

    /// <summary>Only suspicions pin this session, and asking could end them.</summary>
    public static bool IsWanted(SessionState state)
    {
        var causes = state.PinCauses;
        if (causes == PinCauses.None || (causes & ~Doubtful) != 0) return false;
        if ((causes & PinCauses.UserLock) != 0 && (!state.Has(StateFlags.UserLockDoubtful) || state.Held is not { } held || held.IsUnclear(PinCauses.UserLock)))
            return false;
        return (causes & PinCauses.StoredCode) == 0 || state.Has(StateFlags.StoredCodeDoubtful);
    }

    /// <summary>Afterwards <see cref="SessionState.Pin"/> is what is known now; the probe is not wanted again before the next statement.</summary>
    public static async ValueTask ProbeAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        var locks = (state.PinCauses & PinCauses.UserLock) != 0 ? state.Hold().Of(PinCauses.UserLock) : [];
        var storedCode = (state.PinCauses & PinCauses.StoredCode) != 0;
        var statements = new List<ReadOnlyMemory<byte>> { LastStatement.WarningsQuery, LocksQuery(locks, backend.ConnectionId) };
        if (storedCode)
        {
            statements.Add(SqlText.Of(CountersQuery));
            statements.Add(SqlText.Of(RoutinesQuery(catalogue.Family)));
        }
        var results = await backend.QueryAsync(statements, SessionCapture.AnswerLimit, cancellation);
        state.Note(StateFlags.UserLockDoubtful | StateFlags.StoredCodeDoubtful, on: false);
        if (results[0].Failed || BackendRow.Only(results[1], 1 + locks.Count) is not { } row || !BackendRow.TryNumber(row[0], out var foundRows)) return;
        LastStatement.Keep(state, catalogue, foundRows, results[0]);
        if (!SessionCapture.BeganUnseen(state, results[0]) && await SessionCapture.EndStrayTransactionAsync(results, backend, cancellation) is not null) return;
        for (var i = 0; i < locks.Count; i++)
        {
            if (row[1 + i] is not { } held || !held.AsSpan().SequenceEqual("1"u8)) state.Hold().Drop(PinCauses.UserLock, locks[i]);
        }
        if (locks.Count > 0) state.Pins.Set(PinCauses.UserLock, state.Hold().Any(PinCauses.UserLock));
        if (storedCode && LeftNothing(state.SqlPrepared, results[2], results[3])) state.Pins.Set(PinCauses.StoredCode, on: false);
    }

    /// <summary>IS_USED_LOCK() gives the connection's true number, whatever CONNECTION_ID() was made to give.</summary>
    private static ReadOnlyMemory<byte> LocksQuery(IReadOnlyList<string> locks, uint connection)
    {
        var query = new SqlText().Add("SELECT FOUND_ROWS()");
        var mine = string.Create(CultureInfo.InvariantCulture, $"')={connection}");
        foreach (var name in locks) query.Add(",IS_USED_LOCK('").Add(name).Add(mine);
        return query.Add(" LIMIT 1").Bytes;
    }

    /// <summary>The session's own counters count what stored code did, too. A counter of MariaDB's is missing on MySQL, where the definitions tell.</summary>
    private const string CountersQuery =
        "SHOW SESSION STATUS WHERE Variable_name IN ('Com_create_temporary_table','Com_dealloc_sql','Com_ha_open','Com_lock_tables','Com_prepare_sql',"
        + "'Com_xa_start')";

    /// <summary>
    /// Routines that may take user locks (or on MySQL make temporary tables), or whose definition this account may not see. Triggers run with tables,
    /// without CALL, and are not meant here.
    /// </summary>
    private static string RoutinesQuery(ServerFamily family) =>
        "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN ('sys','mysql') AND (ROUTINE_DEFINITION IS NULL"
        + " OR LOWER(ROUTINE_DEFINITION) LIKE '%get_lock%' OR LOWER(ROUTINE_DEFINITION) LIKE '%service_get_%'"
        + (family == ServerFamily.MySql ? " OR LOWER(ROUTINE_DEFINITION) LIKE '%temporary%'" : "") + ") LIMIT 1";

    private static bool LeftNothing(SqlPreparedStatements? prepared, BackendResult counters, BackendResult routines)
    {
        // Fewer rows than MySQL has of these: a session's sql_select_limit cut them off.
        if (counters.Failed || counters.Rows.Count < 5 || counters.Columns.Count < 2) return false;
        foreach (var row in counters.Rows)
        {
            // PREPAREs beyond those that the client sent, or that restored the session, were stored code's.
            var expected = row[0].AsSpan().SequenceEqual("Com_prepare_sql"u8) ? prepared?.Prepares ?? 0
                : row[0].AsSpan().SequenceEqual("Com_dealloc_sql"u8) ? prepared?.Deallocates ?? 0 : 0;
            if (expected < 0 || !BackendRow.TryNumber(row[1], out var count) || count != (ulong)expected) return false;
        }
        return BackendRow.Only(routines) is { } only && BackendRow.TryNumber(only[0], out var suspicious) && suspicious == 0;
    }
}
