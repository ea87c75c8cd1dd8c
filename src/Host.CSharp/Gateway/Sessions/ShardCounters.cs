namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// What the sessions of one loop do. Written by that loop only, so a plain write is enough; read by any thread. Times are in
/// timestamps of the <see cref="TimeProvider"/>.
/// </summary>
internal sealed class ShardCounters
{
    private int _open;
    private int _attached;
    private int _running;
    private int _held;
    private int _transactions;
    private int _pinned;
    private long _statements;
    private long _latency;
    private long _lastEnded;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Sessions that hold a backend connection, or are getting one.</summary>
    public int Attached => Volatile.Read(ref _attached);

    public int Running => Volatile.Read(ref _running);

    public int Held => Volatile.Read(ref _held);

    public int Transactions => Volatile.Read(ref _transactions);

    public int Pinned => Volatile.Read(ref _pinned);

    public long Statements => Volatile.Read(ref _statements);

    public long Latency => Volatile.Read(ref _latency);

    /// <summary>0: none yet.</summary>
    public long LastEnded => Volatile.Read(ref _lastEnded);

    public void AddOpen(int change) => Volatile.Write(ref _open, _open + change);

    public void AddAttached(int change) => Volatile.Write(ref _attached, _attached + change);

    public void AddRunning(int change) => Volatile.Write(ref _running, _running + change);

    public void AddHeld(int change) => Volatile.Write(ref _held, _held + change);

    public void AddTransactions(int change) => Volatile.Write(ref _transactions, _transactions + change);

    public void AddPinned(int change) => Volatile.Write(ref _pinned, _pinned + change);

    /// <param name="counts">The statement was one that would have woken the compute.</param>
    public void StatementEnded(long started, long now, bool counts)
    {
        Volatile.Write(ref _statements, _statements + 1);
        Volatile.Write(ref _latency, _latency + (now - started));
        // Before the count of the running goes down: whoever sees none running sees the end of the last one.
        if (counts) Volatile.Write(ref _lastEnded, now);
        Volatile.Write(ref _running, _running - 1);
    }
}
