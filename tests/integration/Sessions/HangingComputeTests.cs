using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>A compute that takes connections and says nothing (stopped, swapped out, cut off) hangs nobody for ever.</summary>
[CancelAfter(120_000)]
public sealed class HangingComputeTests
{
    private static readonly GatewayOptions Bounded = new() { Hold = new HoldLimits(100, 1 << 20, TimeSpan.FromSeconds(5)) };
    private const string Wakes = "SELECT 1 + COUNT(*) * 0 FROM mysql.db";

    private GatewayUnderTest _gateway = null!;
    private ScriptedServer _silent = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync(Bounded);
        _silent = new ScriptedServer(_ => Task.CompletedTask);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _gateway.DisposeAsync();
        _silent.Dispose();
    }

    [SetUp]
    public void OpenOntoSilence() => _gateway.Database.Open(_silent.Address);

    [TearDown]
    public async Task EverybodyLeaves()
    {
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 0, Active: 0, Running: 0 }, "all clients of the test are gone");
        _gateway.Database.Close("the test before ended");
    }

    [Test]
    public async Task StatementWhoseSessionCannotAttach_GetsAnErrorWithinTheBound(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync(Wakes, cancellation)).WaitAsync(TimeSpan.FromSeconds(30), cancellation);
        Assert.That(error.Code, Is.EqualTo(ErrorCode.ServerShutdown));
        Assert.That(error.EngineMessage, Does.Match(@"^The statement was not run: it waited \d+\.\d s for a connection to the compute \(.*did not answer.*\); try again$"));
        _gateway.Open();
        Assert.That((await client.QueryAsync(Wakes, cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task StatementWhoseSessionCannotAttach_InTheTimeThatItsClientAllows_GetsTheServersErrorForThat(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SET STATEMENT max_statement_time=0.3 FOR " + Wakes, cancellation)).WaitAsync(TimeSpan.FromSeconds(15), cancellation);
        Assert.That(error.Code, Is.EqualTo(ErrorCode.StatementTimeoutMariaDb));
        Assert.That(error.EngineMessage, Does.Match(@"it was not run: it waited \d+\.\d s for a connection to the compute \(.*did not answer"));
    }

    [Test]
    public async Task ClientThatGoesAwayWhileItsSessionAttaches_TakesTheSessionWithIt(CancellationToken cancellation)
    {
        var client = await _gateway.ConnectAsync();
        var answer = client.QueryAsync(Wakes, cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Active == 1, "the session attaches");
        client.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 0, Active: 0 }, "nobody is there");
        Assert.That(async () => await answer, Throws.Exception);
    }

    [Test]
    public async Task StatementWhoseSessionAttaches_GoesOnWithTheNextCompute(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var answer = client.QueryAsync(Wakes, cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Active == 1, "the session attaches");
        _gateway.Database.Close("it hangs");
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the statement is held");
        _gateway.Open();
        Assert.That((await answer).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task StartOfASession_WithASchema_IsNotHeldUpForEver(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop").WaitAsync(TimeSpan.FromSeconds(15), cancellation);
        await client.PingAsync(cancellation);
    }
}
