using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Follows what pins by name. What a statement takes counts from its start, and is taken back when it failed; what it gives up counts when it ended well.
/// </summary>
internal static class HeldNameRules
{
    public static void Starting(SessionState state, in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        var single = !info.Has(T.MultiStatement);
        if (info.Has(T.CreatesTemporaryTable))
        {
            var names = StatementNames.CreatedTemporaryTables(sql, state.Schema, state.Dialect);
            if (names.Count == 0) Take(state, PinCauses.TemporaryTable, null);
            foreach (var name in names) Take(state, PinCauses.TemporaryTable, name);
        }
        if (info.Has(T.TouchesTables) && state.Pins.Has(PinCauses.TemporaryTable))
        {
            var dropped = single ? StatementNames.DroppedTables(sql, state.Schema, state.Dialect) : null;
            // ALTER and RENAME may give a temporary table another name.
            if (dropped is null) state.Hold().Blur(PinCauses.TemporaryTable);
            else foreach (var name in dropped) state.Hold().Leave(PinCauses.TemporaryTable, name);
        }
        if (info.Has(T.OpensHandler)) Take(state, PinCauses.OpenHandler, single ? StatementNames.Handler(sql, state.Dialect) : null);
        if (info.Has(T.ClosesHandler) && single) Give(state, PinCauses.OpenHandler, StatementNames.Handler(sql, state.Dialect));
        if (info.Has(T.SqlPrepare | T.SqlDeallocate)) SqlPrepareRules.Starting(state, info, sql);
        if (info.Has(T.TakesUserLock))
        {
            var names = StatementNames.UserLocks(sql, state.Dialect);
            if (names.Count == 0) Take(state, PinCauses.UserLock, null);
            foreach (var name in names) Take(state, PinCauses.UserLock, name);
        }
    }

    public static void Ended(SessionState state, in StatementInfo info, bool ran, ushort error)
    {
        // A temporary table of this name is there: this session's, by whatever statement.
        if (error == Mysql.ErrorCode.TableExists && info.Has(T.CreatesTemporaryTable) && !info.Has(T.MultiStatement)) ran = true;
        // A lock is taken while the statement is evaluated, also when it fails afterwards.
        if (info.Has(T.TakesUserLock | T.ReleasesUserLock)) state.Note(StateFlags.UserLockDoubtful);
        SqlPrepareRules.Ended(state, ran);
        if (state.Held is not { } held) return;
        held.Settle(ran || info.Has(T.TakesUserLock));
        if (ran && info.Has(T.ReleasesAllUserLocks) && !info.Has(T.MultiStatement | T.TakesUserLock)) held.RemoveAll(PinCauses.UserLock);
        foreach (var kind in HeldNames.Kinds) state.Pins.Set(kind, held.Any(kind));
    }

    private static void Take(SessionState state, PinCauses kind, string? name)
    {
        state.Pins.Set(kind, on: true);
        state.Hold().Take(kind, name);
    }

    private static void Give(SessionState state, PinCauses kind, string? name)
    {
        if (name is not null) state.Held?.Leave(kind, name);
    }
}
