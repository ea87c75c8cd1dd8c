using NUnit.Framework;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>The debug switch `debug:detach`: sessions leave their backend connection after every statement, and their clients cannot tell.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(60_000)]
public sealed class ForcedDetachTests(ServerFamily family)
{
    private GatewayUnderTest _gateway = null!;

    [SetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync(family, new GatewayOptions { DetachAfterEachStatement = true });
        _gateway.Open();
    }

    [TearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    private ForcedDetachReading Counts => _gateway.Activity.ForcedDetaches!;

    [Test]
    public async Task EachStatement_HasAConnectionOfItsOwn_AndTheSessionIsOne(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)", cancellation);
        await client.QueryAsync("SET @v = 42, time_zone = '+05:00'", cancellation);
        await client.QueryAsync("INSERT INTO t (v) VALUES (1), (2)", cancellation);
        var asked = await client.QueryAsync("SELECT @v, @@time_zone, DATABASE(), LAST_INSERT_ID(), COUNT(*) FROM t", cancellation);
        Assert.That(asked.Rows[0], Is.EqualTo(new[] { "42", "+05:00", "shop", "1", "2" }));
        await GatewayUnderTest.UntilAsync(() => Counts.Detached == 4, "four statements were detached after");
        Assert.That(_gateway.Activity.Active, Is.Zero);
        Assert.That(Counts.Kept, Is.Empty);
    }

    [Test]
    public async Task PreparedStatement_IsPreparedAnewEachTime()
    {
        await using var client = await _gateway.ConnectAsync();
        var statement = await client.PrepareAsync("SELECT ? + 1 FROM DUAL");
        for (var i = 0; i < 5; i++) Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, i, withTypes: i == 0))[0]), Is.EqualTo(i + 1));
        await GatewayUnderTest.UntilAsync(() => Counts.Detached == 5, "five executions were detached after");
    }

    [Test]
    public async Task WhatPins_Keeps_AndIsCountedByItsReason(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TEMPORARY TABLE t (a INT)", cancellation);
        await client.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        Assert.That((await client.QueryAsync("SELECT COUNT(*) FROM t", cancellation)).Scalar, Is.EqualTo("1"));
        await client.QueryAsync("DROP TEMPORARY TABLE t", cancellation);
        await GatewayUnderTest.UntilAsync(() => Counts.Detached == 1, "the last statement was detached after");
        Assert.That(Counts.Kept, Is.EqualTo(new[] { KeyValuePair.Create("TemporaryTable", 3L) }));
    }

    /// <summary>What was read of the variables once is no answer after a client has changed them.</summary>
    [Test]
    public async Task GlobalVariableThatAClientChanged_IsTheServersForEverySession(CancellationToken cancellation)
    {
        const string asked = "SELECT @@max_connections";
        await using var client = await _gateway.ConnectAsync();
        await using var other = await _gateway.ConnectAsync();
        var before = (await other.QueryAsync(asked, cancellation)).Scalar;
        await client.QueryAsync("SET GLOBAL max_connections = 77", cancellation);
        try
        {
            Assert.That((await other.QueryAsync(asked, cancellation)).Scalar, Is.EqualTo("77"));
            Assert.That((await client.QueryAsync(asked, cancellation)).Scalar, Is.EqualTo("77"));
        }
        finally
        {
            await client.QueryAsync($"SET GLOBAL max_connections = {before}", cancellation);
        }
    }

    [Test]
    public async Task Transaction_GoesOnWhereItIs_AndDoesNotCount(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
        await client.QueryAsync("BEGIN", cancellation);
        await client.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        await client.QueryAsync("ROLLBACK", cancellation);
        Assert.That((await client.QueryAsync("SELECT COUNT(*) FROM t", cancellation)).Scalar, Is.EqualTo("0"));
        await GatewayUnderTest.UntilAsync(() => Counts.Detached == 3, "the statements outside the transaction were detached after");
        Assert.That(Counts.Kept, Is.Empty);
    }
}
