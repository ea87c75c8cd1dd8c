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

/// <summary>One session's statement in the line. For its loop's thread only.</summary>
/// <param name="session">Whose it is.</param>
/// <param name="since">Timestamp of when it began to wait.</param>
internal sealed class HeldStatement(TimeProvider time, long since, Session session, bool needsAttach)
{
    private readonly TaskCompletionSource<HoldOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its place in the line; null when it is not in it.</summary>
    public LinkedListNode<HeldStatement>? Node { get; set; }

    public Session Session { get; } = session;

    /// <summary>The session has no backend connection.</summary>
    public bool NeedsAttach { get; } = needsAttach;

    /// <summary>Why it is refused.</summary>
    public string? Reason { get; private set; }

    public Task<HoldOutcome> Done => _done.Task;

    public TimeSpan Waited => time.GetElapsedTime(since);

    public TimeSpan TimeLeft(TimeSpan limit) => limit - Waited;

    public void Resolve(HoldOutcome outcome, string? reason)
    {
        Reason = reason;
        _done.TrySetResult(outcome);
    }
}
