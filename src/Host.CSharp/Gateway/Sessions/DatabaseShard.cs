using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// The sessions of one database on one loop, and the line of those that wait for a compute or for their turn to attach. Everything here,
/// the counters' readers excepted, is for the loop's thread only, so it needs no lock; other threads come in by <see cref="EventLoop.Post(Action)"/>.
/// </summary>
internal sealed partial class DatabaseShard
{
    private readonly HashSet<Session> _sessions = [];
    private readonly LinkedList<HeldStatement> _held = [];
    private readonly int _attachSlots;
    private readonly int _detachSlots;
    private LoopTimer? _holdTimer;
    private int _attaching;
    private int _detaching;
    private DrainProgress? _drain;

    /// <summary>Of the compute that this loop last saw behind the gate.</summary>
    private long _opening = -1;

    public DatabaseShard(GatewayDatabase database, EventLoop loop, int shards)
    {
        Database = database;
        Loop = loop;
        _attachSlots = Math.Max(1, database.Options.ConcurrentAttaches / shards);
        _detachSlots = Math.Max(1, database.Options.ConcurrentDetaches / shards);
        Pool = new BackendPool(this);
    }

    public GatewayDatabase Database { get; }

    public EventLoop Loop { get; }

    public ShardCounters Counters { get; } = new();

    public ForcedDetachCounters ForcedDetaches { get; } = new();

    public IReadOnlyCollection<Session> Sessions => _sessions;

    public void Add(Session session)
    {
        _sessions.Add(session);
        Counters.AddOpen(1);
    }

    public void Remove(Session session)
    {
        if (!_sessions.Remove(session)) return;
        Counters.AddOpen(-1);
        ReportDrained();
    }

    /// <summary>Puts a statement at the end of the line. It leaves by <see cref="Release"/>, by a refusal, by time, or by its session's own <see cref="Leave"/>.</summary>
    /// <param name="counted">It counts as running until now: then as held first, so that nobody sees it as neither.</param>
    public void Enter(HeldStatement held, bool counted)
    {
        _held.AddLast(held.Node);
        Counters.AddHeld(1);
        if (counted) Counters.AddRunning(-1);
        if (held.NeedsAttach) _heldForBackend++;
        if (_held.Count == 1) StartHoldTimer();
        // The line moves when the loop comes round: the session must first be waiting.
        if (Database.Gate.IsOpen && MayMove(held)) Loop.Post(held.NeedsAttach ? ReleaseSome : ReleaseAll, this);
    }

    /// <summary>Takes a statement out of the line; false when it had left it already.</summary>
    public bool Leave(HeldStatement held)
    {
        if (held.Node.List is null) return false;
        _held.Remove(held.Node);
        if (held.NeedsAttach) _heldForBackend--;
        Counters.AddHeld(-1);
        return true;
    }

    public void ReturnAttachSlot()
    {
        _attaching--;
        if (_held.Count > 0) Loop.Post(ReleaseSome, this);
    }

    public void BeginDetach() => _detaching++;

    public void EndDetach()
    {
        _detaching--;
        // Not from here: a detach that fails at once would begin the next, which fails at once, as deep as there are sessions.
        if (_drain is not null) Loop.Post(static shard => ((DatabaseShard)shard!).PumpDrain(), this);
        ReportDrained();
    }

    /// <summary>Something that a drain waits for has changed: a session gave its connection back, or ended what kept it.</summary>
    public void OnSessionEased() => ReportDrained();

    /// <summary>The gate moved; called by a post, once for each move.</summary>
    public void OnGateMoved()
    {
        var gate = Database.Gate;
        if (gate.Refusal is { } refusal) FailHeld(refusal);
        LeaveFormerCompute(gate);
        switch (gate.Phase)
        {
            case GatePhase.Open:
                _drain = null;
                Pool.CloseOutdated();
                Release(all: true);
                break;
            case GatePhase.Closed:
                _drain = null;
                Pool.CloseAll(politely: false);
                break;
        }
        if (!gate.IsOpen && _held.Count > 0) Database.SignalHeld();
    }

    /// <summary>
    /// One that is gone, or whose place another took. The gate may have moved more than once before the loop came to look: then the close in between is not seen, and a
    /// session would stay where nobody looks after the engine any more, though it may well answer.
    /// </summary>
    private void LeaveFormerCompute(Gate gate)
    {
        if (gate.LeadsTo(_opening)) return;
        _opening = gate.Backend is null ? -1 : gate.Opening;
        foreach (var session in _sessions.ToArray())
        {
            if (gate.Backend is not { } now) session.OnComputeGone(gate.Closed);
            else if (!gate.LeadsTo(session.Opening)) session.OnComputeGone($"another serves in its place, at {now}");
        }
    }

    /// <summary>What forbids a drain now, in words; null: nothing.</summary>
    public string? FindBlocker(DrainRequest request)
    {
        foreach (var session in _sessions)
        {
            if (session.DescribeBlock(request) is { } blocker) return blocker;
        }
        return null;
    }

    /// <summary>Begins to take connections back; <paramref name="drain"/> hears when none is left.</summary>
    public void BeginDrain(DrainProgress drain)
    {
        _drain = drain;
        Pool.CloseAll(politely: true);
        PumpDrain();
        ReportDrained();
    }

    /// <summary>A session found out that it cannot leave its connection: the drain ends.</summary>
    public void OnDrainBlocked(string reason)
    {
        if (_drain is { } drain && !drain.Request.ByOperator) drain.Refuse(reason);
    }

    public void FailHeld(string reason)
    {
        while (_held.First is { } first) Resolve(first.Value, HoldOutcome.Refused, reason);
    }

    private void Resolve(HeldStatement held, HoldOutcome outcome, string? reason)
    {
        if (Leave(held)) held.Resolve(outcome, reason);
    }

    private void PumpDrain()
    {
        if (_drain is not { } drain || Database.Gate.Phase != GatePhase.Draining) return;
        foreach (var session in _sessions)
        {
            if (_detaching >= _detachSlots) return;
            if (session.TryBeginDrain(drain.Request)) _detaching++;
        }
    }

    private void ReportDrained()
    {
        if (_drain is not { } drain || Counters.Attached > 0 || Database.Gate.Phase != GatePhase.Draining) return;
        _drain = null;
        drain.ShardDone();
    }

    private void StartHoldTimer()
    {
        _holdTimer ??= Loop.StartTimer(Database.Hold.Time, static shard => ((DatabaseShard)shard!).OnHoldTime(), this);
        _holdTimer.Restart(_held.First!.Value.TimeLeft(Database.Hold.Time));
    }

    /// <summary>All have the same time, so the first in line is the first whose time is over.</summary>
    private void OnHoldTime()
    {
        while (_held.First is { } first)
        {
            if (first.Value.TimeLeft(Database.Hold.Time) > TimeSpan.Zero)
            {
                StartHoldTimer();
                return;
            }
            Resolve(first.Value, HoldOutcome.TimedOut, reason: null);
        }
    }
}
