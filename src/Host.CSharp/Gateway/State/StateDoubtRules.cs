using Serverless.Host.Mysql;
using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// What a statement that ended leaves in doubt. Only where the statement's kind and its answer say for certain what it did is something known; tested against
/// both servers. Stored functions and triggers, which a statement may run unseen, are their caller's matter.
/// </summary>
internal static class StateDoubtRules
{
    /// <summary>Statements with these may change what a restore makes.</summary>
    private const T ChangeSettings =
        T.AssignsUserVariables | T.SetsSessionVariables | T.SetsGlobalVariables | T.SetsNames | T.SetsNextTransaction | T.SetsRole | T.ChangesSchema
        | T.SqlPrepare | T.SqlExecute | T.SqlDeallocate | T.RunsStoredCode | T.NamesTrackers | T.SetStatement | T.SetsOneShotVariable | T.ExecutableComment
        | T.Unterminated | T.NotUnderstood | T.MultiStatement;

    public static void Ended(SessionState state, in StatementInfo info, in StatementOutcome outcome)
    {
        if (!outcome.Succeeded || info.Has(T.MultiStatement))
        {
            state.Doubt(StateDoubts.LastStatement | StateDoubts.LastInsertId | (info.Has(ChangeSettings) || !IsPlain(info.Kind) ? StateDoubts.Settings : StateDoubts.None));
            return;
        }
        if (info.Has(ChangeSettings) || !IsPlain(info.Kind)) state.Doubt(StateDoubts.Settings);
        // INSERT … RETURNING, and a bulk execute that answers with its ids, have no OK that would tell the id.
        var tellsNoId = outcome.ResultSet && info.Kind is (StatementKind.Insert or StatementKind.Replace);
        if (outcome.InsertId != 0 || tellsNoId || info.Has(T.SetsLastInsertId) || !KeepsLastInsertId(info.Kind)) state.Doubt(StateDoubts.LastInsertId);
        FoundRows(state, info, outcome);
        Warnings(state, info, outcome);
    }

    /// <summary>Beyond what its traits say it leaves nothing in the session.</summary>
    private static bool IsPlain(StatementKind kind) =>
        kind is StatementKind.Select or StatementKind.Insert or StatementKind.Replace or StatementKind.Update or StatementKind.Delete or StatementKind.Begin
            or StatementKind.Commit or StatementKind.Rollback or StatementKind.Savepoint or StatementKind.Show or StatementKind.Describe;

    private static bool KeepsLastInsertId(StatementKind kind) => IsPlain(kind) || kind is StatementKind.Use or StatementKind.Set;

    private static void FoundRows(SessionState state, in StatementInfo info, in StatementOutcome outcome)
    {
        switch (info.Kind)
        {
            case StatementKind.Select when outcome.ResultSet && !info.Has(T.CalculatesFoundRows | T.SkipsRows)
                && (outcome.ServerStatus & (ServerStatusFlags.CursorExists | ServerStatusFlags.LastRowSent)) == 0:
                state.KnowFoundRows(outcome.Rows);
                break;
            // These leave what the statement before found.
            case StatementKind.Begin or StatementKind.Commit or StatementKind.Rollback or StatementKind.Savepoint or StatementKind.Use:
                break;
            default:
                state.Doubt(StateDoubts.FoundRows);
                break;
        }
    }

    /// <summary>MySQL's warnings end with every statement that is not itself about them; MariaDB keeps them over statements that use no table.</summary>
    private static void Warnings(SessionState state, in StatementInfo info, in StatementOutcome outcome)
    {
        if (outcome.Warnings != 0) state.Doubt(StateDoubts.Warnings);
        else if (state.Dialect.Family == ServerFamily.MySql && !info.Has(T.ReadsDiagnostics)) state.Settle(StateDoubts.Warnings);
    }
}
