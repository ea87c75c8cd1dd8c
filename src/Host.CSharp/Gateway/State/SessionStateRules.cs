using Serverless.Host.Mysql;
using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>What each trait of a statement means for the session's state, before it runs and when it ended.</summary>
internal static class SessionStateRules
{
    private const T NamedThings = T.CreatesTemporaryTable | T.TouchesTables | T.OpensHandler | T.ClosesHandler | T.SqlPrepare | T.SqlDeallocate | T.TakesUserLock;

    /// <summary>A statement that certainly uses tables, and so begins the transaction that SET TRANSACTION was for.</summary>
    private static bool BeginsTransactionItself(StatementKind kind) =>
        kind is StatementKind.Insert or StatementKind.Update or StatementKind.Delete or StatementKind.Replace or StatementKind.Load
            or StatementKind.Commit or StatementKind.Rollback;

    public static void Starting(SessionState state, in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        if (info.Has(T.UserVariables)) state.UseUserVariables().NoteNames(sql, state.Dialect);
        if (info.Has(T.BeginsTransaction)) state.Note(StateFlags.BeganExplicitly);
        if (info.Has(T.SetsSessionVariables) && SetsUntracked(state, sql)) state.Note(StateFlags.SetsUntracked);
        if (info.Has(T.SetsSessionVariables)) UnreportedVariables.Starting(state, sql);
        if (info.Has(T.NamesTrackers) && info.Has(T.SetsSessionVariables)) NoteUnreported(state, sql);
        if (info.Has(NamedThings)) HeldNameRules.Starting(state, info, sql);
    }

    public static void Ended(SessionState state, in StatementInfo info, in StatementOutcome outcome)
    {
        var succeeded = outcome.Succeeded;
        // Of a batch, the statements before the one that failed have run.
        var ran = succeeded || info.Has(T.MultiStatement | T.RunsStoredCode);
        HeldNameRules.Ended(state, info, ran, outcome.ErrorCode);
        UnreportedVariables.Ended(state, info, succeeded);
        Transaction(state, info, succeeded);
        ref var pins = ref state.Pins;
        if (info.Has(T.RunsStoredCode))
        {
            pins.Set(PinCauses.StoredCode, on: true);
            state.Note(StateFlags.StoredCodeRan | StateFlags.StoredCodeDoubtful);
        }
        if (state.Has(StateFlags.SetsUntracked))
        {
            state.Note(StateFlags.SetsUntracked, on: false);
            if (ran) pins.Set(PinCauses.SessionVariable, on: true);
        }
        if (ran) Ran(state, info, ref pins);
    }

    private static void Ran(SessionState state, in StatementInfo info, ref SessionPins pins)
    {
        var single = !info.Has(T.MultiStatement);
        if (info.Has(T.LocksTables)) pins.Set(PinCauses.TableLock, on: true);
        else if (single && info.Has(T.UnlocksTables)) pins.Set(PinCauses.TableLock | PinCauses.GlobalLock, on: false);
        else if (single && info.Has(T.BeginsTransaction)) pins.Set(PinCauses.TableLock, on: false);
        if (info.Has(T.TakesGlobalLock)) pins.Set(PinCauses.GlobalLock, on: true);
        if (info.Has(T.TakesBackupLock)) pins.Set(PinCauses.BackupLock, on: true);
        else if (single && info.Has(T.ReleasesBackupLock)) pins.Set(PinCauses.BackupLock, on: false);
        if (info.Has(T.BeginsXa)) pins.Set(PinCauses.XaTransaction, on: true);
        else if (single && info.Has(T.EndsXa)) pins.Set(PinCauses.XaTransaction, on: false);
        if (info.Has(T.SetsOneShotVariable)) pins.Set(PinCauses.SessionVariable, on: true);
        if (info.Has(T.RecordsStatements)) pins.Set(PinCauses.Recordings, on: true);
        if (info.Has(T.ResetsCounters)) state.HoldCounters();
        if (info.Has(T.ReadsSequencePosition)) pins.Set(PinCauses.SequencePosition, on: true);
        if (info.Has(T.SetsRole))
        {
            state.Note(StateFlags.RoleChanged);
            state.Role = null;
        }
        if (info.Has(T.NotUnderstood)) pins.Set(PinCauses.NotUnderstood, on: true);
    }

    private static void Transaction(SessionState state, in StatementInfo info, bool succeeded)
    {
        if (state.Has(StateFlags.NextTransactionSet) && (state.InTransaction || (succeeded && BeginsTransactionItself(info.Kind))))
        {
            state.Note(StateFlags.NextTransactionSet, on: false);
            state.Note(StateFlags.TransactionIsCharacterized);
            state.Pins.Set(PinCauses.NextTransaction, on: false);
        }
        if (state.InReadOnlyTransaction) state.Note(StateFlags.TransactionIsCharacterized);
        var handsOn = false;
        if (!state.InTransaction)
        {
            // SET autocommit = 1 commits, and the next transaction begins with the characteristics of this one (both servers).
            handsOn = state.Has(StateFlags.TransactionIsCharacterized) && info.Has(T.SetsSessionVariables);
            state.Note(StateFlags.BeganExplicitly | StateFlags.TransactionIsCharacterized, on: false);
        }
        if (handsOn || (succeeded && info.Has(T.SetsNextTransaction)))
        {
            state.Note(StateFlags.NextTransactionSet);
            state.Pins.Set(PinCauses.NextTransaction, on: true);
        }
    }

    /// <summary>Under the client's own tracker setting other variables of the same SET go unreported; they will be read back.</summary>
    private static void NoteUnreported(SessionState state, ReadOnlySpan<byte> sql)
    {
        foreach (var name in StatementNames.SetVariables(sql, state.Dialect))
        {
            if (name is not null && !name.StartsWith("session_track_", StringComparison.Ordinal)) state.ChangeVariables().Note(name);
        }
    }

    /// <summary>MySQL's trackers are on for the variables that are known by name; a SET of another would go unnoticed.</summary>
    private static bool SetsUntracked(SessionState state, ReadOnlySpan<byte> sql)
    {
        if (state.Dialect.Family == ServerFamily.MariaDb) return false;
        if (sql.IsEmpty) return true;
        foreach (var name in StatementNames.SetVariables(sql, state.Dialect))
        {
            if (name is null || (!MySqlSessionVariables.Names.Contains(name) && !name.StartsWith("session_track_", StringComparison.Ordinal))) return true;
        }
        return false;
    }
}
