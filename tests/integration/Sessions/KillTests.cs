using System.Globalization;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>KILL: whom it reaches, what they are told, and nobody else.</summary>
[CancelAfter(120_000)]
public sealed class KillTests
{
    private const string Wakes = "SELECT 1 + COUNT(*) * 0 FROM mysql.db";

    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start() => _gateway = await GatewayUnderTest.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [TearDown]
    public async Task EverybodyLeaves()
    {
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "all clients of the test are gone");
        _gateway.Database.Close("the test before ended");
    }

    [Test]
    public async Task KillQuery_OfAHeldStatement_EndsIt_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        var held = victim.QueryAsync(Wakes, cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the statement is held");
        await killer.QueryAsync(Kill("KILL QUERY", victim), cancellation);
        var error = await GatewayUnderTest.ErrorOfAsync(held);
        Assert.That((error.Code, error.SqlState, error.EngineMessage), Is.EqualTo((ErrorCode.QueryInterrupted, "70100", "Query execution was interrupted")));
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running), Is.EqualTo((0, 0)));
        _gateway.Open();
        Assert.That((await victim.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task KillQuery_OfASessionThatAttaches_EndsItsStatement_AndTheSessionGoesOn(CancellationToken cancellation)
    {
        using var silent = new ScriptedCompute(async _ => await Forever(cancellation));
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        _gateway.Database.Open(silent.Address);
        var attaching = victim.QueryAsync(Wakes, cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Running: 1, Active: 1 }, "the session attaches");
        await killer.QueryAsync(Kill("KILL QUERY", victim), cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(attaching)).Code, Is.EqualTo(ErrorCode.QueryInterrupted));
        _gateway.Open();
        Assert.That((await victim.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task KillQuery_OfAnIdleSession_DoesNotTouchItsNextStatement(CancellationToken cancellation)
    {
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        await killer.QueryAsync(Kill("KILL QUERY", victim), cancellation);
        _gateway.Open();
        Assert.That((await victim.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task KillQuery_OfASessionWithoutAConnection_DoesNotHitWhatItsClientSendsNext(CancellationToken cancellation)
    {
        await using var killer = await _gateway.ConnectAsync();
        for (var i = 0; i < 30; i++)
        {
            // both loops of the gateway have such sessions
            await using var victim = await _gateway.ConnectAsync();
            await killer.QueryAsync(Kill("KILL QUERY", victim), cancellation);
            var next = victim.QueryAsync(Wakes, cancellation);
            _gateway.Open();
            Assert.That((await next).Scalar, Is.EqualTo("1"));
            Assert.That(await _gateway.DrainAsync(), Is.Null);
            _gateway.Database.Close("asleep");
        }
    }

    /// <summary>Under LOCK TABLES the server closes a connection that is killed in an ALTER TABLE without a word.</summary>
    [Test]
    public async Task Kill_ThatMakesTheServerHangUp_IsToldAsAKill(CancellationToken cancellation)
    {
        _gateway.Open();
        await using var killer = await _gateway.ConnectAsync();
        await killer.QueryAsync("CREATE DATABASE IF NOT EXISTS kills", cancellation);
        for (var i = 0; i < 10; i++)
        {
            await killer.QueryAsync("CREATE OR REPLACE TABLE kills.t (a INT) ENGINE=InnoDB", cancellation);
            await using var victim = await _gateway.ConnectAsync("kills");
            await victim.QueryAsync("LOCK TABLE t WRITE", cancellation);
            var running = victim.QueryAsync("ALTER TABLE t ADD COLUMN b INT", cancellation);
            await GatewayUnderTest.UntilAsync(() => running.IsCompleted || _gateway.Activity.Running > 0, "the statement to be killed runs");
            await killer.QueryAsync(Kill("KILL", victim), cancellation);
            try
            {
                await running;
            }
            catch (EngineErrorException error)
            {
                Assert.That(error.Code, Is.EqualTo(ErrorCode.ConnectionKilled).Or.EqualTo(ErrorCode.QueryInterrupted), error.EngineMessage);
            }
            Assert.That(async () => await victim.QueryAsync("SELECT 1", cancellation), Throws.Exception, "the connection has ended");
        }
    }

    [Test]
    public async Task Kill_OfASessionWhoseStatementIsHeld_AnswersThatStatement(CancellationToken cancellation)
    {
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        var header = victim.Channel.Loop.RunAsync(async () =>
        {
            victim.Channel.Sequence = 0;
            victim.Channel.Append([(byte)Command.Query, .. System.Text.Encoding.UTF8.GetBytes(Wakes)]);
            await victim.Channel.FlushAsync();
            if (!await victim.Channel.FillAsync()) throw new IOException("No answer.");
            return (Sequence: victim.Channel.Buffered[3], Code: victim.Channel.Buffered[5] | (victim.Channel.Buffered[6] << 8));
        });
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the statement is held");
        await killer.QueryAsync(Kill("KILL", victim), cancellation);
        Assert.That(await header, Is.EqualTo(((byte)1, (int)ErrorCode.ConnectionKilled)), "an answer to a command has the sequence number 1");
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 1, "the victim is gone");
    }

    [Test]
    public async Task KillInABatch_LeavesEveryAnswerWithItsStatement(CancellationToken cancellation)
    {
        _gateway.Open();
        await using var client = await _gateway.ConnectAsync();
        var results = await client.QueryAllAsync("SELECT 7 + COUNT(*) * 0 FROM mysql.db; SELECT 8 + COUNT(*) * 0 FROM mysql.db", cancellation);
        Assert.That(results.Select(result => result.Scalar), Is.EqualTo(new[] { "7", "8" }));
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAllAsync("SELECT 9 + COUNT(*) * 0 FROM mysql.db; KILL QUERY 4000000", cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.UnknownThread));
        Assert.That((await client.QueryAsync("SELECT 10 + COUNT(*) * 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo("10"));
    }

    [Test]
    public async Task KillThatWasLostWithItsConnection_KillsNobodyLater(CancellationToken cancellation)
    {
        using var compute = new ScriptedCompute(text => Task.FromResult(!text.StartsWith("KILL", StringComparison.Ordinal)));
        _gateway.Database.Open(compute.Address);
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        await victim.QueryAsync(Wakes, cancellation);
        var lost = await GatewayUnderTest.ErrorOfAsync(killer.QueryAsync(Kill("KILL", victim), cancellation));
        Assert.That(lost.Code, Is.EqualTo(ErrorCode.ServerShutdown));
        await killer.QueryAsync(Wakes, cancellation);
        await Task.Delay(100, cancellation);
        await victim.QueryAsync(Wakes, cancellation);
        Assert.That(_gateway.Activity.Open, Is.EqualTo(2));
    }

    /// <summary>The engine goes while it has a KILL in its hands: nobody was killed, and whoever was meant goes on.</summary>
    [Test]
    public async Task EngineThatGoesWithAKillUnanswered_EndsNoSession(CancellationToken cancellation)
    {
        var engine = new ScriptedCompute(_ => Task.FromResult(true));
        _gateway.Database.Open(engine.Address);
        await using var victim = await _gateway.ConnectAsync();
        await victim.QueryAsync(Wakes, cancellation);
        _gateway.Database.Backends[_gateway.Database.FindSession(victim.ConnectionId)!.BackendConnectionId].AimAt(KillAim.Connection);
        engine.Dispose();
        _gateway.Database.Close("the engine is gone");
        _gateway.Open();
        Assert.That((await victim.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task Kill_OfASessionThatGivesItsConnectionBack_IsNotForgotten(CancellationToken cancellation)
    {
        var capturing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var compute = new ScriptedCompute(async text =>
        {
            if (!text.StartsWith("SHOW WARNINGS", StringComparison.Ordinal)) return true;
            capturing.TrySetResult();
            await goOn.Task;
            return true;
        });
        _gateway.Database.Open(compute.Address);
        await using var victim = await _gateway.ConnectAsync();
        await victim.QueryAsync(Wakes, cancellation);
        var drain = _gateway.DrainAsync();
        await capturing.Task.WaitAsync(cancellation);
        _gateway.Database.FindSession(victim.ConnectionId)!.PostSignal(Host.Gateway.Sessions.SessionSignals.Killed);
        await Task.Delay(100, cancellation);
        goOn.SetResult();
        Assert.That(await drain, Is.Null);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "the victim is gone");
    }

    [Test]
    public async Task Kill_OfAnothersSessionWithoutAConnection_IsTheServersToAllow(CancellationToken cancellation)
    {
        _gateway.Open();
        await using var victim = await _gateway.ConnectAsync(user: "plain");
        await using var owner = await _gateway.ConnectAsync();
        var refused = await GatewayUnderTest.ErrorOfAsync(victim.QueryAsync(Kill("KILL", owner), cancellation));
        Assert.That((refused.Code, refused.EngineMessage), Is.EqualTo((ErrorCode.KillDenied, $"You are not owner of thread {owner.ConnectionId}")));
        Assert.That(_gateway.Activity.Running, Is.EqualTo(0), "a KILL that is over runs no more");
        Assert.That((await owner.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
        Assert.That(_gateway.Activity.Active, Is.EqualTo(0), "nobody has a connection");
        await owner.QueryAsync(Kill("KILL", victim), cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 1, "the victim is gone");
    }

    [Test]
    public async Task Kill_OfASessionWhoseAccountIsLetInNoMore_EndsIt(CancellationToken cancellation)
    {
        await using var root = await _gateway.ConnectDirectlyAsync();
        await using var victim = await _gateway.ConnectAsync(user: "plain");
        await using var killer = await _gateway.ConnectAsync();
        _gateway.Open();
        await root.QueryAsync("ALTER USER plain@'%' ACCOUNT LOCK", cancellation);
        try
        {
            await killer.QueryAsync(Kill("KILL", victim), cancellation);
        }
        finally
        {
            await root.QueryAsync("ALTER USER plain@'%' ACCOUNT UNLOCK", cancellation);
        }
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 1, Running: 0 }, "the victim is gone");
    }

    [Test]
    public async Task Kill_ThatCannotBeAsked_IsRefused_AndSaysWhy(CancellationToken cancellation)
    {
        using var compute = new ScriptedCompute(_ => Task.FromResult(true), full: "plain");
        await using var victim = await _gateway.ConnectAsync(user: "plain");
        await using var killer = await _gateway.ConnectAsync();
        _gateway.Database.Open(compute.Address);
        var refused = await GatewayUnderTest.ErrorOfAsync(killer.QueryAsync(Kill("KILL", victim), cancellation));
        Assert.That(refused.Code, Is.EqualTo(ErrorCode.KillDenied));
        Assert.That(refused.EngineMessage, Does.Match("could not be asked: .*Too many connections.*; try again"));
        Assert.That((_gateway.Activity.Open, _gateway.Activity.Running), Is.EqualTo((2, 0)));
    }

    [Test]
    public async Task KillThatWasPrepared_GoesByTheGatewaysIds([Values] bool attached, CancellationToken cancellation)
    {
        _gateway.Open();
        await using var killer = await _gateway.ConnectAsync();
        await using var bystander = await _gateway.ConnectAsync();
        await using var victim = await _gateway.ConnectAsync();
        if (attached) await victim.QueryAsync(Wakes, cancellation);
        var query = await killer.PrepareAsync(Kill("KILL QUERY", victim));
        await killer.ExecuteAsync(query);
        Assert.That((await victim.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"), "its next statement was not meant");
        await killer.ExecuteAsync(await killer.PrepareAsync(Kill("KILL", victim)));
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 2, "the victim is gone");
        await killer.ExecuteAsync(await killer.PrepareAsync("KILL USER plain"));
        foreach (var one in new[] { killer, bystander }) Assert.That((await one.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task KillUser_OfOneself_EndsOneself(CancellationToken cancellation)
    {
        await using var killer = await _gateway.ConnectAsync(user: "plain");
        await using var bystander = await _gateway.ConnectAsync();
        _gateway.Open();
        await killer.QueryAsync("KILL USER CURRENT_USER", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 1, "the killer is gone");
        Assert.That((await bystander.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task KillUser_EndsAllOfTheUser_WithAConnectionOrWithout_AndNobodyElse(CancellationToken cancellation)
    {
        await using var idle = await _gateway.ConnectAsync(user: "plain");
        await using var killer = await _gateway.ConnectAsync();
        await using var bystander = await _gateway.ConnectAsync();
        _gateway.Open();
        await using var attached = await _gateway.ConnectAsync(user: "plain");
        await attached.QueryAsync("SELECT COUNT(*) FROM information_schema.SCHEMATA", cancellation);
        await killer.QueryAsync("KILL HARD CONNECTION USER 'plain'", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 2, "both are gone");
        foreach (var one in new[] { idle, attached }) Assert.That(async () => await one.QueryAsync("SELECT 1", cancellation), Throws.Exception);
        Assert.That((await bystander.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task KillUser_ByWhoMayNot_EndsNobody(CancellationToken cancellation)
    {
        await using var idle = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync(user: "plain");
        _gateway.Open();
        await using var attached = await _gateway.ConnectAsync();
        await attached.QueryAsync(Wakes, cancellation);
        // The server says OK to it, and kills nobody.
        await killer.QueryAsync("KILL USER app", cancellation);
        foreach (var one in new[] { idle, attached }) Assert.That((await one.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(_gateway.Activity.Open, Is.EqualTo(3));
    }

    [Test]
    public async Task KillQueryUser_EndsNoSession(CancellationToken cancellation)
    {
        await using var idle = await _gateway.ConnectAsync(user: "plain");
        await using var killer = await _gateway.ConnectAsync();
        _gateway.Open();
        await killer.QueryAsync("KILL QUERY USER plain", cancellation);
        await killer.QueryAsync("KILL USER plain@nohost", cancellation);
        Assert.That((await idle.QueryAsync("SELECT 3 + COUNT(*) * 0 FROM information_schema.SCHEMATA", cancellation)).Scalar, Is.EqualTo("3"));
    }

    [TestCase("KILL USER a", "a", "%")]
    [TestCase("kill soft query user 'a b'@`h.x`;", "a b", "h.x")]
    [TestCase("KILL HARD CONNECTION USER a@localhost", "a", "localhost")]
    [TestCase("KILL USER CURRENT_USER()", null, "%")]
    [TestCase("KILL USER current_user", null, "%")]
    public void KillUser_IsRead(string text, string? user, string host) => Assert.That(ReadKillUser(text), Is.EqualTo(new KillUserStatement(user, host)));

    [TestCase("KILL 5")]
    [TestCase("KILL USER")]
    [TestCase("KILL USER a, b")]
    [TestCase("KILL QUERY ID 7")]
    [TestCase("KILL USER a; SELECT 1")]
    [TestCase("SELECT 1")]
    public void OtherStatements_AreNoKillUser(string text) => Assert.That(ReadKillUser(text), Is.Null);

    private static KillUserStatement? ReadKillUser(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var dialect = new SqlDialect(ServerFamily.MariaDb, 101100);
        return KillUserStatement.Read(bytes, StatementClassifier.Classify(bytes, dialect), dialect);
    }

    private static string Kill(string how, EngineClient victim) => string.Create(CultureInfo.InvariantCulture, $"{how} {victim.ConnectionId}");

    private static async Task<bool> Forever(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        return true;
    }
}
