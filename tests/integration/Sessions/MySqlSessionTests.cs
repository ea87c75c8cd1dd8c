using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Sessions with MySQL behind the gateway, where it differs from MariaDB.</summary>
[CancelAfter(180_000)]
public sealed class MySqlSessionTests
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartMySqlAsync();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [Test]
    public async Task State_SurvivesANewBackendConnection([Values] bool deprecateEof, CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop", without: deprecateEof ? Capabilities.None : Capabilities.DeprecateEof);
        await client.QueryAsync("SET @v = 42, time_zone = '+05:00'", cancellation);
        var statement = await client.PrepareAsync("SELECT ? + 1 FROM DUAL");
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 41, withTypes: true))[0]), Is.EqualTo(42));
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
        var answer = await client.QueryAsync("SELECT @v, DATABASE(), @@time_zone, COUNT(*) > 0 FROM mysql.user", cancellation);
        Assert.That(answer.Rows[0], Is.EqualTo(new[] { "42", "shop", "+05:00", "1" }));
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 1, withTypes: false))[0]), Is.EqualTo(2));
    }

    [Test]
    public async Task FailedStatement_TellsOfItsTransaction_AndKeepsItsDiagnostics(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE f (a INT PRIMARY KEY)", cancellation);
        await client.QueryAsync("INSERT INTO f VALUES (1)", cancellation);
        await client.QueryAsync("SET autocommit=0", cancellation);
        await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("INSERT INTO f VALUES (2), (1)", cancellation));
        Assert.That((await client.QueryAsync("SHOW WARNINGS", cancellation)).Rows[0][1], Is.EqualTo("1062"));
        Assert.That(_gateway.Activity.Transactions, Is.EqualTo(1));
        await client.QueryAsync("ROLLBACK", cancellation);
    }

    [Test]
    public async Task QueryWithAttributes_GoesThrough(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync(with: Capabilities.QueryAttributes);
        byte[] attribute = [1, 1, 0, 1, 8, 0, 1, (byte)'n', 7, 0, 0, 0, 0, 0, 0, 0];
        var first = await client.SendCommandAsync(Command.Query, (byte[])[.. attribute, .. "SELECT COUNT(*) FROM mysql.user"u8], cancellation);
        Assert.That(first, Is.EqualTo(new byte[] { 1 }), () => System.Text.Encoding.UTF8.GetString(first));
        for (var i = 0; i < 3; i++) await client.ReadPacketAsync(cancellation);
        await client.PingAsync(cancellation);
    }

    [Test]
    public async Task ResultWithoutMetadata_GoesThrough(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync(with: Capabilities.OptionalResultSetMetadata);
        await client.QueryAsync("SET resultset_metadata = NONE", cancellation);
        var first = await client.SendCommandAsync(Command.Query, "SELECT COUNT(*) FROM mysql.user"u8.ToArray(), cancellation);
        Assert.That(first, Is.EqualTo(new byte[] { 1, 0 }));
        for (var i = 0; i < 2; i++) await client.ReadPacketAsync(cancellation);
        await client.PingAsync(cancellation);
    }
}
