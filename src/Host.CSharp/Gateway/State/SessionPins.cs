using System.Globalization;

namespace Serverless.Host.Gateway.State;

/// <summary>What pins a session, with the words to say it. Allocates nothing until something does.</summary>
internal struct SessionPins
{
    private Dictionary<PinCauses, string>? _words;

    public PinCauses Causes { get; private set; }

    public readonly bool Any => Causes != PinCauses.None;

    public void Set(PinCauses cause, bool on)
    {
        if (on)
        {
            Causes |= cause;
            return;
        }
        Causes &= ~cause;
        _words?.Remove(cause);
    }

    public void Set(PinCauses cause, string words)
    {
        Causes |= cause;
        (_words ??= [])[cause] = words;
    }

    public readonly bool Has(PinCauses cause) => (Causes & cause) != 0;

    public readonly PinReason? Reason(SessionState state)
    {
        if (state.InTransaction) return new PinReason(PinCauses.OpenTransaction, TransactionWords(state.Autocommit, state.Has(StateFlags.BeganExplicitly)));
        var causes = state.PinCauses;
        if (causes == PinCauses.None) return null;
        var first = (PinCauses)((uint)causes & (~(uint)causes + 1));
        var words = _words is not null && _words.TryGetValue(first, out var own) ? own : Words(first);
        if (!Has(first)) words += " before the schema, sql_mode or character set changed";
        return new PinReason(first, WithNames(words, state.Held?.Of(first)));
    }

    private static string WithNames(string words, IReadOnlyList<string>? names) => names switch
    {
        null or { Count: 0 } => words,
        { Count: <= 3 } => words + " " + string.Join(", ", names),
        _ => words + " " + string.Join(", ", names.Take(3)) + string.Create(CultureInfo.InvariantCulture, $" and {names.Count - 3} more"),
    };

    private static string TransactionWords(bool autocommit, bool beganExplicitly) => (autocommit, beganExplicitly) switch
    {
        (_, true) => "open transaction",
        (false, false) => "open transaction: autocommit is off, and a statement began it (a bare SELECT does) that no COMMIT or ROLLBACK ended",
        (true, false) => "open transaction (begun by a stored procedure or a batch)",
    };

    private static string Words(PinCauses cause) => cause switch
    {
        PinCauses.TemporaryTable => "temporary table",
        PinCauses.UserLock => "user-level lock (GET_LOCK)",
        PinCauses.TableLock => "LOCK TABLES",
        PinCauses.GlobalLock => "FLUSH TABLES WITH READ LOCK",
        PinCauses.BackupLock => "backup lock (LOCK INSTANCE, BACKUP STAGE)",
        PinCauses.OpenHandler => "open HANDLER",
        PinCauses.XaTransaction => "XA transaction",
        PinCauses.SqlPreparedStatement => "statement prepared by SQL PREPARE",
        PinCauses.OpenCursor => "open cursor",
        PinCauses.NextTransaction => "characteristics set for the next transaction (SET TRANSACTION)",
        PinCauses.SequencePosition => "uses the session's last sequence value (LASTVAL)",
        PinCauses.UserVariables => "user variables that cannot be restored",
        PinCauses.SessionVariable => "session variable that cannot be restored",
        PinCauses.StoredCode => "stored code ran, which may have left state that cannot be seen",
        PinCauses.StatusCounters => "status counters that FLUSH STATUS has set to zero",
        PinCauses.Recordings => "records that the server keeps of its statements (SET profiling, SET optimizer_trace)",
        PinCauses.Role => "role that cannot be restored",
        _ => "a statement that the gateway does not understand",
    };
}
