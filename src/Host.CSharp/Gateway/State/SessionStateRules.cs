using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>What each trait of a statement means for the session's state, before it runs and when it ended.</summary>
internal static class SessionStateRules
{
    public static void Starting(SessionState state, in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        if (info.Has(T.UserVariables)) state.UseUserVariables().NoteNames(sql, state.Dialect);
        if (info.Has(T.BeginsTransaction)) state.Note(StateFlags.BeganExplicitly);
    }

    public static void Ended(SessionState state, in StatementInfo info, bool succeeded)
    {
        // Of a batch, the statements before the one that failed have run.
        var ran = succeeded || info.Has(T.MultiStatement | T.RunsStoredCode);
        ref var pins = ref state.Pins;
        // These take effect in evaluation, also in a statement that fails afterwards.
        if (info.Has(T.TakesUserLock)) pins.Set(PinCauses.UserLock, on: true);
        if (info.Has(T.RunsStoredCode)) pins.Set(PinCauses.StoredCode, on: true);
        if (!state.InTransaction) state.Note(StateFlags.BeganExplicitly, on: false);
        if (!ran) return;
        if (info.Has(T.CreatesTemporaryTable)) pins.Set(PinCauses.TemporaryTable, on: true);
        if (info.Has(T.LocksTables)) pins.Set(PinCauses.TableLock, on: true);
        else if (info.Has(T.UnlocksTables)) pins.Set(PinCauses.TableLock | PinCauses.GlobalLock, on: false);
        if (info.Has(T.TakesGlobalLock)) pins.Set(PinCauses.GlobalLock, on: true);
        if (info.Has(T.OpensHandler)) pins.Set(PinCauses.OpenHandler, on: true);
        if (info.Has(T.Xa)) pins.Set(PinCauses.XaTransaction, on: true);
        if (info.Has(T.SqlPrepare)) pins.Set(PinCauses.SqlPreparedStatement, on: true);
        if (info.Has(T.SetsNextTransaction)) pins.Set(PinCauses.NextTransaction, on: true);
        if (info.Has(T.SetsOneShotVariable)) pins.Set(PinCauses.SessionVariable, on: true);
        if (info.Has(T.ReadsSequencePosition)) pins.Set(PinCauses.SequencePosition, on: true);
        if (info.Has(T.SetsRole)) state.Note(StateFlags.RoleChanged);
        if (info.Has(T.NotUnderstood)) pins.Set(PinCauses.NotUnderstood, on: true);
    }
}
