using System.Diagnostics;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>The end of the gateway waits for running statements as long as it was told to, and no longer.</summary>
[CancelAfter(120_000)]
public sealed class StoppingTests
{
    [Test]
    public async Task StatementThatRunsOn_IsCutOffWhenTheTimeIsOver(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var running = await RunLongAsync(gateway, cancellation);
        var clock = Stopwatch.StartNew();
        await gateway.Gateway.StopAsync(TimeSpan.FromSeconds(0.5)).WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        Assert.That(clock.Elapsed.TotalSeconds, Is.InRange(0.4, 15));
        Assert.That(async () => await running, Throws.Exception);
    }

    [Test]
    public async Task SecondStop_Hurries(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var running = await RunLongAsync(gateway, cancellation);
        var first = gateway.Gateway.StopAsync(TimeSpan.FromSeconds(100));
        await Task.Delay(100, cancellation);
        Assert.That(first.IsCompleted, Is.False);
        await gateway.Gateway.StopAsync(TimeSpan.Zero).WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        await first.WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        Assert.That(async () => await running, Throws.Exception);
    }

    private static async Task<Task<QueryResult>> RunLongAsync(GatewayUnderTest gateway, CancellationToken cancellation)
    {
        gateway.Open();
        var client = await gateway.ConnectAsync();
        var running = client.QueryAsync("SELECT SLEEP(60) FROM mysql.user LIMIT 1", cancellation);
        await UntilItArrivedAsync(gateway, cancellation);
        return running;
    }

    /// <summary>It counts as running while its session still attaches, and could be given up then.</summary>
    private static async Task UntilItArrivedAsync(GatewayUnderTest gateway, CancellationToken cancellation)
    {
        await using var root = await gateway.ConnectDirectlyAsync();
        const string arrived = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'app' AND INFO LIKE 'SELECT SLEEP%'";
        while ((await root.QueryAsync(arrived, cancellation)).Scalar != "1") await Task.Delay(20, cancellation);
    }
}
