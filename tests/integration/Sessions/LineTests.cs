using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>The line of statements that wait for a backend connection while the compute runs: each way out of it but a KILL.</summary>
[CancelAfter(120_000)]
internal sealed class LineTests : LineRig
{
    [Test]
    public async Task Connection_GoesFromOneToTheNext_InTheOrderOfTheLine(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var answers = new List<Task<QueryResult>> { await OccupyAsync(cancellation) };
        for (var i = 0; i < 5; i++) answers.Add(await StandInLineAsync(await ConnectAsync(), $"SELECT c{i} FROM t", cancellation));
        var woken = Gateway.HeldEvents;
        GoOn.SetResult();
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.All.EqualTo("1"));
        Assert.That(Seen.Where(text => text.EndsWith(" FROM t", StringComparison.Ordinal)), Is.EqualTo(Enumerable.Range(0, 5).Select(i => $"SELECT c{i} FROM t")));
        Assert.That((Gateway.Activity.Sharing!.Logins, Gateway.HeldEvents), Is.EqualTo((1L, woken)), "one login, and no compute was asked for");
    }

    [Test]
    public async Task TimeThatTheClientAllows_IsOver_WithTheServersError_AndNothingRan(CancellationToken cancellation)
    {
        Gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        Gateway.Open();
        var (owner, hasty) = (await ConnectAsync("shop"), await ConnectAsync("shop"));
        await owner.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
        await owner.QueryAsync("BEGIN", cancellation);
        await owner.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        var error = await GatewayUnderTest.ErrorOfAsync(hasty.QueryAsync("SET STATEMENT max_statement_time=0.3 FOR INSERT INTO t VALUES (2)", cancellation));
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.StatementTimeoutMariaDb, "70100")));
        Assert.That(error.EngineMessage, Does.Match(
            @"^Query execution was interrupted \(max_statement_time exceeded\); it was not run: it waited \d+\.\d s for a connection to the compute \(all 1 that limits:backendConnections allows are in use\)$"));
        Assert.That((Gateway.Activity.Held, Gateway.Activity.Running), Is.EqualTo((0, 0)));
        await owner.QueryAsync("COMMIT", cancellation);
        Assert.That((await hasty.QueryAsync("SELECT SUM(a) FROM t", cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task TimeThatTheClientAllows_DoesNotHoldTheOthersUp(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var (hasty, behind) = (await ConnectAsync(), await ConnectAsync());
        var refused = hasty.QueryAsync($"SET STATEMENT max_statement_time=0.3 FOR {Quick}", cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(refused)).Code, Is.EqualTo(ErrorCode.StatementTimeoutMariaDb));
        var waits = await StandInLineAsync(behind, Quick, cancellation);
        var next = await StandInLineAsync(hasty, Quick, cancellation);
        GoOn.SetResult();
        foreach (var answer in new[] { running, waits, next }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(Seen.Count(text => text.Contains(Quick, StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public async Task ClientThatLeaves_LeavesTheLine_WakesNobody_AndIsNotRun(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var (leaver, behind) = (await ConnectAsync(), await ConnectAsync());
        var left = await StandInLineAsync(leaver, "SELECT l FROM left_behind", cancellation);
        var waits = await StandInLineAsync(behind, Quick, cancellation);
        var woken = Gateway.HeldEvents;
        leaver.Abort();
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity is { Open: 2, Held: 1, Running: 1 }, "it is gone, and the other is still there");
        Assert.That(async () => await left, Throws.Exception);
        Assert.That((waits.IsCompleted, Gateway.HeldEvents), Is.EqualTo((false, woken)));
        GoOn.SetResult();
        foreach (var answer in new[] { running, waits }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(Seen, Has.None.EqualTo("SELECT l FROM left_behind"));
    }

    [Test]
    public async Task AllThatLeave_LeaveTheConnectionToWhoComesNext(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var leavers = new List<(EngineClient Client, Task<QueryResult> Answer)>();
        for (var i = 0; i < 20; i++)
        {
            var client = await ConnectAsync();
            leavers.Add((client, await StandInLineAsync(client, "SELECT l FROM left_behind", cancellation)));
        }
        foreach (var (client, _) in leavers) client.Abort();
        // They may be gone before the connection is free, or while it is passed on.
        GoOn.SetResult();
        await running;
        foreach (var (_, answer) in leavers) await Task.WhenAny(answer);
        Assert.That((await (await ConnectAsync()).QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task OneTooMany_IsRefusedAtOnce_AndTheOthersWait(CancellationToken cancellation)
    {
        await StartScriptedAsync(Patient with { Statements = 2 });
        var answers = new List<Task<QueryResult>> { await OccupyAsync(cancellation) };
        for (var i = 0; i < 2; i++) answers.Add(await StandInLineAsync(await ConnectAsync(), Quick, cancellation));
        var late = await ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(late.QueryAsync("SELECT o FROM too_many", cancellation));
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.ServerShutdown, "08S01")));
        Assert.That(error.EngineMessage, Is.EqualTo("The statement was not run: it was to wait for a connection to the compute, but 2 statements wait already"));
        Assert.That((Gateway.Activity.Held, Gateway.Activity.Running), Is.EqualTo((2, 1)));
        GoOn.SetResult();
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.All.EqualTo("1"));
        Assert.That((await late.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(Seen, Has.None.EqualTo("SELECT o FROM too_many"));
    }

    [Test]
    public async Task TooManyBytes_AreRefusedAtOnce_AndTheOthersWait(CancellationToken cancellation)
    {
        await StartScriptedAsync(Patient with { Bytes = 1 << 20 });
        var running = await OccupyAsync(cancellation);
        var large = $"{Quick} /* {new string('x', 700_000)} */";
        var waits = await StandInLineAsync(await ConnectAsync(), large, cancellation);
        var late = await ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(late.QueryAsync(large, cancellation));
        Assert.That(error.EngineMessage, Is.EqualTo("The statement was not run: it was to wait for a connection to the compute, but the statements that wait fill their 1 MiB"));
        var small = await StandInLineAsync(late, Quick, cancellation);
        GoOn.SetResult();
        foreach (var answer in new[] { running, waits, small }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task WaitThatIsTooLong_IsAnErrorThatSaysForWhat_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        await StartScriptedAsync(Patient with { Time = TimeSpan.FromSeconds(4) });
        var running = await OccupyAsync(cancellation);
        var late = await ConnectAsync();
        var errors = await Task.WhenAll(
            new[] { late, await ConnectAsync() }.Select(client => GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT o FROM too_long", cancellation))));
        foreach (var error in errors)
        {
            Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.ServerShutdown, "08S01")));
            Assert.That(error.EngineMessage, Does.Match(
                @"^The statement was not run: it waited \d+\.\d s for a connection to the compute \(all 1 that limits:backendConnections allows are in use\); try again$"));
        }
        Assert.That((Gateway.Activity.Held, Gateway.Activity.Running), Is.EqualTo((0, 1)));
        GoOn.SetResult();
        await running;
        Assert.That((await late.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(Seen, Has.None.EqualTo("SELECT o FROM too_long"));
    }

    [Test]
    public async Task WhoeverFailsTheLine_IsHeardByAllThatStandInIt([Values] bool refuses, CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var clients = new List<EngineClient>();
        var failed = new List<Task<QueryResult>>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(await ConnectAsync());
            failed.Add(await StandInLineAsync(clients[i], "SELECT f FROM failed", cancellation));
        }
        if (refuses) Gateway.Database.RefuseHeld("the operator paused it");
        else Gateway.Database.FailHeld("the operator paused it");
        foreach (var answer in failed) Assert.That((await GatewayUnderTest.ErrorOfAsync(answer)).EngineMessage, Is.EqualTo("The statement was not run: the operator paused it"));
        Gateway.Database.AllowHolding();
        GoOn.SetResult();
        await running;
        foreach (var client in clients) Assert.That((await client.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(Seen, Has.None.EqualTo("SELECT f FROM failed"));
    }

    [Test]
    public async Task ComputeThatGoes_LeavesTheLineStanding_UntilTheNextOneIsThere(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var answers = new List<Task<QueryResult>>();
        for (var i = 0; i < 10; i++) answers.Add(await StandInLineAsync(await ConnectAsync(), Quick, cancellation));
        var woken = Gateway.HeldEvents;
        Gateway.Database.Close("it was killed");
        var error = await GatewayUnderTest.ErrorOfAsync(running);
        Assert.That(error.EngineMessage, Does.StartWith("The compute went away while the statement ran (it was killed)"));
        await GatewayUnderTest.UntilAsync(() => Gateway.HeldEvents > woken, "a compute is asked for");
        Assert.That((Gateway.Activity.Held, Gateway.Activity.Running, Seen.Contains(Quick)), Is.EqualTo((10, 0, false)));
        GoOn.SetResult();
        using var next = Scripted();
        Gateway.Database.Open(next.Address);
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.All.EqualTo("1"));
        Assert.That(Seen.Count(text => text == Quick), Is.EqualTo(10), "each ran once");
    }

    [Test]
    public async Task ComputeThatDies_BeforeAnybodyHasToldTheGate_IsWaitedFor(CancellationToken cancellation)
    {
        Gateway = await GatewayUnderTest.StartAsync(Sharing(most: 2));
        Gateway.Open();
        var owners = new[] { await ConnectAsync("shop"), await ConnectAsync("shop") };
        foreach (var owner in owners) await owner.QueryAsync("CREATE TEMPORARY TABLE mine (a INT)", cancellation);
        var clients = new List<EngineClient>();
        for (var i = 0; i < 10; i++) clients.Add(await ConnectAsync("shop"));
        var answers = clients.Select((client, i) => client.QueryAsync($"SELECT {i} + COUNT(*) * 0 FROM mysql.db", cancellation)).ToArray();
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity.Held == 10, "all stand in the line");
        Gateway.Server.Kill();
        // What the owners had is free, and those that are first in the line try the dead one.
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity.PinnedCount == 0, "the owners have lost their connections");
        Assert.That(answers.Any(answer => answer.IsCompleted), Is.False);
        Gateway.Database.Close("it was killed");
        await Gateway.WakeAsync();
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.EqualTo(Enumerable.Range(0, 10).Select(i => $"{i}")));
        foreach (var owner in owners) Assert.That((await GatewayUnderTest.ErrorOfAsync(owner.QueryAsync("SELECT * FROM mine", cancellation))).EngineMessage, Does.Contain("temporary table"));
    }

    [Test]
    public async Task GatewayThatStops_TellsThoseInTheLine(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var answers = new List<Task<QueryResult>>();
        for (var i = 0; i < 5; i++) answers.Add(await StandInLineAsync(await ConnectAsync(), Quick, cancellation));
        var stops = Gateway.Gateway.StopAsync(TimeSpan.FromSeconds(60));
        foreach (var answer in answers)
        {
            var error = await GatewayUnderTest.ErrorOfAsync(answer);
            Assert.That((error.Code, error.EngineMessage), Is.EqualTo((ErrorCode.ServerShutdown, "Server shutdown in progress: the gateway stops")));
        }
        Assert.That(stops.IsCompleted, Is.False, "a statement runs");
        GoOn.SetResult();
        Assert.That((await running).Scalar, Is.EqualTo("1"));
        await stops.WaitAsync(cancellation);
        Assert.That(Seen, Has.None.EqualTo(Quick));
    }

    /// <summary>A connection that is passed on must be no less alive than one that is taken out of the pool.</summary>
    [Test]
    public async Task FarewellOnAConnection_IsNoAnswerToTheStatementThatWaitsForIt(CancellationToken cancellation)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartScriptedAsync(hold: null, text => text != "SELECT f FROM farewell" ? null : async channel =>
        {
            ScriptedCompute.Answer(channel, text);
            await channel.FlushAsync();
            await answered.Task;
            // As a server that ends an idle connection; the end of the connection itself is a moment behind.
            channel.Sequence = 0;
            channel.Append(new ErrPacket(ErrorCode.ConnectionKilled, "the farewell"));
            await channel.FlushAsync();
            said.SetResult();
            await GoOn.Task;
        });
        var (first, second) = (await ConnectAsync(), await ConnectAsync());
        await first.QueryAsync("SELECT f FROM farewell", cancellation);
        answered.SetResult();
        await said.Task.WaitAsync(cancellation);
        Assert.That((await second.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
    }

    /// <summary>Two hundred on two connections: some keep theirs for a while, some have settings of their own, some leave, and some are not patient.</summary>
    [Test]
    public async Task Crowd_GetsAllItsAnswers([Values(1, 2)] int loops, CancellationToken cancellation)
    {
        const int crowd = 200, statements = 4;
        Gateway = loops == 1 ? await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 2)) : await GatewayUnderTest.StartAsync(Sharing(most: 2));
        Gateway.KnowsNoStoredCode();
        Gateway.Open();
        await (await ConnectAsync("shop")).QueryAsync("CREATE TABLE t (a INT PRIMARY KEY) ENGINE=InnoDB", cancellation);
        var clients = new EngineClient[crowd];
        for (var i = 0; i < crowd; i++) clients[i] = await ConnectAsync("shop");
        await Task.WhenAll(clients.Select((client, i) => Task.Run(async () =>
        {
            for (var n = 0; n < statements; n++)
            {
                var own = (i * statements) + n;
                switch (i % 8)
                {
                    case 0:
                        await client.QueryAsync("BEGIN", cancellation);
                        await client.QueryAsync($"INSERT INTO t VALUES ({own})", cancellation);
                        Assert.That((await client.QueryAsync($"SELECT a FROM t WHERE a = {own}", cancellation)).Scalar, Is.EqualTo($"{own}"));
                        await client.QueryAsync(n % 2 == 0 ? "COMMIT" : "ROLLBACK", cancellation);
                        break;
                    case 1:
                        await client.QueryAsync($"CREATE TEMPORARY TABLE mine SELECT {own} AS a", cancellation);
                        Assert.That((await client.QueryAsync("SELECT a FROM mine", cancellation)).Scalar, Is.EqualTo($"{own}"));
                        await client.QueryAsync("DROP TEMPORARY TABLE mine", cancellation);
                        break;
                    case 2:
                        await client.QueryAsync($"SET @v = {own}, group_concat_max_len = {1000 + own}", cancellation);
                        Assert.That((await client.QueryAsync("SELECT @v, @@group_concat_max_len, COUNT(*) * 0 FROM mysql.db", cancellation)).Rows[0], Is.EqualTo(new[] { $"{own}", $"{1000 + own}", "0" }));
                        break;
                    case 3 when n == statements - 1:
                        var unread = client.QueryAsync($"SELECT {own} + COUNT(*) * 0 FROM mysql.db", cancellation);
                        client.Abort();
                        await Task.WhenAny(unread);
                        _ = unread.Exception;
                        break;
                    case 4:
                        try
                        {
                            Assert.That((await client.QueryAsync($"SET STATEMENT max_statement_time=0.05 FOR SELECT {own} + COUNT(*) * 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo($"{own}"));
                        }
                        catch (EngineErrorException hasty)
                        {
                            Assert.That(hasty.Code, Is.EqualTo(ErrorCode.StatementTimeoutMariaDb));
                        }
                        break;
                    default:
                        Assert.That((await client.QueryAsync($"SELECT {own} + COUNT(*) * 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo($"{own}"));
                        break;
                }
            }
        })));
        Assert.That(Gateway.Activity.Sharing!.Backends, Is.LessThanOrEqualTo(2));
        Assert.That((await Clients[0].QueryAsync("SELECT COUNT(*) FROM t", cancellation)).Scalar, Is.EqualTo($"{crowd / 8 * statements / 2}"));
    }
}
