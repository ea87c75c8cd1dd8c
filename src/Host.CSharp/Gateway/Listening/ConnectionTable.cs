using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Listening;

/// <summary>The gateway's client connections with their ids. Bounded; safe from any thread.</summary>
/// <param name="limit">Connections at most, of all listeners together.</param>
public sealed class ConnectionTable(int limit)
{
    private readonly Dictionary<uint, Entry> _connections = [];
    private readonly Lock _gate = new();
    // The engine counts its own connections from 1 with each start. Ids that are far from those let a KILL be understood: one of the gateway's,
    // or one that somebody read in the engine's process list.
    private uint _last = 1 << 28;

    public int Limit { get; } = limit;

    public int Count
    {
        get
        {
            lock (_gate) return _connections.Count;
        }
    }

    /// <summary>Gives the connection an id that no other has; false when there are too many.</summary>
    internal bool TryAdd(object owner, PacketChannel channel, out uint id)
    {
        lock (_gate)
        {
            id = 0;
            if (_connections.Count >= Limit) return false;
            // After four thousand million connections the count begins anew, and one of the first may still be there.
            do _last++;
            while (_last == 0 || _connections.ContainsKey(_last));
            id = _last;
            _connections.Add(id, new Entry(owner, channel));
            return true;
        }
    }

    internal void Remove(uint id)
    {
        lock (_gate) _connections.Remove(id);
    }

    /// <summary>Closes the owner's connections at once.</summary>
    internal void AbortAll(object owner)
    {
        PacketChannel[] channels;
        lock (_gate) channels = [.. _connections.Values.Where(entry => entry.Owner == owner).Select(entry => entry.Channel)];
        foreach (var channel in channels) channel.Transport.Abort();
    }

    private readonly record struct Entry(object Owner, PacketChannel Channel);
}
