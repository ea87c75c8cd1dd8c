using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sharing;

/// <summary>
/// The backend connections of one database and one loop that no session has. They count as nobody's activity: a drain closes them, a compute that is gone takes
/// them with it. For the loop's thread only, its counters excepted.
/// </summary>
internal sealed class BackendPool(DatabaseShard shard)
{
    /// <summary>Keys that are remembered without a connection; sessions have their own at hand.</summary>
    private const int MostKeys = 4096;

    private readonly Dictionary<BackendKey, IdleBackends> _byKey = [];
    private readonly LinkedList<LentBackend> _oldestFirst = [];
    private LoopTimer? _timer;
    private int _count;

    /// <summary>From any thread.</summary>
    public int Count => Volatile.Read(ref _count);

    public IdleBackends Of(BackendKey key)
    {
        if (_byKey.TryGetValue(key, out var idle)) return idle;
        if (_byKey.Count >= MostKeys)
        {
            foreach (var unused in _byKey.Values.Where(one => one.Count == 0).ToArray()) _byKey.Remove(unused.Key);
        }
        return _byKey[key] = new IdleBackends(key);
    }

    /// <summary>The best of those that are alive, taken out; null: there is none.</summary>
    /// <param name="least">What it must need at most.</param>
    public LentBackend? Take(IdleBackends idle, in BackendWish wish, BackendFit least, out BackendFit fit)
    {
        while (idle.Find(wish) is { } found)
        {
            fit = wish.FitOf(found);
            if (fit < least) return null;
            if (IsAlive(found))
            {
                TakeOut(found);
                return found;
            }
            Close(found, politely: false);
        }
        fit = BackendFit.None;
        return null;
    }

    public void Put(LentBackend backend, IdleBackends idle, TimeSpan keepFor)
    {
        var now = shard.Database.Time.GetTimestamp();
        backend.PooledSince = now;
        backend.KeepUntil = now + (long)(keepFor.TotalSeconds * shard.Database.Time.TimestampFrequency);
        _oldestFirst.AddLast(backend.Node);
        backend.Pool = idle;
        backend.Keeper = this;
        idle.Add(backend);
        Volatile.Write(ref _count, _count + 1);
        backend.Channel.Transport.HangupObserver = backend;
        if (backend.Channel.Transport.IsPeerClosed)
        {
            Close(backend, politely: false);
            return;
        }
        StartTimer(backend);
    }

    /// <summary>Closes the one that has been idle for longest. False: there is none.</summary>
    public bool CloseOldest()
    {
        if (_oldestFirst.First is not { } first) return false;
        Close(first.Value, politely: true);
        return true;
    }

    public void CloseAll(bool politely)
    {
        while (_oldestFirst.First is { } first) Close(first.Value, politely);
    }

    /// <summary>Closes those that were logged in before the database's present era.</summary>
    public void CloseOutdated()
    {
        foreach (var backend in _oldestFirst.ToArray())
        {
            if (backend.Era != shard.Database.Era) Close(backend, politely: true);
        }
    }

    /// <param name="politely">The server is told; it would count a connection that is broken off.</param>
    public void Close(LentBackend backend, bool politely)
    {
        TakeOut(backend);
        shard.CloseBackend(backend, politely);
    }

    private void TakeOut(LentBackend backend)
    {
        if (backend.Node.List is null) return;
        _oldestFirst.Remove(backend.Node);
        backend.Pool!.Remove(backend);
        backend.Pool = null;
        backend.Keeper = null;
        backend.Channel.Transport.HangupObserver = null;
        Volatile.Write(ref _count, _count - 1);
    }

    /// <summary>
    /// An idle server says nothing: whatever is there to be received is its farewell, or has been received when this was asked before. Looked at here too, since it may
    /// have come after the loop was last told of anything.
    /// </summary>
    public static bool IsAlive(LentBackend backend)
    {
        try
        {
            return backend.Channel.Buffered.IsEmpty && !backend.Channel.Transport.IsPeerClosed && backend.Channel.TryFill() == FillResult.WouldBlock;
        }
        catch (ConnectionLostException)
        {
            return false;
        }
    }

    private void StartTimer(LentBackend backend)
    {
        if (_timer is { IsPending: true } && Earliest <= backend.KeepUntil) return;
        Earliest = backend.KeepUntil;
        var left = TimeLeft(backend);
        if (_timer is null) _timer = shard.Loop.StartTimer(left, static pool => ((BackendPool)pool!).OnTime(), this);
        else _timer.Restart(left);
    }

    private long Earliest { get; set; } = long.MaxValue;

    private TimeSpan TimeLeft(LentBackend backend) => shard.Database.Time.GetElapsedTime(shard.Database.Time.GetTimestamp(), backend.KeepUntil);

    private void OnTime()
    {
        var now = shard.Database.Time.GetTimestamp();
        Earliest = long.MaxValue;
        LentBackend? next = null;
        foreach (var backend in _oldestFirst.ToArray())
        {
            if (backend.KeepUntil <= now) Close(backend, politely: true);
            else if (next is null || backend.KeepUntil < next.KeepUntil) next = backend;
        }
        if (next is not null) StartTimer(next);
    }
}
