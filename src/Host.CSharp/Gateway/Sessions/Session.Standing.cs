using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>How the session stands towards a suspend: what a drain and the status ask about it.</summary>
internal sealed partial class Session
{
    private PinCauses _causes;
    private string? _standing;
    private bool _inTransaction;
    private long _standingSince;

    /// <summary>Timestamp of the end of the last command; 0 while one runs.</summary>
    private long _idleSince;

    /// <summary>What keeps the session on its backend connection, in words, or null; from any thread.</summary>
    public string? Standing => Volatile.Read(ref _standing);

    /// <summary>That is an open transaction; from any thread.</summary>
    public bool InTransaction => Volatile.Read(ref _inTransaction);

    /// <summary>How long no command has run; from any thread.</summary>
    public TimeSpan IdleTime => Volatile.Read(ref _idleSince) is not 0 and var since ? Database.Time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>When what keeps it began; from any thread.</summary>
    public DateTimeOffset StandingSince => Database.Time.GetUtcNow() - Database.Time.GetElapsedTime(Volatile.Read(ref _standingSince));

    /// <summary>What forbids to drain this session now, in words; null: nothing.</summary>
    public string? DescribeBlock(DrainRequest request)
    {
        // An operator's drain holds statements: it is not they that keep it from its end.
        if (_waits && !request.ByOperator) return Describe("a statement of it is held");
        // Without one, whatever the session is busy with (a client that does not read its answers, for one) needs no compute, and the gate lets it get none.
        if (_backend is null && _attaching is null) return null;
        if (_phase == SessionPhase.Busy) return Describe("a statement runs");
        if (_state.Pin is { } pin && !MayBreak(request)) return Describe(pin.Words);
        return IsKeptFrom(Database.Gate.Drain) ? Describe(_keptBecause!) : null;
    }

    /// <summary>Begins to take the connection back, if the session has one and can do without. False: nothing was begun.</summary>
    public bool TryBeginDrain(DrainRequest request)
    {
        if (_backend is null || _detaching || _phase == SessionPhase.Busy || IsKeptFrom(Database.Gate.Drain)) return false;
        var blocked = _state.PinCauses != PinCauses.None;
        if (blocked && !MayBreak(request)) return false;
        _breaks = blocked;
        _detaching = true;
        Signal(SessionSignals.Detach);
        return true;
    }

    /// <summary>The session as it stands; from any thread, so each part of it may be of another instant.</summary>
    public SessionReading Read()
    {
        var backend = BackendConnectionId;
        var since = Volatile.Read(ref _idleSince);
        var state = (_waits, backend, since) switch
        {
            (true, _, _) => "held",
            (_, not 0, 0) => "running",
            (_, not 0, _) => "idle",
            _ => "parked",
        };
        return new SessionReading(ConnectionId, _identity.User, _identity.EndPoint?.ToString(), _state.Schema, state, IdleTime, Standing, backend == 0 ? null : backend);
    }

    /// <summary>Timestamp of the end of the last command if the session could be asked for its connection now; otherwise the end of time.</summary>
    public long MayLeaveSince =>
        _backend is null || _phase != SessionPhase.Idle || _detaching || _asked || _state.PinCauses != PinCauses.None || _keptSince == _idleSince
            ? long.MaxValue : _idleSince;

    /// <summary>Others need the connection, or it has been idle for long: gives it back if nothing keeps it.</summary>
    public void AskToLeave()
    {
        _asked = true;
        Signal(SessionSignals.Detach);
    }

    /// <summary>Once these have ended nothing is left of them; of others the server's counters may tell.</summary>
    private const PinCauses LeaveNothing = PinCauses.OpenTransaction | PinCauses.OpenCursor | PinCauses.NextTransaction;

    private bool MayBreak(DrainRequest request)
    {
        if (_phase == SessionPhase.Busy) return false;
        return (_state.InTransaction ? request.BreakTransactionsIdle : request.BreakPinnedIdle) is { } limit && IdleTime >= limit;
    }

    private string Describe(string what) => $"connection {ConnectionId} ({AccountName}): {what}";

    /// <summary>To be called whenever the state's pins may have changed.</summary>
    private void UpdateStanding()
    {
        var causes = _state.PinCauses;
        if (causes == _causes) return;
        var counters = _shard.Counters;
        var (was, isNow) = ((_causes & PinCauses.OpenTransaction) != 0, (causes & PinCauses.OpenTransaction) != 0);
        if (was != isNow) counters.AddTransactions(isNow ? 1 : -1);
        var (wasPinned, isPinned) = (!was && _causes != PinCauses.None, !isNow && causes != PinCauses.None);
        if (wasPinned != isPinned) counters.AddPinned(isPinned ? 1 : -1);
        if (was != isNow || _causes == PinCauses.None) Volatile.Write(ref _standingSince, Database.Time.GetTimestamp());
        _causes = causes;
        if ((causes & ~LeaveNothing) != 0) _worn = true;
        Volatile.Write(ref _inTransaction, isNow);
        Volatile.Write(ref _standing, causes == PinCauses.None ? null : _state.Pin?.Words);
    }

    private void ForgetStanding()
    {
        if ((_causes & PinCauses.OpenTransaction) != 0) _shard.Counters.AddTransactions(-1);
        else if (_causes != PinCauses.None) _shard.Counters.AddPinned(-1);
        _causes = PinCauses.None;
        Volatile.Write(ref _standing, null);
    }
}
