using System.Diagnostics;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>An operator suspends again and again under a real load; the drain holds new transactions until the compute is back.</summary>
[Category("EndToEnd")]
public sealed class OperatorSuspendTests
{
    [Test]
    public async Task SysbenchReadWrite_WithASuspendEveryTenSeconds_SeesNoErrorAndSumsAgree()
    {
        // ten suspends at least: the issue of a suspend is counted only when the engine's process really went away
        TimeSpan distance = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("SERVERLESS_TEST_LONG") is "1" ? 10 : 5);
        const int wanted = 11;
        await using GatewayProcess gateway = await GatewayProcess.StartAsync("""
            policy default
            unit cu = 500m cpu + 1GiB memory
            size 0.5cu .. 4cu step 0.5cu
            rule sleep on running { when idle >= 1h do suspend }
            """);
        using (ClientProcess setup = ClientProcess.MariaDb(gateway, "-e", "CREATE DATABASE sbtest"))
        {
            Assert.That((await setup.FinishAsync()).Exit, Is.Zero);
        }

        var prepared = await Sysbench(gateway, "prepare", 0).FinishAsync();
        Assert.That(prepared.Exit, Is.Zero, prepared.Output + prepared.Errors);
        // some more than that takes when nothing is slow
        int seconds = (int)(distance.TotalSeconds * (wanted + 4));
        using ClientProcess load = Sysbench(gateway, "run", seconds);
        Task<(int Exit, string Output, string Errors)> running = load.FinishAsync(seconds + 120);
        int stopped = 0;
        var watch = Stopwatch.StartNew();
        for (int i = 1; i <= wanted && !running.IsCompleted; i++)
        {
            // of the beginning, so that what a suspend takes is not added to the distance
            TimeSpan left = (i * distance) - watch.Elapsed;
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            IReadOnlyList<int> before = [];
            await Eventually.HoldsAsync(() => Task.FromResult(running.IsCompleted || (before = gateway.Engines()).Count == 1), TimeSpan.FromSeconds(30), async () => $"the engine is back; status {await gateway.StatusAsync()}");
            if (running.IsCompleted)
            {
                break;
            }

            using HttpResponseMessage response = await gateway.CommandAsync("suspend");
            Assert.That(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            await Eventually.HoldsAsync(() => Task.FromResult(!gateway.Engines().Contains(before[0])), distance + TimeSpan.FromSeconds(20), async () => $"engine {before[0]} ends; status {await gateway.StatusAsync()}");
            stopped++;
        }

        var result = await running;
        TestContext.Out.WriteLine(result.Output);
        Assert.That(result.Exit, Is.Zero, result.Output + result.Errors);
        // sysbench ignores the deadlocks that its own load makes, with a server alone too; it names each when it is talkative
        string[] ignored = [.. result.Output.Split('\n').Where(line => line.Contains("Ignoring error", StringComparison.Ordinal))];
        Assert.That(ignored, Has.All.Contains("Ignoring error 1213 "));
        Assert.That(result.Output, ignored.Length == 0 ? Does.Match(@"ignored errors:\s+0 ") : Does.Match(@"ignored errors:\s+[1-9]"));
        Assert.That(result.Output, Does.Match(@"reconnects:\s+0 "));
        Assert.That(stopped, Is.GreaterThanOrEqualTo(10), "suspends that really stopped the process");
        using ClientProcess count = ClientProcess.MariaDb(gateway, "-e", "SELECT COUNT(*) FROM sbtest.sbtest1");
        Assert.That((await count.FinishAsync()).Output.Trim(), Is.EqualTo("10000"), "each transaction deletes one row and inserts one");
    }

    private static ClientProcess Sysbench(GatewayProcess gateway, string command, int seconds) => ClientProcess.Start("sysbench",
    [
        "oltp_read_write", "--db-driver=mysql", "--mysql-host=127.0.0.1", $"--mysql-port={gateway.Port}", $"--mysql-user={GatewayProcess.User}", $"--mysql-password={GatewayProcess.Password}",
        "--mysql-db=sbtest", "--tables=1", "--table-size=10000", "--threads=4", $"--time={seconds}", "--report-interval=10", "--verbosity=5", command,
    ]);
}
