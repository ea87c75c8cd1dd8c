using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>KILL where all connections are in use: of who stands in the line for one, and of who has one.</summary>
[CancelAfter(120_000)]
internal sealed class LineKillTests : LineRig
{
    [Test]
    public async Task KillQuery_EndsTheStatement_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var (victim, behind, killer) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        var killed = await StandInLineAsync(victim, "SELECT v FROM killed", cancellation);
        var waits = await StandInLineAsync(behind, Quick, cancellation);
        await killer.QueryAsync(Text($"KILL QUERY {victim.ConnectionId}"), cancellation);
        var error = await GatewayUnderTest.ErrorOfAsync(killed);
        Assert.That((error.Code, error.SqlState, error.EngineMessage), Is.EqualTo((ErrorCode.QueryInterrupted, "70100", "Query execution was interrupted")));
        Assert.That((Gateway.Activity.Held, Gateway.Activity.Running, waits.IsCompleted), Is.EqualTo((1, 1, false)));
        var next = await StandInLineAsync(victim, Quick, cancellation);
        GoOn.SetResult();
        foreach (var answer in new[] { running, waits, next }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(Seen, Has.None.EqualTo("SELECT v FROM killed"));
    }

    [Test]
    public async Task KillQuery_OfAPreparedStatement_EndsIt_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        Gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        Gateway.Open();
        var (owner, victim, killer) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        var id = await victim.PrepareAsync("SELECT ? + 1 FROM DUAL");
        await owner.QueryAsync("CREATE TEMPORARY TABLE shop.mine (a INT)", cancellation);
        var execute = victim.ExecuteAsync(id, 1, withTypes: true);
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity.Held == 1, "the statement stands in the line");
        await killer.QueryAsync(Text($"KILL QUERY {victim.ConnectionId}"), cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(execute)).Code, Is.EqualTo(ErrorCode.QueryInterrupted));
        await owner.QueryAsync("DROP TEMPORARY TABLE shop.mine", cancellation);
        Assert.That(PreparedOverPackets.Integer((await victim.ExecuteAsync(id, 4, withTypes: true))[0]), Is.EqualTo(5));
    }

    [Test]
    public async Task Kill_AnswersTheStatement_EndsTheSession_AndTheNextMovesUp(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var (victim, behind, killer) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        var killed = await StandInLineAsync(victim, "SELECT v FROM killed", cancellation);
        var waits = await StandInLineAsync(behind, Quick, cancellation);
        await killer.QueryAsync(Text($"KILL {victim.ConnectionId}"), cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(killed)).Code, Is.EqualTo(ErrorCode.ConnectionKilled));
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity is { Open: 3, Held: 1, Running: 1 }, "the victim is gone, and the other is still there");
        Assert.That(async () => await victim.QueryAsync(Quick, cancellation), Throws.Exception);
        GoOn.SetResult();
        foreach (var answer in new[] { running, waits }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(Seen, Has.None.EqualTo("SELECT v FROM killed"));
    }

    [Test]
    public async Task Kill_OfWhoHasTheConnection_LetsTheNextHaveAnother(CancellationToken cancellation)
    {
        Gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        Gateway.Open();
        var (owner, waiting) = (await ConnectAsync(), await ConnectAsync());
        var running = owner.QueryAsync("SELECT SLEEP(100) FROM mysql.user LIMIT 1", cancellation);
        await using var root = await Gateway.ConnectDirectlyAsync();
        const string sleeping = "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE USER = 'app' AND INFO LIKE 'SELECT SLEEP%'";
        string? id;
        while ((id = (await root.QueryAsync(sleeping, cancellation)).Scalar) is null) await Task.Delay(20, cancellation);
        var waits = await StandInLineAsync(waiting, "SELECT 7 + COUNT(*) * 0 FROM mysql.db", cancellation);
        await root.QueryAsync($"KILL {id}", cancellation);
        Assert.That(async () => await running, Throws.Exception);
        Assert.That((await waits).Scalar, Is.EqualTo("7"));
    }

    [Test]
    public async Task Kill_OfWhoHasTheConnection_DoesNotWaitBehindIt([Values] bool wholeConnection, CancellationToken cancellation)
    {
        Gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        Gateway.Open();
        var (owner, waiting, killer) = (await ConnectAsync("shop"), await ConnectAsync(), await ConnectAsync());
        await owner.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
        await owner.QueryAsync("BEGIN", cancellation);
        await owner.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        var running = owner.QueryAsync("SELECT SLEEP(100) FROM mysql.user LIMIT 1", cancellation);
        await using var root = await Gateway.ConnectDirectlyAsync();
        while ((await root.QueryAsync("SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'", cancellation)).Scalar is null) await Task.Delay(20, cancellation);
        var waits = await StandInLineAsync(waiting, "SELECT 7 + COUNT(*) * 0 FROM mysql.db", cancellation);
        await killer.QueryAsync(Text($"KILL {(wholeConnection ? "" : "QUERY ")}{owner.ConnectionId}"), cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(running)).Code, Is.EqualTo(wholeConnection ? ErrorCode.ConnectionKilled : ErrorCode.QueryInterrupted));
        if (!wholeConnection)
        {
            Assert.That(waits.IsCompleted, Is.False, "the transaction has the connection still");
            await owner.QueryAsync("ROLLBACK", cancellation);
        }
        Assert.That((await waits).Scalar, Is.EqualTo("7"));
        Assert.That((await killer.QueryAsync("SELECT COUNT(*) FROM shop.t", cancellation)).Scalar, Is.EqualTo("0"));
    }

    [Test]
    public async Task Kill_ThatTheServerDoesNotAnswer_EndsWithItsTime_AndIsNotSentAgain(CancellationToken cancellation)
    {
        await StartScriptedAsync(instead: text => text.StartsWith("KILL ", StringComparison.Ordinal) ? _ => Task.Delay(Timeout.Infinite, cancellation) : null);
        var running = await OccupyAsync(cancellation);
        var (owner, killer) = (Clients[0], await ConnectAsync());
        var error = await GatewayUnderTest.ErrorOfAsync(killer.QueryAsync(Text($"KILL QUERY {owner.ConnectionId}"), cancellation));
        Assert.That((error.Code, error.EngineMessage), Is.EqualTo((ErrorCode.ServerShutdown, "Whether the KILL took effect is not known: the server did not answer within 5 s, or went away")));
        var next = await StandInLineAsync(killer, Quick, cancellation);
        GoOn.SetResult();
        foreach (var answer in new[] { running, next }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(Seen.Count(text => text.StartsWith("KILL ", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Kill_WhoseClientLeaves_WhileTheServerDoesNotAnswer_HoldsNothingUp(CancellationToken cancellation)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartScriptedAsync(instead: text => !text.StartsWith("KILL ", StringComparison.Ordinal) ? null : _ =>
        {
            told.TrySetResult();
            return Task.Delay(Timeout.Infinite, cancellation);
        });
        var running = await OccupyAsync(cancellation);
        var (owner, killer) = (Clients[0], await ConnectAsync());
        var kill = killer.QueryAsync(Text($"KILL QUERY {owner.ConnectionId}"), cancellation);
        await told.Task.WaitAsync(cancellation);
        killer.Abort();
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity is { Open: 1, Held: 0, Running: 1, Active: 1 }, "it is gone, and the owner is still there");
        Assert.That(async () => await kill, Throws.Exception);
        GoOn.SetResult();
        Assert.That((await running).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task Kill_WithoutTheRight_IsRefused_BesideTheLineToo(CancellationToken cancellation)
    {
        Gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        Gateway.Open();
        var owner = await ConnectAsync();
        await owner.QueryAsync("CREATE TEMPORARY TABLE shop.mine (a INT)", cancellation);
        await using var stranger = await Gateway.ConnectAsync(user: "plain");
        var error = await GatewayUnderTest.ErrorOfAsync(stranger.QueryAsync(Text($"KILL {owner.ConnectionId}"), cancellation));
        Assert.That((error.Code, error.EngineMessage), Is.EqualTo((ErrorCode.KillDenied, $"You are not owner of thread {owner.ConnectionId}")));
        await owner.QueryAsync("DROP TEMPORARY TABLE shop.mine", cancellation);
    }
}
