using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>The engine client against a real MariaDB.</summary>
[CancelAfter(120_000)]
public sealed class EngineClientTests
{
    private MariaDbServer _server = null!;
    private EventLoop _loop = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        _loop = new EventLoop();
        _server = await MariaDbServer.StartAsync();
        await using var root = await ConnectAsync(Root);
        await root.QueryAllAsync(
            """
            CREATE DATABASE shop;
            CREATE USER native@'%' IDENTIFIED BY 'päss';
            GRANT ALL ON shop.* TO native@'%';
            CREATE USER far@'203.0.113.9' IDENTIFIED BY 'away'
            """, default);
    }

    [OneTimeTearDown]
    public void StopServer()
    {
        _server?.Dispose();
        _loop.Dispose();
    }

    [Test]
    public async Task Query_OverUnixSocket_ReturnsRowsAndNulls(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        var result = await client.QueryAsync("SELECT 1 AS a, NULL AS b, 'ü' AS c UNION ALL SELECT 2, 'x', ''", cancellation);
        Assert.That(result.Columns, Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(result.Rows, Is.EqualTo(new[] { new[] { "1", null, "ü" }, ["2", "x", ""] }));
    }

    [Test]
    public async Task Login_NativePasswordOverTcp_IsWhoItSays(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Native with { Address = Tcp, Database = "shop" });
        var result = await client.QueryAsync("SELECT CURRENT_USER(), DATABASE()", cancellation);
        Assert.That(result.Rows[0], Is.EqualTo(new[] { "native@%", "shop" }));
    }

    [Test]
    public async Task Login_WithStage1OnlyOfThePassword_Succeeds(CancellationToken cancellation)
    {
        var stage1 = NativePassword.Stage1("päss"u8);
        await using var client = await ConnectAsync(Native with { Secret = LoginSecret.FromNativeStage1(stage1) });
        Assert.That((await client.QueryAsync("SELECT CURRENT_USER()", cancellation)).Scalar, Is.EqualTo("native@%"));
    }

    [Test]
    public void Login_WrongPassword_IsAccessDenied() =>
        Assert.That(
            async () => await ConnectAsync(Native with { Secret = LoginSecret.FromPassword("wrong") }),
            Throws.TypeOf<EngineErrorException>().With.Property("Code").EqualTo(ErrorCode.AccessDenied).And.Property("SqlState").EqualTo("28000"));

    [Test]
    public async Task Login_WithProxyHeaderOverUnixSocket_MatchesTheClientsAddress(CancellationToken cancellation)
    {
        var login = new EngineLogin(Unix, "far", LoginSecret.FromPassword("away")) { ClientAddress = new(System.Net.IPAddress.Parse("203.0.113.9"), 4711) };
        await using var client = await ConnectAsync(login);
        Assert.That((await client.QueryAsync("SELECT CURRENT_USER()", cancellation)).Scalar, Is.EqualTo("far@203.0.113.9"));
    }

    [Test]
    public void Login_WithAnotherAddressInTheProxyHeader_IsRefused()
    {
        var login = new EngineLogin(Unix, "far", LoginSecret.FromPassword("away")) { ClientAddress = new(System.Net.IPAddress.Parse("203.0.113.10"), 4711) };
        Assert.That(async () => await ConnectAsync(login), Throws.TypeOf<EngineErrorException>());
    }

    [Test]
    public async Task Query_WithAnError_LeavesTheConnectionUsable(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        Assert.That(
            async () => await client.QueryAsync("SELECT * FROM shop.missing", cancellation),
            Throws.TypeOf<EngineErrorException>().With.Property("Code").EqualTo((ushort)1146));
        Assert.That((await client.QueryAsync("SELECT 7", cancellation)).Scalar, Is.EqualTo("7"));
    }

    [Test]
    public async Task QueryAll_SeveralStatements_GivesEachResult(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        var results = await client.QueryAllAsync("CREATE TEMPORARY TABLE shop.t (i INT AUTO_INCREMENT PRIMARY KEY); INSERT INTO shop.t VALUES (NULL),(NULL); SELECT COUNT(*) FROM shop.t", cancellation);
        Assert.That(results.Select(r => (r.AffectedRows, r.LastInsertId, r.Scalar)), Is.EqualTo(new[] { (0UL, 0UL, null), (2UL, 1UL, null), (0UL, 0UL, "2") }));
    }

    [Test]
    public async Task Query_WithoutDeprecateEof_ReadsTheSameRows(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root with { Capabilities = EngineLogin.DefaultCapabilities & ~Capabilities.DeprecateEof });
        var result = await client.QueryAsync("SELECT 1 UNION SELECT 2", cancellation);
        Assert.That(result.Rows.Select(r => r[0]), Is.EqualTo(new[] { "1", "2" }));
    }

    [Test]
    public async Task Query_WithMariaDbsExtendedMetadata_ReadsTheColumns(CancellationToken cancellation)
    {
        var extended = (EngineLogin.DefaultCapabilities & ~Capabilities.LongPassword) | Capabilities.MariaDbExtendedMetadata | Capabilities.MariaDbCacheMetadata;
        await using var client = await ConnectAsync(Root with { Capabilities = extended });
        Assert.That(client.Login.Capabilities.HasFlag(Capabilities.MariaDbExtendedMetadata), "the server agreed");
        var result = await client.QueryAsync("SELECT JSON_OBJECT('a', 1) AS j, ST_GeomFromText('POINT(1 1)') IS NULL AS g", cancellation);
        Assert.That(result.Rows[0], Is.EqualTo(new[] { """{"a": 1}""", "0" }));
    }

    [TestCase(0xfffffe - 1)]
    [TestCase(0xffffff - 1)]
    [TestCase(0xffffff)]
    [TestCase(40_000_000)]
    public async Task Query_LargerThanAPacket_ArrivesAndComesBackWhole(int length, CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        await client.ExecuteAsync("SET GLOBAL max_allowed_packet = 1024 * 1024 * 1024", cancellation);
        await using var second = await ConnectAsync(Root);
        const string frame = "SELECT ''";
        var value = new string('x', length - frame.Length - 1);
        var result = await second.QueryAsync($"SELECT '{value}'", cancellation, new QueryLimits(10, 100_000_000));
        Assert.That(result.Scalar == value, "the value came back");
    }

    [Test]
    public async Task Query_BeyondItsLimits_FailsAndClosesTheConnection(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        Assert.That(async () => await client.QueryAsync("SELECT seq FROM mysql.seq_1_to_100", cancellation, new QueryLimits(99, 1 << 20)), Throws.TypeOf<ResultTooLargeException>());
        Assert.That(client.IsClosed);
    }

    [Test]
    public async Task Query_Cancelled_EndsAtOnce(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        await using var watcher = await ConnectAsync(Root);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var query = client.QueryAsync("SELECT SLEEP(60)", source.Token);
        while ((await watcher.QueryAsync($"SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = {client.ConnectionId}", cancellation)).Scalar != "User sleep")
            await Task.Delay(10, cancellation);
        await source.CancelAsync();
        Assert.That(async () => await query, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(client.IsClosed);
    }

    [Test]
    public async Task Query_FromManyThreadsAtOnce_AnswersEachItsOwn(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(async () => (await client.QueryAsync($"SELECT {i}", cancellation)).Scalar)));
        Assert.That(answers, Is.EqualTo(Enumerable.Range(0, 100).Select(i => $"{i}")));
    }

    [Test]
    public async Task Connect_KilledByTheServer_QueryIsConnectionLostOrKilled(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync(Root);
        await using var other = await ConnectAsync(Root);
        await other.ExecuteAsync($"KILL {client.ConnectionId}", cancellation);
        Assert.That(async () => await client.QueryAsync("SELECT 1", cancellation), Throws.InstanceOf<ConnectionLostException>().Or.InstanceOf<EngineErrorException>());
    }

    [Test]
    public void Connect_NobodyListens_NamesTheAddress()
    {
        var address = new BackendAddress("/tmp/no-such-socket", Tcp: null, ReadsProxyHeader: false);
        Assert.That(async () => await ConnectAsync(Root with { Address = address }), Throws.TypeOf<ConnectFailedException>().With.Message.Contains("/tmp/no-such-socket"));
    }

    private BackendAddress Unix => new(_server.SocketPath, _server.TcpAddress, ReadsProxyHeader: true);

    private BackendAddress Tcp => new(UnixSocket: null, _server.TcpAddress, ReadsProxyHeader: true);

    private EngineLogin Root => new(Unix, "root", LoginSecret.Empty);

    private EngineLogin Native => new(Unix, "native", LoginSecret.FromPassword("päss"));

    private Task<EngineClient> ConnectAsync(EngineLogin login) => EngineClient.ConnectAsync(_loop, login, default);
}
