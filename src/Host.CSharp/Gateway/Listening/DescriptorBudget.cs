namespace Serverless.Host.Gateway.Listening;

/// <summary>
/// Shares out the process's file descriptors, so that clients, however many come, leave the rest of it (engines, rule files, audit log, admin address) what
/// it needs, and leave each other backend connections. Safe from any thread.
/// </summary>
public sealed class DescriptorBudget
{
    /// <summary>
    /// Descriptors of the process itself: .NET keeps two for each assembly it has loaded, which with the admin address in use makes some 220.
    /// </summary>
    private const int OfProcess = 320;

    /// <summary>And with each database: its engine, rule folder, state and audit log.</summary>
    private const int OfDatabase = 12;

    /// <summary>What the admin address takes at most.</summary>
    private const int OfAdmin = 200;

    /// <summary>With less it makes no sense to begin.</summary>
    private const int FewestConnections = 16;

    private readonly Lock _gate = new();
    private readonly int _connections;
    private int _clients;
    private int _backends;

    private DescriptorBudget(int connections)
    {
        _connections = connections;
        MostClients = connections - (connections / 4);
    }

    /// <summary>Bounds nothing.</summary>
    public static DescriptorBudget Unlimited => new(int.MaxValue);

    /// <summary>Clients at most at a time. A quarter of what there is stays for backend connections.</summary>
    public int MostClients { get; }

    /// <summary>Backend connections there are now, those that are being made included.</summary>
    public int Backends
    {
        get
        {
            lock (_gate) return _backends;
        }
    }

    /// <summary>Descriptors that it takes to serve at least a few.</summary>
    public static long Fewest(int databases) => (OwnOf(databases) + FewestConnections) * 8 / 7 + 1;

    /// <param name="limit">Descriptors that the process may have.</param>
    /// <returns>Null: there are fewer than <see cref="Fewest"/>.</returns>
    public static DescriptorBudget? Of(long limit, int databases)
    {
        if (limit < Fewest(databases)) return null;
        return new DescriptorBudget((int)Math.Min(limit - OwnOf(databases) - Math.Min(OfAdmin, limit / 8), int.MaxValue));
    }

    private static long OwnOf(int databases) => OfProcess + ((long)OfDatabase * databases);

    internal bool TryTakeClient()
    {
        lock (_gate)
        {
            if (_clients >= MostClients || _clients >= _connections - _backends) return false;
            _clients++;
            return true;
        }
    }

    internal void ReturnClient()
    {
        lock (_gate) _clients--;
    }

    internal bool TryTakeBackend()
    {
        lock (_gate)
        {
            if (_backends >= _connections - _clients) return false;
            _backends++;
            return true;
        }
    }

    internal void ReturnBackend()
    {
        lock (_gate) _backends--;
    }
}
