using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Gateway.Sessions;

namespace Serverless.Host.Cli.Up;

/// <summary>The addresses that clients connect to, each with the databases that it leads to.</summary>
internal sealed class HostListeners(HostSettings settings, GatewayServer gateway, ILoggerFactory loggers)
{
    // Made on the first start, so only one may come to make it.
    private readonly Lazy<GatewayCertificate> _own = new(() => GatewayCertificate.LoadOrCreate(settings.Data, TimeProvider.System, loggers.CreateLogger<GatewayCertificate>()));

    private readonly Lock _guard = new();
    private SortedDictionary<string, DatabaseRoute> _found = new(StringComparer.Ordinal);
    private List<DatabaseRoute> _configured = [];
    private GatewayListener? _open;

    /// <summary>Where clients connect, with the databases that are configured there; none where there are only those that are found.</summary>
    public IReadOnlyDictionary<IPEndPoint, List<DatabaseSettings>> Groups { get; } =
        settings.All.GroupBy(one => one.Listen).ToDictionary(group => group.Key, group => group.Where(one => !ReferenceEquals(one, settings.Discovery?.Template)).ToList());

    /// <summary>Databases that are found are met there too.</summary>
    public bool IsOpen(IPEndPoint address) => address.Equals(settings.Discovery?.Template.Listen);

    /// <exception cref="IOException">It cannot listen there, or a certificate cannot be used. The message says what to do.</exception>
    public GatewayListener Listen(IPEndPoint address)
    {
        List<DatabaseRoute> routes = [.. Groups[address].Select(RouteTo)];
        if (!IsOpen(address))
        {
            return gateway.Listen(address, routes, settings.Listener);
        }

        lock (_guard)
        {
            _configured = routes;
            return _open = gateway.Listen(address, RoutesWith(_found), settings.Listener);
        }
    }

    /// <summary>Leads clients to a database that was found.</summary>
    /// <exception cref="ArgumentException">Its prefix is another's. All others are led to as before.</exception>
    public void Add(DatabaseSettings found)
    {
        DatabaseRoute route = RouteTo(found);
        lock (_guard)
        {
            Use(new SortedDictionary<string, DatabaseRoute>(_found, StringComparer.Ordinal) { [found.Name] = route });
        }
    }

    /// <summary>Leads no more clients to it.</summary>
    public void Remove(string found)
    {
        lock (_guard)
        {
            var others = new SortedDictionary<string, DatabaseRoute>(_found, StringComparer.Ordinal);
            others.Remove(found);
            Use(others);
        }
    }

    /// <summary>The routes are made before anything is changed: they may be refused.</summary>
    private void Use(SortedDictionary<string, DatabaseRoute> found)
    {
        ListenerRoutes routes = RoutesWith(found);
        _found = found;
        _open?.UseRoutes(routes);
    }

    private ListenerRoutes RoutesWith(SortedDictionary<string, DatabaseRoute> found) => new([.. _configured, .. found.Values], isOpen: true);

    /// <summary>The user name to connect with, the database's prefix before it where the address alone does not say which one is meant.</summary>
    public static string UserOf(DatabaseSettings settings, string user) =>
        settings.Names is { UserPrefix: { } prefix, IsDefault: false } ? $"{prefix}{UserPrefix.Separator}{user}" : user;

    private DatabaseRoute RouteTo(DatabaseSettings database) =>
        gateway.Route(gateway.Databases[database.Name], database.Names, database.Limits.Connections, TlsOf(database.Tls));

    private ClientTls TlsOf(TlsSettings tls)
    {
        if (tls.Mode == ClientTlsMode.Off)
        {
            return ClientTls.None;
        }

        GatewayCertificate certificate = tls is { Certificate: { } file, Key: { } key }
            ? GatewayCertificate.Load(file, key, TimeProvider.System, loggers.CreateLogger<GatewayCertificate>())
            : _own.Value;
        return new ClientTls(certificate, tls.Mode == ClientTlsMode.Required);
    }
}
