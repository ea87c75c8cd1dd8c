using System.Diagnostics;
using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Statements that wait for a compute.</summary>
[CancelAfter(120_000)]
public sealed class HoldingTests
{
    private static readonly GatewayOptions Bounded = new() { Hold = new HoldLimits(3, 1 << 20, TimeSpan.FromSeconds(5)) };
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start() => _gateway = await GatewayUnderTest.StartAsync(Bounded);

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [TearDown]
    public void CloseTheGate()
    {
        _gateway.Database.AllowHolding();
        _gateway.Database.Close("the test before ended");
    }

    [Test]
    public async Task Statement_WithTheGateClosed_IsHeldUntilItOpens(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var events = _gateway.HeldEvents;
        var answer = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        // It is in the line a moment before that is told.
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1 && _gateway.HeldEvents > events, "one statement is held and said to be");
        Assert.That(answer.IsCompleted, Is.False);
        _gateway.Open();
        Assert.That((await answer).Scalar, Is.Not.Null);
        Assert.That((_gateway.Activity.Held, _gateway.Activity.Running), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task ManyHeldStatements_AreAllAnswered(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(options: null, "--max-connections=500");
        var clients = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => gateway.ConnectAsync()));
        var answers = clients.Select((client, i) => client.QueryAsync($"SELECT {i} + COUNT(*) * 0 FROM mysql.db", cancellation)).ToArray();
        await GatewayUnderTest.UntilAsync(() => gateway.Activity.Held == 300, "300 statements are held");
        gateway.Open();
        var results = await Task.WhenAll(answers);
        Assert.That(results.Select((result, i) => result.Scalar == $"{i}"), Is.All.True);
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Test]
    public async Task MoreSessionsThanTheServerTakes_AreServedInTurns(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(options: null, "--max-connections=10");
        var clients = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => gateway.ConnectAsync()));
        gateway.Open();
        var results = await Task.WhenAll(clients.Select((client, i) => client.QueryAsync($"SELECT {i} + COUNT(*) * 0 FROM mysql.db", cancellation)));
        Assert.That(results.Select((result, i) => result.Scalar == $"{i}"), Is.All.True);
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Test]
    public async Task Statement_WaitingTooLong_GetsAnErrorThatSaysForWhat(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation));
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.ServerShutdown, "08S01")));
        Assert.That(error.EngineMessage, Does.Match(@"^The statement was not run: it waited \d+\.\d s for the compute to start \(.*\); try again$"));
        Assert.That(_gateway.Activity.Held, Is.Zero);
    }

    [TestCase("SET SESSION max_statement_time=0.5", "SELECT COUNT(*) FROM mysql.db")]
    [TestCase("SET @@max_statement_time=0.5", "INSERT INTO mysql.nothing VALUES (1)")]
    [TestCase(null, "SET STATEMENT sort_buffer_size=100000, max_statement_time=0.5 FOR SELECT COUNT(*) FROM mysql.db")]
    public async Task Statement_WaitingLongerThanTheClientAllows_GetsTheServersErrorForThat(string? set, string sql, CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        if (set is not null)
        {
            _gateway.Open();
            await client.QueryAsync(set, cancellation);
            // The client has its answer a moment before the session is done with it.
            await Eventually.HoldsAsync(async () => await _gateway.DrainAsync() is null, TimeSpan.FromSeconds(10), () => Task.FromResult("the session is left"));
            _gateway.Database.Close("asleep");
        }
        var began = Stopwatch.GetTimestamp();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync(sql, cancellation));
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.StatementTimeoutMariaDb, "70100")));
        Assert.That(error.EngineMessage, Does.Match(@"^Query execution was interrupted \(max_statement_time exceeded\); it was not run: it waited \d+\.\d s for the compute to start"));
        Assert.That(Stopwatch.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(4.5)));
        Assert.That(_gateway.Activity.Held, Is.Zero);
        _gateway.Open();
        Assert.That((await client.QueryAsync("SET STATEMENT max_statement_time=60 FOR SELECT COUNT(*) FROM mysql.db", cancellation)).Rows, Has.Count.EqualTo(1), "the session goes on");
    }

    [Test]
    public async Task Statement_WithMoreTimeThanTheGatewayAllows_WaitsAsLongAsOthers(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SET STATEMENT max_statement_time=100 FOR SELECT COUNT(*) FROM mysql.db", cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.ServerShutdown));
    }

    [Test]
    public async Task Statement_BeyondTheBound_IsRefusedAtOnce(CancellationToken cancellation)
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _gateway.ConnectAsync()));
        var held = clients[..3].Select(client => client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation)).ToArray();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 3, "three statements are held");
        var error = await GatewayUnderTest.ErrorOfAsync(clients[3].QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation));
        Assert.That(error.EngineMessage, Does.Contain("3 statements wait already"));
        _gateway.Open();
        await Task.WhenAll(held);
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Test]
    public async Task ClientThatGoesAway_IsDroppedFromTheLine(CancellationToken cancellation)
    {
        var client = await _gateway.ConnectAsync();
        var answer = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "one statement is held");
        client.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Held: 0, Open: 0 }, "nothing is held and nobody is there");
        Assert.That(async () => await answer, Throws.Exception);
    }

    [Test]
    public async Task RefuseHeld_RefusesWhatIsHeldAndWhatComes_UntilHoldingIsAllowed(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var held = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "one statement is held");
        _gateway.Database.RefuseHeld("the operator paused it");
        Assert.That((await GatewayUnderTest.ErrorOfAsync(held)).EngineMessage, Is.EqualTo("The statement was not run: the operator paused it"));
        var next = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation));
        Assert.That(next.EngineMessage, Does.Contain("the operator paused it"));
        _gateway.Database.AllowHolding();
        var after = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "it is held again");
        _gateway.Open();
        await after;
    }

    [Test]
    public async Task FailHeld_FailsWhatIsHeld_AndHoldsWhatComes(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var held = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "one statement is held");
        _gateway.Database.FailHeld("the data directory cannot be read");
        Assert.That((await GatewayUnderTest.ErrorOfAsync(held)).EngineMessage, Does.Contain("the data directory cannot be read"));
        var events = _gateway.HeldEvents;
        var after = client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.HeldEvents > events, "the next one is held and said to be");
        _gateway.Open();
        await after;
    }

    [Test]
    public async Task Ping_WithTheGateClosed_IsAnsweredAndWakesNobody(CancellationToken cancellation)
    {
        var events = _gateway.HeldEvents;
        await using var client = await _gateway.ConnectAsync();
        await client.PingAsync(cancellation);
        Assert.That((_gateway.HeldEvents, _gateway.Activity.LastEnded is null || _gateway.Activity.Running == 0), Is.EqualTo((events, true)));
    }
}
