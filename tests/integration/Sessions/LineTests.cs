using System.Collections.Concurrent;
using System.Globalization;
using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>
/// The line of statements that wait for a backend connection while the compute runs: each way out of it, and that nothing of a statement is left behind.
/// The compute is scripted where a test decides how long a statement has its connection, and a MariaDB elsewhere.
/// </summary>
[CancelAfter(120_000)]
public sealed class LineTests
{
    /// <summary>Keeps its connection until <see cref="_goOn"/>.</summary>
    private const string Slow = "SELECT a FROM slow";

    private const string Quick = "SELECT b FROM quick";

    private static readonly HoldLimits Patient = HoldLimits.PerDatabase with { Time = TimeSpan.FromSeconds(100) };

    private readonly List<EngineClient> _clients = [];
    private readonly ConcurrentQueue<string> _seen = new();
    private GatewayUnderTest _gateway = null!;
    private ScriptedCompute? _compute;
    private TaskCompletionSource _arrived = null!;
    private TaskCompletionSource _goOn = null!;

    [SetUp]
    public void Prepare()
    {
        _seen.Clear();
        (_arrived, _goOn) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    [TearDown]
    public async Task NothingIsLeft()
    {
        if (_gateway is null) return;
        try
        {
            _goOn.TrySetResult();
            foreach (var client in _clients) await client.DisposeAsync();
            await GatewayUnderTest.UntilAsync(
                () => _gateway.Activity is { Held: 0, Running: 0, Active: 0, Open: 0, Transactions: 0, PinnedCount: 0 }, () => $"no statement waits or runs, and nobody is there: {_gateway.Activity}");
            Assert.That((_gateway.Database.Hold.Statements, _gateway.Database.Hold.Bytes), Is.EqualTo((0, 0L)), "what counts against the limits");
            _gateway.Database.Close("the test has ended");
            await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Sharing!.Backends == 0, () => $"no connection is counted that is not there: {_gateway.Activity.Sharing}");
        }
        finally
        {
            _clients.Clear();
            await _gateway.DisposeAsync();
            _gateway = null!;
            _compute?.Dispose();
            _compute = null;
        }
    }

