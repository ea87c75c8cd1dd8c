using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>SHOW PROCESSLIST through the gateway shows its clients, on both engines.</summary>
[TestFixture(false)]
[TestFixture(true)]
[CancelAfter(120_000)]
public sealed class ProcessListTests(bool mySql)
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = mySql ? await GatewayUnderTest.StartMySqlAsync() : await GatewayUnderTest.StartAsync();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [TearDown]
    public Task EverybodyLeaves() => GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "all clients of the test are gone");

    [TestCase("SHOW PROCESSLIST")]
    [TestCase("/* a tool */ show full processlist ;")]
    public async Task Ids_AreThoseThatKillTakes_AndHostsTheClients(string statement, CancellationToken cancellation)
    {
        await using var other = await _gateway.ConnectAsync("shop");
        await using var client = await _gateway.ConnectAsync();
        await other.QueryAsync("SELECT COUNT(*) FROM information_schema.SCHEMATA", cancellation);
        // The client has its answer a moment before the server is done with the statement.
        Dictionary<string, string?[]> list;
        do list = await ListAsync(client, statement, cancellation);
        while (list[$"{other.ConnectionId}"][4] == "Query");
        var (own, others) = (list[$"{client.ConnectionId}"], list[$"{other.ConnectionId}"]);
        Assert.Multiple(() =>
        {
            Assert.That(own[4], Is.EqualTo("Query"));
            Assert.That(own[7], Is.EqualTo(statement.TrimEnd(' ', ';')).Or.EqualTo(statement));
            Assert.That(others[1..5], Is.EqualTo(new[] { "app", others[2], "shop", "Sleep" }));
            Assert.That(others[2], Does.Match(@"^127\.0\.0\.1:\d+$"));
            Assert.That(others[2], Is.Not.EqualTo(own[2]));
        });
    }

    [Test]
    public async Task SessionWithoutABackendConnection_IsThereToo(CancellationToken cancellation)
    {
        await using var idle = await _gateway.ConnectAsync("shop");
        await using var client = await _gateway.ConnectAsync();
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
        var row = (await ListAsync(client, "SHOW PROCESSLIST", cancellation))[$"{idle.ConnectionId}"];
        Assert.That(row[1..5], Is.EqualTo(new[] { "app", row[2], "shop", "Sleep" }));
        Assert.That(row[7], Is.Null);
    }

    [Test]
    public async Task AccountWithoutTheRight_SeesItsOwnOnly(CancellationToken cancellation)
    {
        await using var other = await _gateway.ConnectAsync();
        await using var mine = await _gateway.ConnectAsync(user: "plain");
        await using var attached = await _gateway.ConnectAsync();
        await attached.QueryAsync("SELECT COUNT(*) FROM information_schema.SCHEMATA", cancellation);
        await using var client = await _gateway.ConnectAsync(user: "plain");
        var list = await ListAsync(client, "SHOW PROCESSLIST", cancellation);
        Assert.That(list.Keys, Is.EquivalentTo(new[] { $"{client.ConnectionId}", $"{mine.ConnectionId}" }));
    }

    [Test]
    public async Task AfterIt_TheSessionGoesOn(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop", without: Capabilities.DeprecateEof);
        for (var i = 0; i < 3; i++) Assert.That(await ListAsync(client, "SHOW PROCESSLIST", cancellation), Contains.Key($"{client.ConnectionId}"));
        Assert.That((await client.QueryAsync("SELECT DATABASE(), COUNT(*) > 0 FROM information_schema.SCHEMATA", cancellation)).Rows[0], Is.EqualTo(new[] { "shop", "1" }));
        Assert.That(_gateway.Activity.Running, Is.Zero);
        Assert.That(await _gateway.DrainAsync(), Is.Null, "nothing pins it");
        _gateway.Open();
    }

    private static async Task<Dictionary<string, string?[]>> ListAsync(EngineClient client, string statement, CancellationToken cancellation) =>
        (await client.QueryAsync(statement, cancellation)).Rows.ToDictionary(row => row[0]!, row => row.ToArray());
}
