using Serverless.Host.Compute.Engine;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Compute;

/// <summary>Work that went round the gateway is found before a stop, and named.</summary>
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
internal sealed class ForeignWorkTests(string? program)
{
    [Test]
    public async Task NobodyElseIsThere_Null()
    {
        await using var engine = await TestEngine.StartAsync(program);
        Assert.That(await engine.Compute.FindForeignWorkAsync(CancellationToken.None), Is.Null);
    }

    [Test]
    public async Task AStatementRuns_IsNamedWithItsAccountAndText()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var other = engine.Connect();
        var statement = other.QueryAsync("SELECT SLEEP(60)", CancellationToken.None);
        var found = "";
        await Eventually.HoldsAsync(
            async () => (found = await engine.Compute.FindForeignWorkAsync(CancellationToken.None))?.Contains("SELECT SLEEP(60)", StringComparison.Ordinal) == true,
            TimeSpan.FromSeconds(20),
            () => Task.FromResult($"the statement is found, but this is: {found}"));
        Assert.That(found, Does.Contain("of app@localhost runs"));
        await other.DisposeAsync();
        await Assert.ThatAsync(() => statement, Throws.InstanceOf<EngineSqlException>());
    }

    [Test]
    public async Task AnIdleConnection_IsNamed()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.AskAsync("SELECT 1");
        Assert.That(await engine.Compute.FindForeignWorkAsync(CancellationToken.None), Does.Contain("app@localhost did not come through the gateway (idle for"));
    }

    [Test]
    public async Task AConnectionJustClosed_IsNoWork()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var other = engine.Connect();
        await other.QueryAsync("SELECT 1", CancellationToken.None);
        await other.DisposeAsync();
        Assert.That(await engine.Compute.FindForeignWorkAsync(CancellationToken.None), Is.Null);
    }

    [Test]
    public async Task APreparedXaTransaction_OutlivesItsConnectionAndIsNamed()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var other = engine.Connect();
        foreach (var statement in new[] { "CREATE DATABASE d", "CREATE TABLE d.t (a INT) ENGINE=InnoDB", "XA START 'order-7'", "INSERT INTO d.t VALUES (1)", "XA END 'order-7'", "XA PREPARE 'order-7'" })
        {
            await other.QueryAsync(statement, CancellationToken.None);
        }
        await other.DisposeAsync();
        Assert.That(await engine.Compute.FindForeignWorkAsync(CancellationToken.None), Does.Contain("prepared XA transaction 'order-7'"));
    }

    [Test]
    public async Task AnEventRuns_IsFound()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var other = engine.Connect();
        foreach (var statement in new[] { "SET GLOBAL event_scheduler = ON", "CREATE DATABASE d", "CREATE EVENT d.e ON SCHEDULE AT CURRENT_TIMESTAMP DO SELECT SLEEP(60)" })
        {
            await other.QueryAsync(statement, CancellationToken.None);
        }
        await other.DisposeAsync();
        string? found = null;
        await Eventually.HoldsAsync(
            async () => (found = await engine.Compute.FindForeignWorkAsync(CancellationToken.None))?.Contains("SLEEP(60)", StringComparison.Ordinal) == true,
            TimeSpan.FromSeconds(20),
            () => Task.FromResult($"the running event is found, but this is: {found}"));
    }

    [Test]
    public async Task NoAnswer_Refuses()
    {
        await using var engine = await TestEngine.StartAsync(program, options => options with { StatementLimit = TimeSpan.FromSeconds(1), HurriedStopLimit = TimeSpan.FromSeconds(1) });
        await engine.SignalAsync("STOP");
        Assert.That(await engine.Compute.FindForeignWorkAsync(CancellationToken.None), Does.Contain("no answer within 1 s"));
    }
}