    /// <summary>A gateway that may have one connection, with a compute that answers as told.</summary>
    private async Task StartScriptedAsync(HoldLimits? hold = null, Func<string, Func<PacketChannel, Task>?>? instead = null)
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1, hold));
        _gateway.KnowsNoStoredCode();
        _compute = Scripted(instead);
        _gateway.Database.Open(_compute.Address);
    }

    private ScriptedCompute Scripted(Func<string, Func<PacketChannel, Task>?>? instead = null) => new(
        async text =>
        {
            if (text.Length > 0) _seen.Enqueue(text);
            if (text != Slow) return true;
            _arrived.TrySetResult();
            await _goOn.Task;
            return true;
        },
        instead);

    private static GatewayOptions Sharing(int most, HoldLimits? hold = null) =>
        new() { MostBackends = most, Hold = hold ?? Patient, Sharing = new SharingOptions { On = true, After = TimeSpan.FromMinutes(1) } };

    private async Task<EngineClient> ConnectAsync(string? schema = null)
    {
        var client = await _gateway.ConnectAsync(schema);
        lock (_clients) _clients.Add(client);
        return client;
    }

    /// <summary>A client whose statement has the one connection until <see cref="_goOn"/>.</summary>
    private async Task<Task<QueryResult>> OccupyAsync(CancellationToken cancellation)
    {
        var running = (await ConnectAsync()).QueryAsync(Slow, cancellation);
        await _arrived.Task.WaitAsync(cancellation);
        return running;
    }

    /// <summary>The statement, once it stands in the line behind those that stand there already.</summary>
    private async Task<Task<QueryResult>> StandInLineAsync(EngineClient client, string sql, CancellationToken cancellation)
    {
        var before = _gateway.Activity.Held;
        var answer = client.QueryAsync(sql, cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == before + 1, "the statement stands in the line");
        return answer;
    }

    [Test]
    public async Task Connection_GoesFromOneToTheNext_InTheOrderOfTheLine(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var answers = new List<Task<QueryResult>> { await OccupyAsync(cancellation) };
        for (var i = 0; i < 5; i++) answers.Add(await StandInLineAsync(await ConnectAsync(), $"SELECT c{i} FROM t", cancellation));
        var woken = _gateway.HeldEvents;
        _goOn.SetResult();
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.All.EqualTo("1"));
        Assert.That(_seen.Where(text => text.EndsWith(" FROM t", StringComparison.Ordinal)), Is.EqualTo(Enumerable.Range(0, 5).Select(i => $"SELECT c{i} FROM t")));
        Assert.That((_gateway.Activity.Sharing!.Logins, _gateway.HeldEvents), Is.EqualTo((1L, woken)), "one login, and no compute was asked for");
    }

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
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running, waits.IsCompleted), Is.EqualTo((1, 1, false)));
        var next = await StandInLineAsync(victim, Quick, cancellation);
        _goOn.SetResult();
        foreach (var answer in new[] { running, waits, next }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(_seen, Has.None.EqualTo("SELECT v FROM killed"));
    }

    [Test]
    public async Task KillQuery_OfAPreparedStatement_EndsIt_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        _gateway.Open();
        var (owner, victim, killer) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        var id = await victim.PrepareAsync("SELECT ? + 1 FROM DUAL");
        await owner.QueryAsync("CREATE TEMPORARY TABLE shop.mine (a INT)", cancellation);
        var execute = victim.ExecuteAsync(id, 1, withTypes: true);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the statement stands in the line");
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
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 3, Held: 1, Running: 1 }, "the victim is gone, and the other is still there");
        Assert.That(async () => await victim.QueryAsync(Quick, cancellation), Throws.Exception);
        _goOn.SetResult();
        foreach (var answer in new[] { running, waits }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(_seen, Has.None.EqualTo("SELECT v FROM killed"));
    }

    [Test]
    public async Task Kill_OfWhoHasTheConnection_LetsTheNextHaveAnother(CancellationToken cancellation)
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        _gateway.Open();
        var (owner, waiting) = (await ConnectAsync(), await ConnectAsync());
        var running = owner.QueryAsync("SELECT SLEEP(100) FROM mysql.user LIMIT 1", cancellation);
        await using var root = await _gateway.ConnectDirectlyAsync();
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
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        _gateway.Open();
        var (owner, waiting, killer) = (await ConnectAsync("shop"), await ConnectAsync(), await ConnectAsync());
        await owner.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
        await owner.QueryAsync("BEGIN", cancellation);
        await owner.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        var running = owner.QueryAsync("SELECT SLEEP(100) FROM mysql.user LIMIT 1", cancellation);
        await using var root = await _gateway.ConnectDirectlyAsync();
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
        var (owner, killer) = (_clients[0], await ConnectAsync());
        var error = await GatewayUnderTest.ErrorOfAsync(killer.QueryAsync(Text($"KILL QUERY {owner.ConnectionId}"), cancellation));
        Assert.That((error.Code, error.EngineMessage), Is.EqualTo((ErrorCode.ServerShutdown, "Whether the KILL took effect is not known: the server did not answer within 5 s, or went away")));
        var next = await StandInLineAsync(killer, Quick, cancellation);
        _goOn.SetResult();
        foreach (var answer in new[] { running, next }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(_seen.Count(text => text.StartsWith("KILL ", StringComparison.Ordinal)), Is.EqualTo(1));
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
        var (owner, killer) = (_clients[0], await ConnectAsync());
        var kill = killer.QueryAsync(Text($"KILL QUERY {owner.ConnectionId}"), cancellation);
        await told.Task.WaitAsync(cancellation);
        killer.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 1, Held: 0, Running: 1, Active: 1 }, "it is gone, and the owner is still there");
        Assert.That(async () => await kill, Throws.Exception);
        _goOn.SetResult();
        Assert.That((await running).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task Kill_WithoutTheRight_IsRefused_BesideTheLineToo(CancellationToken cancellation)
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        _gateway.Open();
        var owner = await ConnectAsync();
        await owner.QueryAsync("CREATE TEMPORARY TABLE shop.mine (a INT)", cancellation);
        await using var stranger = await _gateway.ConnectAsync(user: "plain");
        var error = await GatewayUnderTest.ErrorOfAsync(stranger.QueryAsync(Text($"KILL {owner.ConnectionId}"), cancellation));
        Assert.That((error.Code, error.EngineMessage), Is.EqualTo((ErrorCode.KillDenied, $"You are not owner of thread {owner.ConnectionId}")));
        await owner.QueryAsync("DROP TEMPORARY TABLE shop.mine", cancellation);
    }

    [Test]
    public async Task TimeThatTheClientAllows_IsOver_WithTheServersError_AndNothingRan(CancellationToken cancellation)
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1));
        _gateway.Open();
        var (owner, hasty) = (await ConnectAsync("shop"), await ConnectAsync("shop"));
        await owner.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
        await owner.QueryAsync("BEGIN", cancellation);
        await owner.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        var error = await GatewayUnderTest.ErrorOfAsync(hasty.QueryAsync("SET STATEMENT max_statement_time=0.3 FOR INSERT INTO t VALUES (2)", cancellation));
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.StatementTimeoutMariaDb, "70100")));
        Assert.That(error.EngineMessage, Does.Match(
            @"^Query execution was interrupted \(max_statement_time exceeded\); it was not run: it waited \d+\.\d s for a connection to the compute \(all 1 that limits:backendConnections allows are in use\)$"));
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running), Is.EqualTo((0, 0)));
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
        _goOn.SetResult();
        foreach (var answer in new[] { running, waits, next }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(_seen.Count(text => text.Contains(Quick, StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public async Task ClientThatLeaves_LeavesTheLine_WakesNobody_AndIsNotRun(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var (leaver, behind) = (await ConnectAsync(), await ConnectAsync());
        var left = await StandInLineAsync(leaver, "SELECT l FROM left_behind", cancellation);
        var waits = await StandInLineAsync(behind, Quick, cancellation);
        var woken = _gateway.HeldEvents;
        leaver.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 2, Held: 1, Running: 1 }, "it is gone, and the other is still there");
        Assert.That(async () => await left, Throws.Exception);
        Assert.That((waits.IsCompleted, _gateway.HeldEvents), Is.EqualTo((false, woken)));
        _goOn.SetResult();
        foreach (var answer in new[] { running, waits }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
        Assert.That(_seen, Has.None.EqualTo("SELECT l FROM left_behind"));
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
        _goOn.SetResult();
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
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running), Is.EqualTo((2, 1)));
        _goOn.SetResult();
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.All.EqualTo("1"));
        Assert.That((await late.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(_seen, Has.None.EqualTo("SELECT o FROM too_many"));
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
        _goOn.SetResult();
        foreach (var answer in new[] { running, waits, small }) Assert.That((await answer).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task WaitThatIsTooLong_IsAnErrorThatSaysForWhat_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        await StartScriptedAsync(Patient with { Time = TimeSpan.FromSeconds(1) });
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
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running), Is.EqualTo((0, 1)));
        _goOn.SetResult();
        await running;
        Assert.That((await late.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(_seen, Has.None.EqualTo("SELECT o FROM too_long"));
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
        if (refuses) _gateway.Database.RefuseHeld("the operator paused it");
        else _gateway.Database.FailHeld("the operator paused it");
        foreach (var answer in failed) Assert.That((await GatewayUnderTest.ErrorOfAsync(answer)).EngineMessage, Is.EqualTo("The statement was not run: the operator paused it"));
        _gateway.Database.AllowHolding();
        _goOn.SetResult();
        await running;
        foreach (var client in clients) Assert.That((await client.QueryAsync(Quick, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(_seen, Has.None.EqualTo("SELECT f FROM failed"));
    }

    [Test]
    public async Task ComputeThatGoes_LeavesTheLineStanding_UntilTheNextOneIsThere(CancellationToken cancellation)
    {
        await StartScriptedAsync();
        var running = await OccupyAsync(cancellation);
        var answers = new List<Task<QueryResult>>();
        for (var i = 0; i < 10; i++) answers.Add(await StandInLineAsync(await ConnectAsync(), Quick, cancellation));
        var woken = _gateway.HeldEvents;
        _gateway.Database.Close("it was killed");
        var error = await GatewayUnderTest.ErrorOfAsync(running);
        Assert.That(error.EngineMessage, Does.StartWith("The compute went away while the statement ran (it was killed)"));
        await GatewayUnderTest.UntilAsync(() => _gateway.HeldEvents > woken, "a compute is asked for");
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running, _seen.Contains(Quick)), Is.EqualTo((10, 0, false)));
        _goOn.SetResult();
        using var next = Scripted();
        _gateway.Database.Open(next.Address);
        Assert.That((await Task.WhenAll(answers)).Select(answer => answer.Scalar), Is.All.EqualTo("1"));
        Assert.That(_seen.Count(text => text == Quick), Is.EqualTo(10), "each ran once");
    }

    [Test]
    public async Task ComputeThatDies_BeforeAnybodyHasToldTheGate_IsWaitedFor(CancellationToken cancellation)
    {
        _gateway = await GatewayUnderTest.StartAsync(Sharing(most: 2));
        _gateway.Open();
        var owners = new[] { await ConnectAsync("shop"), await ConnectAsync("shop") };
        foreach (var owner in owners) await owner.QueryAsync("CREATE TEMPORARY TABLE mine (a INT)", cancellation);
        var clients = new List<EngineClient>();
        for (var i = 0; i < 10; i++) clients.Add(await ConnectAsync("shop"));
        var answers = clients.Select((client, i) => client.QueryAsync($"SELECT {i} + COUNT(*) * 0 FROM mysql.db", cancellation)).ToArray();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 10, "all stand in the line");
        _gateway.Server.Kill();
        // What the owners had is free, and those that are first in the line try the dead one.
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.PinnedCount == 0, "the owners have lost their connections");
        Assert.That(answers.Any(answer => answer.IsCompleted), Is.False);
        _gateway.Database.Close("it was killed");
        await _gateway.WakeAsync();
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
        var stops = _gateway.Gateway.StopAsync(TimeSpan.FromSeconds(60));
        foreach (var answer in answers)
        {
            var error = await GatewayUnderTest.ErrorOfAsync(answer);
            Assert.That((error.Code, error.EngineMessage), Is.EqualTo((ErrorCode.ServerShutdown, "Server shutdown in progress: the gateway stops")));
        }
        Assert.That(stops.IsCompleted, Is.False, "a statement runs");
        _goOn.SetResult();
        Assert.That((await running).Scalar, Is.EqualTo("1"));
        await stops.WaitAsync(cancellation);
        Assert.That(_seen, Has.None.EqualTo(Quick));
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
            await _goOn.Task;
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
        _gateway = loops == 1 ? await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 2)) : await GatewayUnderTest.StartAsync(Sharing(most: 2));
        _gateway.KnowsNoStoredCode();
        _gateway.Open();
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
        Assert.That(_gateway.Activity.Sharing!.Backends, Is.LessThanOrEqualTo(2));
        Assert.That((await _clients[0].QueryAsync("SELECT COUNT(*) FROM t", cancellation)).Scalar, Is.EqualTo($"{crowd / 8 * statements / 2}"));
    }

    private static string Text(FormattableString sql) => sql.ToString(CultureInfo.InvariantCulture);
}
