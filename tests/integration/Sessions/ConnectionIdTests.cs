using System.Globalization;
using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>CONNECTION_ID() inside statements that the engine answers.</summary>
[CancelAfter(120_000)]
public sealed class ConnectionIdTests
{
    private const int Others = 40;

    private readonly List<EngineClient> _others = [];
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync();
        _gateway.Open();
        // They have no backend connection, so the gateway's numbers are ahead of the engine's.
        for (var i = 0; i < Others; i++) _others.Add(await _gateway.ConnectAsync());
    }

    /// <summary>What the client of one test holds would keep the compute from sleeping in the next.</summary>
    [TearDown]
    public Task EverybodyLeaves() => GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == Others, "all clients of the test are gone");

    [OneTimeTearDown]
    public async Task Stop()
    {
        foreach (var other in _others) await other.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Test]
    public async Task InAStatement_IsTheClients_BeforeAndAfterASleep(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var statement = await client.PrepareAsync("SELECT CONNECTION_ID() + ?");
        await client.QueryAsync("PREPARE p FROM 'SELECT CONNECTION_ID(), 1'", cancellation);
        for (var i = 0; i < 2; i++)
        {
            Assert.That((await client.QueryAsync("SELECT CONNECTION_ID(), COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.EqualTo(Id(client)));
            Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 0, withTypes: true))[0]), Is.EqualTo(client.ConnectionId));
            Assert.That((await client.QueryAsync("EXECUTE p", cancellation)).Rows[0][0], Is.EqualTo(Id(client)));
            await _gateway.SleepAsync();
            await _gateway.WakeAsync();
        }
    }

    [Test]
    public async Task PreparedStatementFirst_IsTheClients()
    {
        await using var client = await _gateway.ConnectAsync();
        var statement = await client.PrepareAsync("SELECT CONNECTION_ID() + ?");
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 0, withTypes: true))[0]), Is.EqualTo(client.ConnectionId));
    }

    [TestCase("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()")]
    [TestCase("SELECT IS_USED_LOCK('own') = CONNECTION_ID()")]
    public async Task ComparedWithTheEnginesOwnNumbers_IsTheEngines(string question)
    {
        await using var client = await _gateway.ConnectAsync();
        // Whoever had it in the test before is gone; the server may yet have to notice.
        await client.QueryAsync("SELECT GET_LOCK('own', 60)", default);
        await client.QueryAsync("SELECT CONNECTION_ID(), 1 FROM mysql.db", default);
        Assert.That((await client.QueryAsync(question, default)).Scalar, Is.EqualTo("1"));
        Assert.That((await client.QueryAsync("SELECT CONNECTION_ID(), 1 FROM DUAL WHERE 1", default)).Rows[0][0], Is.EqualTo(Id(client)));
    }

    [Test]
    public async Task UserLock_StillPins_WhereTheIdIsTheClients()
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT CONNECTION_ID(), GET_LOCK('kept', 0)", default);
        await client.QueryAsync("SELECT RELEASE_LOCK('nosuch')", default);
        Assert.That(await _gateway.DrainAsync(), Does.Contain("user-level lock (GET_LOCK) kept"));
    }

    [Test]
    public async Task TemporaryTable_StaysInSight()
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TEMPORARY TABLE mine (a INT)", default);
        await client.QueryAsync("INSERT INTO mine VALUES (7)", default);
        var row = (await client.QueryAsync("SELECT a, CONNECTION_ID() FROM mine", default)).Rows[0];
        Assert.That(row[0], Is.EqualTo("7"));
        Assert.That((await client.QueryAsync("SELECT a FROM mine", default)).Scalar, Is.EqualTo("7"));
    }

    [Test]
    public async Task RowCount_InTheSameStatement_IsThatOfTheStatementBefore()
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE counted (a INT)", default);
        await client.QueryAsync("INSERT INTO counted VALUES (1),(2),(3)", default);
        Assert.That((await client.QueryAsync("SELECT ROW_COUNT(), CONNECTION_ID() FROM DUAL", default)).Rows[0][0], Is.EqualTo("3"));
    }

    [Test]
    public async Task WithoutTheRight_TheStatementRunsWithTheEnginesId_AndWithoutWarnings()
    {
        await using var root = await _gateway.ConnectDirectlyAsync();
        await root.QueryAsync("REVOKE SUPER, BINLOG REPLAY ON *.* FROM app@'%'", default);
        try
        {
            await using var client = await _gateway.ConnectAsync();
            var row = (await client.QueryAsync("SELECT CONNECTION_ID(), 1 FROM DUAL WHERE 1", default)).Rows[0];
            Assert.That(row[0], Is.Not.EqualTo(Id(client)));
            Assert.That((await client.QueryAsync("SHOW WARNINGS", default)).Rows, Is.Empty);
        }
        finally
        {
            await root.QueryAsync("GRANT SUPER, BINLOG REPLAY ON *.* TO app@'%'", default);
        }
    }

    [Test]
    public async Task KillByTheClientsId_EndsTheConnectionThatShowsIt()
    {
        await using var client = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        var id = (await client.QueryAsync("SELECT CONNECTION_ID(), COUNT(*) FROM mysql.db", default)).Rows[0][0];
        await killer.QueryAsync($"KILL {id}", default);
        await GatewayUnderTest.UntilAsync(() => client.IsClosed, "the killed connection is closed");
        await killer.PingAsync(default);
    }

    [Test]
    public async Task ResetConnection_ShowsTheClientsIdAgain()
    {
        await using var client = await _gateway.ConnectAsync();
        for (var i = 0; i < 2; i++)
        {
            Assert.That((await client.QueryAsync("SELECT CONNECTION_ID(), COUNT(*) FROM mysql.db", default)).Rows[0][0], Is.EqualTo(Id(client)));
            await client.SendCommandAsync(Command.ResetConnection, default, default);
        }
    }

    private static string Id(EngineClient client) => client.ConnectionId.ToString(CultureInfo.InvariantCulture);
}
