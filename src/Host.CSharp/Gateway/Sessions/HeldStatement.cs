using System.Threading.Tasks.Sources;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

internal enum HoldOutcome : byte
{
    /// <summary>The gate is open, and the session has a backend connection already.</summary>
    Go,

    /// <summary>The gate is open, and it is this session's turn to attach: it has a slot.</summary>
    GoAttach,

    /// <summary>It gets an error.</summary>
    Refused,

    TimedOut,

    /// <summary>The session has something else to do first (give its backend connection back), and comes again.</summary>
    Interrupted,

    ClientGone,
}

/// <summary>
/// A session's place in the line, and its wait there. One object serves all waits of a session, one after the other, so that a statement that must wait for its turn
/// allocates nothing. For its loop's thread only.
/// </summary>
internal sealed class HeldStatement : IValueTaskSource<HoldOutcome>
{
    private readonly EventLoop _loop;
    private readonly TimeProvider _time;
    private long _since;
    private short _wait;
    private HoldOutcome? _outcome;
    private Action<object?>? _continuation;
    private object? _state;

    public HeldStatement(Session session, EventLoop loop, TimeProvider time)
    {
        Session = session;
        Node = new(this);
        (_loop, _time) = (loop, time);
    }

    public Session Session { get; }

    /// <summary>Its place in the line, when it is in it.</summary>
    public LinkedListNode<HeldStatement> Node { get; }

    /// <summary>The session has no backend connection.</summary>
    public bool NeedsAttach { get; private set; }

    /// <summary>Why it is refused.</summary>
    public string? Reason { get; private set; }

    /// <summary>To be awaited once for each <see cref="Begin"/>.</summary>
    public ValueTask<HoldOutcome> Done => new(this, _wait);

    public TimeSpan Waited => _time.GetElapsedTime(_since);

    /// <summary>Another statement of the session waits; the one before has left.</summary>
    /// <param name="since">Timestamp of when it began to wait.</param>
    public void Begin(long since, bool needsAttach)
    {
        (_since, NeedsAttach) = (since, needsAttach);
        (_outcome, Reason) = (null, null);
        _wait++;
    }

    public TimeSpan TimeLeft(TimeSpan limit) => limit - Waited;

    /// <summary>Ends the wait; when it has ended already, nothing.</summary>
    /// <param name="atOnce">What awaits it goes on within this call.</param>
    public void Resolve(HoldOutcome outcome, string? reason, bool atOnce = false)
    {
        if (_outcome is not null) return;
        (_outcome, Reason) = (outcome, reason);
        if (_continuation is not { } continuation) return;
        var state = _state;
        (_continuation, _state) = (null, null);
        if (atOnce) continuation(state);
        else _loop.Post(continuation, state);
    }

    HoldOutcome IValueTaskSource<HoldOutcome>.GetResult(short token) =>
        token == _wait && _outcome is { } outcome ? outcome : throw new InvalidOperationException("This wait has not ended, or is over.");

    ValueTaskSourceStatus IValueTaskSource<HoldOutcome>.GetStatus(short token) =>
        _outcome is null ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

    void IValueTaskSource<HoldOutcome>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (_outcome is null) (_continuation, _state) = (continuation, state);
        else _loop.Post(continuation, state);
    }
}
