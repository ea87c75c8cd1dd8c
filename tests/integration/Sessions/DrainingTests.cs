using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Taking the backend connections back, and what forbids it.</summary>
[CancelAfter(120_000)]
public sealed class DrainingTests
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start() => _gateway = await GatewayUnderTest.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [SetUp]
    public void Open() => _gateway.Open();

    [TearDown]
    public async Task EverybodyLeaves()
    {
        _gateway.Open();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "all clients of the test are gone");
    }

    [Test]
    public async Task IdleSessions_GiveTheirConnectionsBack_AndStay(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That(_gateway.Activity, Has.Property("Active").EqualTo(1).And.Property("Parked").EqualTo(0));
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        Assert.That(_gateway.Activity, Has.Property("Active").EqualTo(0).And.Property("Parked").EqualTo(1));
        _gateway.Open();
        Assert.That((await client.QueryAsync("SELECT COUNT(*) > 0 FROM mysql.db", cancellation)).Scalar, Is.Not.Null);
    }

    [Test]
    public async Task RunningStatement_RefusesTheDrain(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var running = client.QueryAsync("SELECT SLEEP(5) FROM mysql.user LIMIT 1", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Database.ReadSessions(0, 10).Any(one => one.State == "running"), "the statement runs, with a connection");
        Assert.That(await _gateway.DrainAsync(), Does.Match(@"^connection \d+ \(app@127\.0\.0\.1\): a statement runs$"));
        Assert.That((await running).Scalar, Is.EqualTo("0"));
    }

    [TestCase("BEGIN; SELECT COUNT(*) FROM mysql.db", "open transaction")]
    [TestCase("SET autocommit=0; SELECT COUNT(*) FROM mysql.db", "autocommit is off")]
    [TestCase("CREATE TEMPORARY TABLE shop.t (a INT)", "temporary table")]
    [TestCase("SELECT GET_LOCK('l', 0)", "GET_LOCK")]
    public async Task StateThatCannotBeRestored_RefusesTheDrain_AndIsNamed(string statements, string why)
    {
        await using var client = await _gateway.ConnectAsync();
        foreach (var statement in statements.Split(';')) await client.QueryAsync(statement, default);
        Assert.That(await _gateway.DrainAsync(), Does.Contain(why));
        Assert.That(_gateway.Activity.Pinned.Single().Why, Does.Contain(why).And.Contain("since"));
    }

    [Test]
    public async Task FailedStatementThatOpenedATransaction_IsSeen(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE IF NOT EXISTS f (a INT PRIMARY KEY) ENGINE=InnoDB", cancellation);
        await client.QueryAsync("REPLACE INTO f VALUES (1)", cancellation);
        await client.QueryAsync("SET autocommit=0", cancellation);
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("INSERT INTO f VALUES (2), (1)", cancellation));
        Assert.That(error.Code, Is.EqualTo(1062));
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Transactions == 1, "the transaction is counted");
        var counts = await client.QueryAsync("SELECT ROW_COUNT()", cancellation);
        Assert.That(counts.Scalar, Is.EqualTo("-1"));
        await client.QueryAsync("ROLLBACK", cancellation);
        Assert.That(_gateway.Activity.Transactions, Is.Zero);
    }

    [Test]
    public async Task WarningsOfAFailedStatement_SurviveTheLookAtTheTransaction(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("BEGIN", cancellation);
        await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT * FROM nowhere", cancellation));
        Assert.That((await client.QueryAsync("SHOW WARNINGS", cancellation)).Rows[0][1], Is.EqualTo("1146"));
        await client.QueryAsync("COMMIT", cancellation);
    }

    [Test]
    public async Task StatementDuringADrained_IsHeld_AndGoesOnWhenReopened(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        var events = _gateway.HeldEvents;
        var held = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.HeldEvents > events, "it is said to be held");
        _gateway.Database.Reopen();
        Assert.That((await held).Scalar, Is.Not.Null);
    }

    [Test]
    public async Task OperatorsDrain_LetsATransactionFinish_AndHoldsOthers(CancellationToken cancellation)
    {
        await using var busy = await _gateway.ConnectAsync();
        await using var other = await _gateway.ConnectAsync();
        await other.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await busy.QueryAsync("BEGIN", cancellation);
        await busy.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        var drain = _gateway.DrainAsync(byOperator: true);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Active == 1, "the idle one has given its connection back");
        var held = other.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the other is held");
        Assert.That((await busy.QueryAsync("SELECT 1 + COUNT(*) * 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo("1"));
        Assert.That(drain.IsCompleted, Is.False);
        await busy.QueryAsync("COMMIT", cancellation);
        Assert.That(await drain, Is.Null);
        _gateway.Open();
        await held;
    }

    [Test]
    public async Task OperatorsDrain_OverItsTime_IsRefused_AndTheGateIsOpen(CancellationToken cancellation)
    {
        // One of these is looked at before the busy one, on whichever loop that is.
        await using var other = await _gateway.ConnectAsync();
        await using var another = await _gateway.ConnectAsync();
        await using var busy = await _gateway.ConnectAsync();
        await busy.QueryAsync("BEGIN", cancellation);
        await busy.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        var drain = _gateway.DrainAsync(byOperator: true, limit: TimeSpan.FromSeconds(0.5));
        var held = Task.WhenAll(other.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation), another.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation));
        Assert.That(await drain, Does.Contain("after 0.5 s").And.Contain("open transaction"));
        await held;
        await busy.QueryAsync("COMMIT", cancellation);
    }

    [Test]
    public async Task TransactionIdleForLong_IsGivenUpOn_WhenTheRequestSaysSo(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE IF NOT EXISTS g (a INT) ENGINE=InnoDB", cancellation);
        await client.QueryAsync("BEGIN", cancellation);
        await client.QueryAsync("INSERT INTO g VALUES (1)", cancellation);
        Assert.That(await _gateway.DrainAsync(breakTransactions: TimeSpan.FromHours(1)), Does.Contain("open transaction"));
        await Task.Delay(20, cancellation);
        Assert.That(await _gateway.DrainAsync(breakTransactions: TimeSpan.FromMilliseconds(10)), Is.Null);
        _gateway.Open();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("INSERT INTO g VALUES (2)", cancellation));
        Assert.That(error.EngineMessage, Does.Contain("open transaction"));
        Assert.That((await client.QueryAsync("SELECT COUNT(*) FROM g", cancellation)).Scalar, Is.EqualTo("0"));
    }

    [Test]
    public async Task PinnedSessionIdleForLong_IsGivenUpOn_WhenTheRequestSaysSo(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TEMPORARY TABLE h (a INT)", cancellation);
        await Task.Delay(20, cancellation);
        Assert.That(await _gateway.DrainAsync(breakPinned: TimeSpan.FromMilliseconds(10)), Is.Null);
        _gateway.Open();
        Assert.That((await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT * FROM h", cancellation))).EngineMessage, Does.Contain("temporary table"));
        Assert.That((await client.QueryAsync("SELECT DATABASE()", cancellation)).Scalar, Is.EqualTo("shop"));
    }

    [Test]
    public async Task ClientThatReadsNothing_ButHasNoConnection_ForbidsNothing(CancellationToken cancellation)
    {
        using var loop = new Host.Net.EventLoop("client");
        var client = await _gateway.ConnectAsync(loop: loop);
        var pings = new byte[64 << 10];
        for (var i = 0; i + 5 <= pings.Length; i += 5) (pings[i], pings[i + 4]) = (1, (byte)Command.Ping);
        pings = pings[..(pings.Length / 5 * 5)];
        // Answers that nobody reads fill every buffer up to the gateway's session, which then waits.
        await loop.RunAsync(async () =>
        {
            for (int full = 0, at = 0; full < 20;)
            {
                var sent = client.Channel.Transport.TrySend(pings.AsSpan(at));
                if (sent >= 0) (full, at) = (0, (at + sent) % pings.Length);
                else
                {
                    full++;
                    await loop.DelayAsync(TimeSpan.FromMilliseconds(20), cancellation);
                }
            }
        });
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        client.Abort();
    }

    [Test]
    public async Task WarningsThatFillMegabytes_CostNothingElse(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("SET max_error_count = 65535, @v = 'kept'", cancellation);
        await client.QueryAsync("SELECT SUM(CAST(CONCAT(REPEAT('x', 120), seq) AS INT)) FROM seq_1_to_65000", cancellation);
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        _gateway.Open();
        Assert.That((await client.QueryAsync("SELECT @v, COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.EqualTo("kept"));
    }

    [Test]
    public async Task KeepAlives_DoNotCountAsActivity_AndWorkDoes(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        var ended = _gateway.LastEnded;
        Assert.That(ended, Is.Positive);
        await client.PingAsync(cancellation);
        await client.QueryAsync("SELECT 1", cancellation);
        Assert.That(_gateway.LastEnded, Is.EqualTo(ended));
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That(_gateway.LastEnded, Is.GreaterThan(ended));
        Assert.That(DateTimeOffset.UtcNow - _gateway.Activity.LastEnded, Is.LessThan(TimeSpan.FromMinutes(1)));
    }

    [Test]
    public async Task StatementThatChangesAccounts_IsTold(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var before = _gateway.AccountsChangedEvents;
        await client.QueryAsync("CREATE OR REPLACE USER fresh@'%' IDENTIFIED BY 'x'", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.AccountsChangedEvents == before + 1, "the change is told");
        await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("CREATE USER fresh@'%' IDENTIFIED NOSUCH", cancellation));
        Assert.That(_gateway.AccountsChangedEvents, Is.EqualTo(before + 1), "nothing was done");
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("CREATE USER other@'%', fresh@'%'", cancellation));
        Assert.That((error.Code, _gateway.AccountsChangedEvents), Is.EqualTo((1396, before + 2)), "one of the two was made");
    }
}
