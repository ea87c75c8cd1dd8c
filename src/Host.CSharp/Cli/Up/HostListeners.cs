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

    public IEnumerable<IGrouping<IPEndPoint, DatabaseSettings>> Groups { get; } = [.. settings.Databases.GroupBy(one => one.Listen)];

    /// <exception cref="IOException">It cannot listen there, or a certificate cannot be used. The message says what to do.</exception>
    public GatewayListener Listen(IGrouping<IPEndPoint, DatabaseSettings> group) =>
        gateway.Listen(group.Key, [.. group.Select(RouteTo)], settings.Listener);

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
