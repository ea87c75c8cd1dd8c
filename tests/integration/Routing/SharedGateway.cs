using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Routing;

/// <summary>Several databases behind one listener, without engines. Each has an account `app` on the host that bears the database's name as its password: `orders` for `orders`.</summary>
internal sealed class SharedGateway : IAsyncDisposable
{
    public const Capabilities Engine = EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase;

    private readonly TemporaryDirectory _folder = new();
    private readonly EventLoopGroup _loops = new(2);
    private readonly GatewayKey _key;
    private readonly PasswordWork _work = new(2);
    private readonly LoginServices _services;
    private readonly List<DatabaseRoute> _routes = [];
    private readonly ILoggerFactory _loggers;
    private GatewayListener? _listener;

    public SharedGateway(FailureLimits? failures = null)
    {
        _loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        _key = GatewayKey.LoadOrCreate(_folder["key.pem"], NullLogger.Instance);
        _services = new LoginServices(_key, _work, new FailureLimiter(TimeProvider.System, failures ?? FailureLimits.Default with { FreeFailures = int.MaxValue }), TimeSpan.FromSeconds(10));
    }

    /// <summary>What the listener logs.</summary>
    public KeptLog Log { get; } = new();

    /// <summary>Of each database.</summary>
    public Dictionary<string, LoginCounters> Counters { get; } = new(StringComparer.Ordinal);

    public LocalHandler Sessions { get; } = new();

    public IPEndPoint Address => (IPEndPoint)_listener!.LocalEndPoint;

    public static ServerProfile Profile(string version, Capabilities capabilities = Engine) => new(
        version.Contains("MariaDB", StringComparison.Ordinal) ? ServerFamily.MariaDb : ServerFamily.MySql, version, (ulong)capabilities, 45, AuthPlugins.NativePassword,
        new Dictionary<string, string> { ["skip_name_resolve"] = "ON" }, new Dictionary<string, CollationInfo>());

    /// <param name="profile">Null: its engine has not run yet.</param>
    public SharedGateway With(string name, DatabaseNames names, ServerProfile? profile, int limit = 100, string? hostName = null, params string[] users)
    {
        var database = new LoginDatabase(name);
        if (profile is not null) database.UseProfile(profile);
        database.UseAccounts(new AccountSnapshot(DateTimeOffset.UnixEpoch, [.. users.Append("app").Select(user => new Account(user, "%", AuthPlugins.NativePassword, Stored(name), false, false, false))]));
        var tls = hostName is null ? ClientTls.None : new ClientTls(CertificateFor(hostName), Required: false);
        _routes.Add(new DatabaseRoute(names, new ClientAuthenticator(database, _services.ForDatabase(Counters[name] = new LoginCounters()), NullLogger.Instance), tls, limit, Sessions));
        return this;
    }

    public SharedGateway Listen(ListenerOptions? options = null)
    {
        _listener = GatewayListener.Start(
            _loops, new IPEndPoint(IPAddress.Loopback, 0), new ListenerRoutes(_routes), _services, options ?? ListenerOptions.Default, new ConnectionTable(1000), DescriptorBudget.Unlimited,
            _loggers);
        return this;
    }

    /// <param name="host">To ask for by TLS SNI; null: no TLS.</param>
    public Task<EngineClient> ConnectAsync(string user, string password, string? schema = null, string? host = null) => EngineClient.ConnectAsync(
        _loops.Loops[0],
        new EngineLogin(new BackendAddress(null, Address, false), user, LoginSecret.FromPassword(password)) { Database = schema, Tls = host is null ? null : new EngineTls(Required: true, Verify: false, host) },
        default).WaitAsync(TimeSpan.FromSeconds(30));

    public async Task<EngineErrorException> RefusedAsync(string user, string password, string? schema = null, string? host = null)
    {
        try
        {
            await using var client = await ConnectAsync(user, password, schema, host);
        }
        catch (EngineErrorException refused)
        {
            return refused;
        }
        throw new InvalidOperationException("A refusal was expected, and the client is in.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null) await _listener.DisposeAsync();
        _loops.Dispose();
        _key.Dispose();
        _work.Dispose();
        _loggers.Dispose();
        _folder.Dispose();
    }

    private GatewayCertificate CertificateFor(string hostName)
    {
        var (certificate, key) = Serverless.Host.Net.Tls.SelfSignedCertificate.Make(hostName, DateTimeOffset.UtcNow);
        File.WriteAllText(_folder[hostName + ".pem"], certificate);
        File.WriteAllText(_folder[hostName + ".key"], key);
        return GatewayCertificate.Load(_folder[hostName + ".pem"], _folder[hostName + ".key"], TimeProvider.System, NullLogger.Instance);
    }

    private static string Stored(string password) => $"*{Convert.ToHexString(SHA1.HashData(NativePassword.Stage1(Encoding.UTF8.GetBytes(password))))}";
}
