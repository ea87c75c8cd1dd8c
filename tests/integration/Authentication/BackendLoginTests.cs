using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>From the client's login to the engine's, with both families.</summary>
[CancelAfter(180_000)]
public sealed class BackendLoginTests
{
    private MariaDbServer _mariaDb = null!;
    private EventLoop _loop = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        _loop = new EventLoop();
        _mariaDb = await MariaDbServer.StartAsync();
        await RunAsync(
            _mariaDb.SocketPath,
            """
            CREATE DATABASE shop;
            CREATE USER app@'%' IDENTIFIED BY 'right';
            CREATE USER near@'127.0.0.1' IDENTIFIED BY 'right';
            CREATE USER near@'localhost' IDENTIFIED BY 'right';
            CREATE USER here@'127.0.0.1' IDENTIFIED BY 'right';
            CREATE USER nopass@'%';
            """);
    }

    [OneTimeTearDown]
    public void StopServer()
    {
        _mariaDb?.Dispose();
        _loop.Dispose();
    }

    [Test]
    public async Task Connect_MariaDbThatReadsProxyHeaders_SeesTheClientsOwnAddress()
    {
        await using var gateway = await GatewayToMariaDbAsync(new BackendAddress(_mariaDb.SocketPath, null, ReadsProxyHeader: true));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "here", "right"), Is.EqualTo("here@127.0.0.1"));
        Assert.That(await Cli.PyMySqlAsync(gateway.Port, "app", "right", "SELECT USER()"), Is.EqualTo("app@127.0.0.1"));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "nopass", ""), Is.EqualTo("nopass@%"));
    }

    [Test]
    public async Task Connect_MariaDbOverTcp_SeesTheClientsOwnAddressAndNoOther()
    {
        await using var gateway = await GatewayToMariaDbAsync(new BackendAddress(null, _mariaDb.TcpAddress, ReadsProxyHeader: true));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "near", "right"), Is.EqualTo("near@127.0.0.1"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Connect_EngineWouldTakeAnotherAccount_IsRefusedByBothNames(bool readsProxyHeader)
    {
        await using var gateway = await GatewayToMariaDbAsync(new BackendAddress(_mariaDb.SocketPath, null, readsProxyHeader));
        Assert.That(
            await Cli.MariaDbAsync(gateway.Port, "near", "right"),
            Does.Contain("ERROR 1045").And.Contain("'near@127.0.0.1'").And.Contain("'near@localhost'"));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "app", "right"), Is.EqualTo("app@%"));
    }

    [Test]
    public async Task Connect_SchemaThatIsNotThere_GivesTheEnginesError()
    {
        await using var gateway = await GatewayToMariaDbAsync(new BackendAddress(_mariaDb.SocketPath, null, ReadsProxyHeader: true));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "app", "right", "SELECT 1", "--database=shopping"), Does.Contain("ERROR 1044").Or.Contain("ERROR 1049"));
    }

    [Test]
    public async Task Connect_PasswordChangedSinceTheLogin_IsRefusedByTheEngine()
    {
        await RunAsync(_mariaDb.SocketPath, "CREATE USER moved@'%' IDENTIFIED BY 'right'");
        await using var gateway = await GatewayToMariaDbAsync(new BackendAddress(_mariaDb.SocketPath, null, ReadsProxyHeader: true));
        await RunAsync(_mariaDb.SocketPath, "ALTER USER moved@'%' IDENTIFIED BY 'other'");
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "moved", "right"), Does.Contain("ERROR 1045").And.Contain("The engine refused the login of moved@%"));
    }

    [Test]
    public async Task Connect_EngineIsFull_GivesItsError()
    {
        using var full = await MariaDbServer.StartAsync("--max-connections=10");
        await RunAsync(full.SocketPath, "CREATE USER app@'%' IDENTIFIED BY 'right'");
        await using var gateway = TestGateway.Start(new RelayHandler(new BackendAddress(full.SocketPath, null, ReadsProxyHeader: true)), await EngineFacts.ReadAsync(_loop, full.SocketPath));
        var others = new List<EngineClient> { await ConnectRootAsync(full.SocketPath) };
        // Those that were there before count until the server has noticed that they are gone.
        while ((await others[0].QueryAsync("SHOW STATUS LIKE 'Threads_connected'", default)).Rows[0][1] != "1") await Task.Delay(10);
        try
        {
            for (var i = 1; i < 11; i++) others.Add(await ConnectRootAsync(full.SocketPath));
        }
        catch (EngineErrorException atLimit) when (atLimit.Code == ErrorCode.TooManyConnections)
        {
            // As many as it takes.
        }
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "app", "right"), Does.Contain("ERROR 1040").And.Contain("Too many connections"));
        foreach (var other in others) await other.DisposeAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Connect_MySql_TakesThePasswordOverUnixSocketAndTcp(bool overUnixSocket)
    {
        using var server = await MySqlServer.StartAsync();
        await RunAsync(
            server.SocketPath,
            """
            CREATE USER app@'%' IDENTIFIED BY 'right';
            CREATE USER near@'127.0.0.1' IDENTIFIED BY 'right';
            CREATE USER near@'localhost' IDENTIFIED BY 'right';
            """);
        var address = overUnixSocket ? new BackendAddress(server.SocketPath, null, false) : new BackendAddress(null, server.TcpAddress, false);
        await using var gateway = TestGateway.Start(new RelayHandler(address), await EngineFacts.ReadAsync(_loop, server.SocketPath));
        Assert.That(await Cli.PyMySqlAsync(gateway.Port, "app", "right"), Is.EqualTo("app@%"), "full authentication");
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "app", "right"), Is.EqualTo("app@%"), "when the engine knows the password already");
        var near = await Cli.PyMySqlAsync(gateway.Port, "near", "right");
        if (overUnixSocket) Assert.That(near, Does.Contain("ERROR 1045").And.Contain("'near@127.0.0.1'").And.Contain("'near@localhost'"));
        else Assert.That(near, Is.EqualTo("near@127.0.0.1"), "the gateway comes from there too");
    }

    [Test]
    public async Task Connect_NobodyListens_Fails()
    {
        await using var gateway = await GatewayToMariaDbAsync(new BackendAddress("/nonexistent/s", null, ReadsProxyHeader: true));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "app", "right"), Does.Contain("ERROR 2013"));
    }

    private async Task<TestGateway> GatewayToMariaDbAsync(BackendAddress address) =>
        TestGateway.Start(new RelayHandler(address), await EngineFacts.ReadAsync(_loop, _mariaDb.SocketPath));

    private Task<EngineClient> ConnectRootAsync(string socket) =>
        EngineClient.ConnectAsync(_loop, new EngineLogin(new BackendAddress(socket, null, false), "root", LoginSecret.Empty), default);

    private async Task RunAsync(string socket, string sql)
    {
        await using var root = await ConnectRootAsync(socket);
        await root.QueryAllAsync(sql, default);
    }
}
