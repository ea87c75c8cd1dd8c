using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Sessions;

namespace Serverless.Host.Gateway.Sharing;

internal enum RoomOutcome : byte
{
    Taken,

    /// <summary>The database may have no more backend connections; the shard is told when there is room.</summary>
    LimitReached,

    /// <summary>The process has no file descriptor left; nobody tells when there is one.</summary>
    NoDescriptor,
}

/// <summary>
/// Room for the backend connections of one database: no more than its limit, nor than the process has file descriptors for. Safe from any thread. Loops that
/// found none are told in turn.
/// </summary>
/// <param name="limit">Most backend connections, those that are idle in the pool included.</param>
internal sealed class BackendRoom(DescriptorBudget descriptors, int limit)
{
    private readonly Lock _gate = new();
    private readonly Queue<DatabaseShard> _waiting = new();
    private int _count;

    public int Limit => limit;

    public int Count => Volatile.Read(ref _count);

    public bool IsFull => Count >= limit;

    public RoomOutcome TryTake(DatabaseShard shard)
    {
        // Whoever takes it out of the line tells it, so the lock is not needed to see that it need not go there again.
        if (shard.WaitsForRoom && IsFull) return RoomOutcome.LimitReached;
        lock (_gate)
        {
            if (_count >= limit)
            {
                if (!shard.WaitsForRoom) _waiting.Enqueue(shard);
                shard.WaitsForRoom = true;
                return RoomOutcome.LimitReached;
            }
            if (!descriptors.TryTakeBackend()) return RoomOutcome.NoDescriptor;
            _count++;
            shard.Backends++;
            return RoomOutcome.Taken;
        }
    }

    public void Return(DatabaseShard shard)
    {
        DatabaseShard? next;
        lock (_gate)
        {
            _count--;
            shard.Backends--;
            next = Next();
        }
        descriptors.ReturnBackend();
        Tell(next);
    }

    /// <summary>A loop that was told of room has no use for it (any more): the next one is told, as long as there is room.</summary>
    public void PassOn()
    {
        DatabaseShard? next = null;
        lock (_gate)
        {
            if (_count < limit) next = Next();
        }
        Tell(next);
    }

    private DatabaseShard? Next()
    {
        if (!_waiting.TryDequeue(out var next)) return null;
        next.WaitsForRoom = false;
        return next;
    }

    private static void Tell(DatabaseShard? shard) => shard?.Loop.Post(static state => ((DatabaseShard)state!).OnRoom(), shard);

    /// <summary>Another loop waits for room, and its sessions' turn comes before that of this one's.</summary>
    /// <param name="anyOther">This loop's own sessions wait for none. Otherwise it owes room only to a loop that has fewer connections.</param>
    public bool IsOwedBy(DatabaseShard shard, bool anyOther)
    {
        if (!IsFull) return false;
        lock (_gate)
        {
            foreach (var other in _waiting)
            {
                if (other != shard && (anyOther || other.Backends < shard.Backends)) return true;
            }
            return false;
        }
    }
}
