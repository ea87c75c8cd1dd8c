using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>The gateway of this process: its event loops, its databases by name, and their listeners.</summary>
/// <param name="loops">Event loops to run, usually one per core.</param>
/// <param name="connections">Client connections at most, of all databases together.</param>
/// <param name="descriptors">The process's file descriptors.</param>
public sealed class GatewayServer(
    int loops, int connections, DescriptorBudget descriptors, LoginServices login, GatewayOptions options, TimeProvider time, ILoggerFactory loggers)
    : IAsyncDisposable
{
    private readonly GatewayBudgets _budgets = new(options, descriptors);
    private readonly ConnectionTable _connections = new(connections);
    private readonly ConcurrentDictionary<string, GatewayDatabase> _databases = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<GatewayListener> _listeners = [];

    /// <summary>The loops; others may have sockets of their own on them.</summary>
    public EventLoopGroup Loops { get; } = new(loops, loggers.CreateLogger<EventLoopGroup>());

    public IReadOnlyDictionary<string, GatewayDatabase> Databases => _databases;

    public IReadOnlyCollection<GatewayListener> Listeners => _listeners;

    /// <summary>Adds a database; its gate is closed.</summary>
    /// <param name="own">Options of this database alone; null: those of the gateway. What all databases share is the gateway's.</param>
    /// <exception cref="ArgumentException">There is one of this name.</exception>
    public GatewayDatabase AddDatabase(string name, GatewayOptions? own = null)
    {
        var database = new GatewayDatabase(name, Loops.Loops, own ?? options, _budgets, time, loggers.CreateLogger<GatewayDatabase>());
        if (!_databases.TryAdd(name, database)) throw new ArgumentException($"There is a database {name} already.", nameof(name));
        return database;
    }

    /// <summary>Forgets a database, which no listener leads to and nobody controls any more, and whose sessions have ended.</summary>
    public void RemoveDatabase(string name) => _databases.TryRemove(name, out _);

    /// <summary>Takes clients of one database at the address, and returns once connections are accepted.</summary>
    /// <param name="limit">Connections at most to this listener.</param>
    /// <exception cref="IOException">It cannot listen there. The message names the address and what to do.</exception>
    public GatewayListener Listen(GatewayDatabase database, EndPoint address, int limit) =>
        Listen(address, [Route(database, DatabaseNames.None, limit, ClientTls.None)], ListenerOptions.Default);

    /// <summary>Takes clients of several databases at the address, and returns once connections are accepted.</summary>
    /// <exception cref="IOException">It cannot listen there. The message names the address and what to do.</exception>
    public GatewayListener Listen(EndPoint address, IReadOnlyList<DatabaseRoute> databases, ListenerOptions options) => Listen(address, new ListenerRoutes(databases), options);

    /// <summary>The same, where there may be other databases later.</summary>
    /// <exception cref="IOException">It cannot listen there. The message names the address and what to do.</exception>
    public GatewayListener Listen(EndPoint address, ListenerRoutes routes, ListenerOptions options)
    {
        var listener = GatewayListener.Start(Loops, address, routes, login.ForDatabase(), options, _connections, descriptors, loggers);
        _listeners.Add(listener);
        return listener;
    }

    /// <summary>The way to a database, for a listener.</summary>
    /// <param name="limit">Clients at most.</param>
    public DatabaseRoute Route(GatewayDatabase database, DatabaseNames names, int limit, ClientTls tls) =>
        new(names, new ClientAuthenticator(database.Login, login.ForDatabase(database.LoginCounters), loggers.CreateLogger<ClientAuthenticator>()), tls, limit, new SessionHandler(database));

    /// <summary>Accepts no more clients, tells those that are there, and cuts off who has not gone after the time given.</summary>
    public Task StopAsync(TimeSpan limit) => Task.WhenAll(_listeners.Select(listener => listener.StopAsync(limit)));

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _listeners) await listener.DisposeAsync();
        Loops.Dispose();
    }
}
