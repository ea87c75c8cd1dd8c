using System.Globalization;
using NUnit.Framework;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Peers that die, and connections that are killed.</summary>
[CancelAfter(120_000)]
public sealed class LosingTests
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

    [TearDown]
    public Task EverybodyLeaves() => GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "all clients of the test are gone");

    [Test]
    public async Task ComputeThatDiesUnderAStatement_IsAnErrorThere_AndTheNextStatementWorks(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        var running = client.QueryAsync("SELECT SLEEP(30) FROM mysql.user LIMIT 1", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Running == 1, "the statement runs");
        _gateway.Server.Kill();
        var error = await GatewayUnderTest.ErrorOfAsync(running);
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.ServerShutdown, "08S01")));
        Assert.That(error.EngineMessage, Does.StartWith("The compute went away while the statement ran"));
        _gateway.Database.Close("it was killed");
        var next = client.QueryAsync("SELECT DATABASE(), COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the next one waits");
        await _gateway.WakeAsync();
        Assert.That((await next).Rows[0][0], Is.EqualTo("shop"));
    }

    [Test]
    public async Task ComputeThatDiesAndComesBack_BeforeAnybodyHasToldTheGate_IsWaitedFor(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        _gateway.Server.Kill();
        var next = client.QueryAsync("SELECT DATABASE(), COUNT(*) FROM mysql.db", cancellation);
        await Task.Delay(200, cancellation);
        Assert.That(next.IsCompleted, Is.False);
        await _gateway.WakeAsync();
        Assert.That((await next).Rows[0][0], Is.EqualTo("shop"));
    }

    [Test]
    public async Task ComputeWhosePlaceAnotherTakesAtOnce_IsLeftByItsSessions([Values] bool atTheSameAddress, CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, new GatewayOptions());
        var atFirst = 0;
        using var first = new ScriptedCompute(_ =>
        {
            Interlocked.Increment(ref atFirst);
            return Task.FromResult(true);
        });
        using var second = new ScriptedCompute(_ => Task.FromResult(true));
        gateway.Database.Open(first.Address);
        await using var client = await gateway.ConnectAsync();
        await client.QueryAsync("SELECT a FROM t", cancellation);
        using var hasMoved = new ManualResetEventSlim();
        // A loop that is at something else sees of both moves the last one alone.
        gateway.Gateway.Loops.Next().Post(() => hasMoved.Wait(CancellationToken.None));
        gateway.Database.Close("its pod is gone");
        gateway.Database.Open((atTheSameAddress ? first : second).Address);
        var (before, logins) = (Volatile.Read(ref atFirst), gateway.Database.Attaches.Count);
        hasMoved.Set();
        Assert.That((await client.QueryAsync("SELECT b FROM t", cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(gateway.Database.Attaches.Count, Is.EqualTo(logins + 1), "its connection was left");
        if (!atTheSameAddress) Assert.That(Volatile.Read(ref atFirst), Is.EqualTo(before), "the one that answered at once, though its place is taken, is asked nothing more");
    }

    [Test]
    public async Task ComputeWhosePlaceAnotherTakes_WhileTheSessionIsAtSomethingElse_IsLeftWithTheNextStatement(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, new GatewayOptions { AdminUsers = new HashSet<string>(StringComparer.Ordinal) { "app" } });
        using var compute = new ScriptedCompute(_ => Task.FromResult(true));
        var control = new SlowControl();
        gateway.Database.UseControl(control);
        gateway.Database.Open(compute.Address);
        await using var client = await gateway.ConnectAsync();
        await client.QueryAsync("SELECT a FROM t", cancellation);
        var wish = client.QueryAsync("SERVERLESS RESUME", cancellation);
        await control.Asked.Task.WaitAsync(cancellation);
        gateway.Database.Close("its node is gone");
        gateway.Database.Open(compute.Address);
        // Behind the loop's look at the gate.
        await gateway.Gateway.Loops.Next().RunAsync(() => Task.FromResult(true));
        control.Answer.SetResult(new CommandReading(Wrong: null, []));
        await wish;
        var logins = gateway.Database.Attaches.Count;
        Assert.That((await client.QueryAsync("SELECT b FROM t", cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That((gateway.Database.Attaches.Count, gateway.HeldEvents), Is.EqualTo((logins + 1, 0)), "at once, on a connection to the compute that is there now");
    }

    private sealed class SlowControl : IDatabaseControl
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<CommandReading> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ControlReading? Read() => null;

        public IReadOnlyList<DecisionReading> ReadDecisions(int limit) => [];

        public Task<CommandReading> CommandAsync(OperatorCommand command, string? size, string by)
        {
            Asked.SetResult();
            return Answer.Task;
        }
    }

    [Test]
    public async Task TransactionLostWhileIdle_IsAnErrorForTheNextStatement_NotACommitOfHalfOfIt(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE half (a INT) ENGINE=InnoDB", cancellation);
        await client.QueryAsync("BEGIN", cancellation);
        await client.QueryAsync("INSERT INTO half VALUES (1)", cancellation);
        _gateway.Server.Kill();
        _gateway.Database.Close("it was killed");
        await _gateway.WakeAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("INSERT INTO half VALUES (2)", cancellation));
        Assert.That(error.EngineMessage, Does.StartWith("The compute went away").And.Contain("open transaction"));
        await client.QueryAsync("ROLLBACK", cancellation);
        Assert.That((await client.QueryAsync("SELECT COUNT(*) FROM half", cancellation)).Scalar, Is.EqualTo("0"));
        Assert.That(_gateway.Activity.Transactions, Is.Zero);
    }

    [Test]
    public async Task UserVariableLostWhileIdle_IsSaid(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("SET @v = 1", cancellation);
        _gateway.Server.Kill();
        _gateway.Database.Close("it was killed");
        await _gateway.WakeAsync();
        Assert.That((await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT @v, COUNT(*) FROM mysql.db", cancellation))).EngineMessage, Does.Contain("user variables"));
        Assert.That((await client.QueryAsync("SELECT @v, COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.Null);
    }

    [Test]
    public async Task RoleLostWhileIdle_IsSaid(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await using (var other = await _gateway.ConnectAsync())
        {
            await other.QueryAsync("CREATE ROLE IF NOT EXISTS keeper", cancellation);
            await other.QueryAsync("GRANT keeper TO app@'%'", cancellation);
        }
        await client.QueryAsync("SET ROLE keeper", cancellation);
        _gateway.Server.Kill();
        _gateway.Database.Close("it was killed");
        await _gateway.WakeAsync();
        Assert.That((await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation))).EngineMessage, Does.EndWith("lost: the role chosen by SET ROLE"));
        Assert.That((await client.QueryAsync("SELECT CURRENT_ROLE(), COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.Null);
    }

    [Test]
    public async Task RoleThatIsKnown_SurvivesALoss(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE ROLE IF NOT EXISTS keeper", cancellation);
        await client.QueryAsync("GRANT keeper TO app@'%'", cancellation);
        await client.QueryAsync("SET ROLE keeper", cancellation);
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        _gateway.Server.Kill();
        _gateway.Database.Close("it was killed");
        await _gateway.WakeAsync();
        Assert.That((await client.QueryAsync("SELECT CURRENT_ROLE(), COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.EqualTo("keeper"));
    }

    [Test]
    public async Task ClientThatDiesUnderAStatement_TakesItsBackendConnectionWithIt(CancellationToken cancellation)
    {
        var client = await _gateway.ConnectAsync();
        var running = client.QueryAsync("SELECT SLEEP(30) FROM mysql.user LIMIT 1", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Running == 1, "the statement runs");
        client.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Running: 0, Open: 0, Active: 0 }, "nothing runs and nobody is there");
        Assert.That(async () => await running, Throws.Exception);
    }

    [Test]
    public async Task ClientThatStopsReading_AndThatTheServerGivesUp_IsCutOff(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new() { ClientReadsWithin = TimeSpan.FromSeconds(1) }, "--net-write-timeout=1");
        gateway.Open();
        var client = await gateway.ConnectAsync("shop");
        await client.SendAsync(Command.Query, [.. "SELECT REPEAT('x', 1000000) FROM seq_1_to_1000"u8]);
        await GatewayUnderTest.UntilAsync(() => gateway.Activity is { Running: 1 } or { Open: 0 }, "the statement runs, or did");
        await GatewayUnderTest.UntilAsync(() => gateway.Activity is { Open: 0, Running: 0, Active: 0 }, "the session has ended");
        client.Abort();
        cancellation.ThrowIfCancellationRequested();
    }

    [Test]
    public async Task KillQuery_ByTheGatewaysId_EndsTheStatement(CancellationToken cancellation)
    {
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        var running = victim.QueryAsync("SELECT SLEEP(30) FROM mysql.user LIMIT 1", cancellation);
        // It counts as running while its session still attaches, when there is nothing to kill.
        await using var root = await _gateway.ConnectDirectlyAsync();
        const string arrived = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'app' AND INFO LIKE 'SELECT SLEEP%'";
        while ((await root.QueryAsync(arrived, cancellation)).Scalar != "1") await Task.Delay(20, cancellation);
        await killer.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"KILL QUERY {victim.ConnectionId}"), cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(running)).Code, Is.EqualTo(ErrorCode.QueryInterrupted));
        await victim.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
    }

    [Test]
    public async Task Kill_ByTheGatewaysId_EndsTheConnection([Values] bool asCommand, [Values] bool detached, CancellationToken cancellation)
    {
        await using var victim = await _gateway.ConnectAsync();
        await using var killer = await _gateway.ConnectAsync();
        await victim.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        if (detached)
        {
            await _gateway.DrainAsync();
            _gateway.Open();
        }
        if (asCommand) await killer.SendCommandAsync(Command.ProcessKill, PreparedOverPackets.Id(victim.ConnectionId), cancellation);
        else await killer.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"KILL {victim.ConnectionId}"), cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 1, "the victim is gone");
        Assert.That(async () => await victim.QueryAsync("SELECT 1", cancellation), Throws.Exception);
    }

    [Test]
    public async Task Kill_OfAnUnknownId_IsTheEnginesError(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        Assert.That((await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("KILL 4000000", cancellation))).Code, Is.EqualTo(ErrorCode.UnknownThread));
    }

    [Test]
    public async Task ChangeUser_BeginsAnew()
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("SET @v = 1", default);
        var change = new ChangeUser("app", ReadOnlyMemory<byte>.Empty, "mysql", CollationId: 45, "mysql_native_password", []);
        using var writer = new PacketWriter();
        change.WriteTo(writer);
        var request = AuthSwitchRequest.Read(await client.SendCommandAsync(Command.ChangeUser, writer.Written[1..].ToArray(), default));
        var token = NativePassword.Token("secret"u8, request.Data.Span);
        var answer = await client.Channel.Loop.RunAsync(async () =>
        {
            client.Channel.Append(token);
            await client.Channel.FlushAsync();
            return (await client.Channel.ReadPacketAsync()).ToArray();
        });
        Assert.That(answer[0], Is.EqualTo(OkPacket.Header));
        Assert.That((await client.QueryAsync("SELECT @v, DATABASE(), COUNT(*) > 0 FROM mysql.db", default)).Rows[0][..2], Is.EqualTo(new[] { null, "mysql" }));
    }
}
