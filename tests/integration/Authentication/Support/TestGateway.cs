using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>The listening and authenticating part of a gateway, on a free loopback port.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly EventLoopGroup _loops = new(2);
    private readonly GatewayKey _key;
    private readonly PasswordWork _work = new(2);

    private TestGateway(ISessionHandler sessions, EngineFacts facts, TestGatewayOptions options)
    {
        Database = new LoginDatabase("test");
        if (facts.Profile is not null) Database.UseProfile(facts.Profile);
        Database.UseAccounts(facts.Accounts);
        _key = GatewayKey.LoadOrCreate(_folder["key.pem"], NullLogger.Instance);
        var services = new LoginServices(_key, _work, new FailureLimiter(TimeProvider.System, options.Failures), options.Deadline);
        Connections = new ConnectionTable(options.AllConnections);
        Log = new KeptLog();
        using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        var authenticator = new ClientAuthenticator(Database, services, loggers.CreateLogger<ClientAuthenticator>());
        var routes = new ListenerRoutes([new DatabaseRoute(DatabaseNames.None, authenticator, options.Tls, options.Connections, sessions)]);
        Listener = GatewayListener.Start(
            _loops, new IPEndPoint(IPAddress.Loopback, 0), routes, services, options.Listener, Connections, DescriptorBudget.Unlimited, loggers);
    }

    public LoginDatabase Database { get; }

    public ConnectionTable Connections { get; }

    public GatewayListener Listener { get; }

    public KeptLog Log { get; }

    public int Port => Address.Port;

    public IPEndPoint Address => (IPEndPoint)Listener.LocalEndPoint;

    public EventLoop Loop => _loops.Loops[0];

    public static TestGateway Start(ISessionHandler sessions, EngineFacts facts, TestGatewayOptions? options = null) => new(sessions, facts, options ?? new TestGatewayOptions());

    public Task<EngineClient> ConnectAsync(string user, string password, Func<EngineLogin, EngineLogin>? adjust = null)
    {
        var login = new EngineLogin(new BackendAddress(null, Address, false), user, LoginSecret.FromPassword(password));
        return EngineClient.ConnectAsync(Loop, adjust?.Invoke(login) ?? login, default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync();
        _loops.Dispose();
        _key.Dispose();
        _work.Dispose();
        _folder.Dispose();
    }
}

internal sealed record TestGatewayOptions
{
    public int Connections { get; init; } = 1000;

    public int AllConnections { get; init; } = 1000;

    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(10);

    public ClientTls Tls { get; init; } = ClientTls.None;

    public ListenerOptions Listener { get; init; } = ListenerOptions.Default;

    /// <summary>No delays: most tests fail to log in on purpose, and often.</summary>
    public FailureLimits Failures { get; init; } = FailureLimits.Default with { FreeFailures = int.MaxValue };
}
