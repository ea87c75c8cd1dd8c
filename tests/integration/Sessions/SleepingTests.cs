using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Sessions over a sleep of the compute: another process serves after it.</summary>
[CancelAfter(120_000)]
public sealed class SleepingTests
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [Test]
    public async Task State_SurvivesASleep(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("SET @v = 42, @s = 'ü', time_zone = '+05:00'", cancellation);
        await client.QueryAsync("USE mysql", cancellation);
        await client.QueryAsync("SET NAMES latin1", cancellation);
        await _gateway.SleepAsync();
        var answer = client.QueryAsync("SELECT @v, DATABASE(), @@time_zone, @@character_set_client, COUNT(*) > 0 FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the statement waits");
        await _gateway.WakeAsync();
        Assert.That((await answer).Rows[0][..4], Is.EqualTo(new[] { "42", "mysql", "+05:00", "latin1" }));
    }

    [Test]
    public async Task ConnectionId_IsTheGateways_AndStays(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That((await client.QueryAsync("SELECT CONNECTION_ID()", cancellation)).Scalar, Is.EqualTo($"{client.ConnectionId}"));
        await _gateway.SleepAsync();
        await _gateway.WakeAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That((await client.QueryAsync("SELECT CONNECTION_ID()", cancellation)).Scalar, Is.EqualTo($"{client.ConnectionId}"));
    }

    [Test]
    public async Task PreparedStatement_SurvivesASleep_WithItsIdAndTypes([Values] bool deprecateEof)
    {
        await using var client = await _gateway.ConnectAsync(without: deprecateEof ? Capabilities.None : Capabilities.DeprecateEof);
        var other = await client.PrepareAsync("SELECT 1");
        var statement = await client.PrepareAsync("SELECT ? + 1 FROM DUAL");
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 41, withTypes: true))[0]), Is.EqualTo(42));
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 1, withTypes: false))[0]), Is.EqualTo(2));
        await _gateway.SleepAsync();
        await _gateway.WakeAsync();
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 6, withTypes: false))[0]), Is.EqualTo(7));
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 7, withTypes: false))[0]), Is.EqualTo(8));
        await client.SendAsync(Command.StmtClose, PreparedOverPackets.Id(other));
        await client.SendAsync(Command.StmtClose, PreparedOverPackets.Id(statement));
        var error = await GatewayUnderTest.ErrorOfAsync(client.ExecuteAsync(statement, 1, withTypes: true));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.UnknownStatement));
        await client.PingAsync(default);
    }

    [Test]
    public async Task PreparedStatement_OfAnotherSchema_BelongsToItAfterASleep(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE VIEW only_here AS SELECT CAST(40 AS SIGNED) AS v", cancellation);
        var statement = await client.PrepareAsync("SELECT v + ? FROM only_here");
        await client.QueryAsync("USE mysql", cancellation);
        await _gateway.SleepAsync();
        await _gateway.WakeAsync();
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(statement, 2, withTypes: true))[0]), Is.EqualTo(42));
        Assert.That((await client.QueryAsync("SELECT DATABASE(), COUNT(*) FROM db", cancellation)).Rows[0][0], Is.EqualTo("mysql"));
    }

    [Test]
    public async Task OpenCursor_Pins_UntilItIsClosed()
    {
        await using var client = await _gateway.ConnectAsync(without: Capabilities.DeprecateEof);
        var statement = await client.PrepareAsync("SELECT seq FROM mysql.seq_1_to_1000 WHERE seq > ?");
        Assert.That(await client.ExecuteAsync(statement, 0, withTypes: true, cursor: 1), Is.Empty);
        Assert.That(await client.FetchAsync(statement, 3), Has.Count.EqualTo(3));
        Assert.That(await _gateway.DrainAsync(), Does.Contain("open cursor"));
        Assert.That((await client.FetchAsync(statement, 2000)).Count, Is.EqualTo(997));
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
    }

    [Test]
    public async Task LongData_Pins_UntilTheExecute()
    {
        await using var client = await _gateway.ConnectAsync();
        var statement = await client.PrepareAsync("SELECT LENGTH(?) + 0");
        await client.SendAsync(Command.StmtSendLongData, [.. PreparedOverPackets.Id(statement), 0, 0, .. "hello"u8]);
        await client.SendAsync(Command.StmtSendLongData, [.. PreparedOverPackets.Id(statement), 0, 0, .. new byte[100_000]]);
        await client.PingAsync(default);
        Assert.That(_gateway.Activity.Pinned, Has.Count.EqualTo(1));
        Assert.That(await _gateway.DrainAsync(), Does.Contain("data sent ahead"));
        Assert.That(PreparedOverPackets.Integer((await client.ExecuteLongAsync(statement))[0]), Is.EqualTo(100_005));
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
    }

    [Test]
    public async Task WhatIsConnectedWhileAsleep_ComesInWithItsSchema(CancellationToken cancellation)
    {
        await _gateway.SleepAsync();
        await using var client = await _gateway.ConnectAsync("shop");
        await using var wrong = await _gateway.ConnectAsync("nowhere");
        var schema = client.QueryAsync("SELECT DATABASE(), COUNT(*) FROM mysql.db", cancellation);
        var unknown = wrong.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 2, "both wait");
        await _gateway.WakeAsync();
        Assert.That((await schema).Rows[0][0], Is.EqualTo("shop"));
        Assert.That((await GatewayUnderTest.ErrorOfAsync(unknown)).Code, Is.EqualTo(ErrorCode.UnknownDatabase));
        await GatewayUnderTest.UntilAsync(() => wrong.IsClosed, "the session with the wrong schema has ended");
    }

    [Test]
    public async Task UnknownSchema_WhileAwake_IsRefusedAtTheLogin()
    {
        var error = await GatewayUnderTest.ErrorOfAsync(_gateway.ConnectAsync("nowhere"));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.UnknownDatabase));
    }

    [Test]
    public async Task ResetConnection_ForgetsWhatTheSessionHad(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("SET time_zone = '+05:00', @v = 1", cancellation);
        await client.QueryAsync("CREATE TEMPORARY TABLE t (a INT)", cancellation);
        await client.SendCommandAsync(Command.ResetConnection, default, cancellation);
        await client.QueryAsync("SET sql_mode = 'ANSI_QUOTES'", cancellation);
        await _gateway.SleepAsync();
        await _gateway.WakeAsync();
        var after = await client.QueryAsync("SELECT @@time_zone, @v, DATABASE(), @@sql_mode, COUNT(*) > 0 FROM mysql.db", cancellation);
        Assert.That(after.Rows[0][..4], Is.EqualTo(new[] { "SYSTEM", null, "shop", "ANSI_QUOTES" }));
    }
}
