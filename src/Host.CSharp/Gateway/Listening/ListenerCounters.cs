namespace Serverless.Host.Gateway.Listening;

/// <summary>What a listener has seen since it started. Safe from any thread; each figure by itself is exact.</summary>
public sealed class ListenerCounters
{
    private int _open;
    private long _accepted;
    private long _overLimit;
    private long _loginsFailed;
    private long _sessions;

    /// <summary>Connections there are now, those still logging in included.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections that came.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Of these, refused because there were too many.</summary>
    public long OverLimit => Interlocked.Read(ref _overLimit);

    /// <summary>Of these, ended without a login: refused, given up, or nonsense.</summary>
    public long LoginsFailed => Interlocked.Read(ref _loginsFailed);

    /// <summary>Of these, logged in.</summary>
    public long Sessions => Interlocked.Read(ref _sessions);

    internal bool TryOpen(int limit)
    {
        if (Interlocked.Increment(ref _open) <= limit) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    internal void Close() => Interlocked.Decrement(ref _open);

    internal void CountAccepted() => Interlocked.Increment(ref _accepted);

    internal void CountOverLimit() => Interlocked.Increment(ref _overLimit);

    internal void CountLoginFailed() => Interlocked.Increment(ref _loginsFailed);

    internal void CountSession() => Interlocked.Increment(ref _sessions);
}
