using System.Diagnostics;
using System.Globalization;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Processes are killed; what was committed stays, and work goes on.</summary>
[Category("EndToEnd")]
public sealed class CrashTests
{
    private const string Rules = """
        policy default
        unit cu = 500m cpu + 512MiB memory
        size 0.5cu .. 4cu step 0.5cu
        rule sleep on running { when idle >= 1h do suspend }
        """;

    [Test]
    public async Task Compute_KilledInMidLoad_LosesNoCommittedRow()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(Rules);
        using ClientProcess writer = ClientProcess.Python(gateway, "writer_client.py", "6");
        Assert.That(await writer.ReadLineAsync(), Is.EqualTo("writing"));
        // the writer may be between two statements when it happens, this one is in the middle of its own
        using ClientProcess waiter = ClientProcess.MariaDb(gateway, "-e", "SELECT SLEEP(600)");
        await Eventually.HoldsAsync(
            async () => await RunAsync(gateway, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(600)'") == "1",
            TimeSpan.FromSeconds(30), () => Task.FromResult("the statement runs"));
        await Task.Delay(TimeSpan.FromSeconds(1));
        await KillAsync(gateway.Engines().Single());
        var told = await waiter.FinishAsync(60);
        Assert.That(told.Exit, Is.Not.Zero, "what was under way when it died is told to its client");
        Assert.That(told.Errors, Does.Contain("ERROR"));
        var result = await writer.FinishAsync(60);
        TestContext.Out.WriteLine(result.Output + result.Errors);
        Assert.That(result.Exit, Is.Zero, result.Output + result.Errors);
        Assert.That(result.Output, Does.Contain("missing 0"));
        Assert.That(gateway.Engines(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Gateway_KilledAwake_AdoptsOrStopsTheOrphanAndNeverDoublesIt()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(Rules);
        await RunAsync(gateway, "CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1), (2);");
        Assert.That(gateway.Engines(), Has.Count.EqualTo(1));
        await gateway.KillAsync();
        await gateway.LaunchAsync();
        Assert.That(await RunAsync(gateway, "SELECT SUM(a) FROM kept.t;"), Is.EqualTo("3"));
        Assert.That(gateway.Engines(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Gateway_KilledAsleep_KnowsItsAccountsAndWakesTheDatabase()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(1));
        await RunAsync(gateway, "CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1), (2);");
        await gateway.WaitUntilAsleepAsync();
        await gateway.KillAsync();
        await gateway.LaunchAsync();
        Assert.That(await gateway.PhaseAsync(), Is.EqualTo("suspended"));
        using (ClientProcess client = ClientProcess.Python(gateway, "asleep_client.py"))
        {
            Assert.That((int)(await client.ReadJsonAsync())["refused"]!, Is.EqualTo(1045));
        }

        Assert.That(gateway.Engines(), Is.Empty, "logging in needs no compute");
        Assert.That(await RunAsync(gateway, "SELECT SUM(a) FROM kept.t;"), Is.EqualTo("3"));
    }

    [TestCase("TERM")]
    [TestCase("HUP")]
    public async Task Gateway_ToldToEnd_LeavesACleanCompute(string signal)
    {
        if (signal == "HUP" && IgnoresHangups())
        {
            Assert.Ignore("who runs the tests has SIGHUP ignored (nohup), and so has every process that they start");
        }

        await using GatewayProcess gateway = await GatewayProcess.StartAsync(Rules);
        await RunAsync(gateway, "CREATE DATABASE kept;");
        Assert.That(await gateway.TerminateAsync(signal: signal), Is.Zero, string.Join('\n', gateway.Output));
        Assert.That(gateway.Engines(), Is.Empty);
    }

    private static bool IgnoresHangups()
    {
        string ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..].Trim();
        return (ulong.Parse(ignored, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0;
    }

    private static async Task<string> RunAsync(GatewayProcess gateway, string sql)
    {
        using ClientProcess client = ClientProcess.MariaDb(gateway, "-e", sql);
        var result = await client.FinishAsync();
        Assert.That(result.Exit, Is.Zero, result.Errors);
        return result.Output.Trim();
    }

    private static async Task KillAsync(int process)
    {
        using Process kill = Process.Start("kill", ["-KILL", process.ToString()]);
        await kill.WaitForExitAsync();
    }
}
