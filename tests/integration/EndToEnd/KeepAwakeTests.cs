using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>What must keep a compute awake, and that it sleeps once that has ended (law 1).</summary>
[Category("EndToEnd")]
public sealed class KeepAwakeTests() : GatewayFixture(engine: null, GatewayProcess.SleepyRules(1))
{
    private static readonly TimeSpan WellBeyondIdle = TimeSpan.FromSeconds(3.5);

    [TestCase("START TRANSACTION; SELECT 'begun';", "COMMIT; SELECT 'ended';", "transaction")]
    [TestCase("CREATE TABLE IF NOT EXISTS test_e2e.inno (a INT) ENGINE=InnoDB; SET autocommit = 0; SELECT COUNT(*) FROM test_e2e.inno; SELECT 'begun';", "ROLLBACK; SET autocommit = 1; SELECT 'ended';", "autocommit")]
    [TestCase("CREATE TEMPORARY TABLE test_e2e.tmp (a INT); SELECT 'begun';", "DROP TEMPORARY TABLE test_e2e.tmp; SELECT 'ended';", "temporary table")]
    [TestCase("DO GET_LOCK('e2e', 1); SELECT 'begun';", "DO RELEASE_LOCK('e2e'); SELECT 'ended';", "lock")]
    public async Task Session_WithStateThatCannotBeRestored_KeepsItAwakeAndSaysWhy(string begin, string end, string why)
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway);
        await client.SendAsync("CREATE DATABASE IF NOT EXISTS test_e2e;");
        await client.SendAsync(begin);
        while (!(await client.ReadLineAsync()).Equals("begun", StringComparison.Ordinal))
        {
        }

        await Task.Delay(WellBeyondIdle);
        JsonNode status = await Gateway.StatusAsync();
        Assert.That((string?)status["phase"], Is.EqualTo("running"), status.ToString());
        Assert.That(status["connections"]!["pinned"]!.ToJsonString(), Does.Contain(why));

        await client.SendAsync(end);
        while (!(await client.ReadLineAsync()).Equals("ended", StringComparison.Ordinal))
        {
        }

        await Gateway.WaitUntilAsleepAsync();
    }

    [Test]
    public async Task Statement_LongerThanTheIdleTime_KeepsItAwakeUntilItEnds()
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway);
        await client.SendAsync("SELECT SLEEP(6), 'slept';");
        // not that it is held, and the database being woken for it
        await Eventually.HoldsAsync(
            async () => await Gateway.StatusAsync() is var status && (string?)status["phase"] == "running" && (int)status["connections"]!["running"]! > 0,
            TimeSpan.FromSeconds(30), () => Task.FromResult("the statement runs"));
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.That(await Gateway.PhaseAsync(), Is.EqualTo("running"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("0\tslept"));
        await Gateway.WaitUntilAsleepAsync();
    }

    [Test]
    public async Task KeepAlive_OfAPool_DoesNotKeepItAwake()
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway);
        await client.SendAsync("SELECT COUNT(*) > 0 FROM mysql.help_topic;");
        await client.ReadLineAsync();
        using var stop = new CancellationTokenSource();
        Task pool = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await client.SendAsync("SELECT 1;");
                await client.ReadLineAsync();
                await Task.Delay(200);
            }
        });
        await Gateway.WaitUntilAsleepAsync();
        await stop.CancelAsync();
        await pool;
    }

    [Test]
    public async Task Work_ThatCameRoundTheGateway_RefusesTheSuspendAndIsNamed()
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway);
        // awake for as long as the other client takes to come in
        await client.SendAsync("DO GET_LOCK('e2e', 1); SELECT 'awake';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("awake"));
        string socket = EngineSocket();
        using (ClientProcess direct = ClientProcess.Start("mariadb", ["--no-defaults", "-S", socket, $"-u{GatewayProcess.User}", $"-p{GatewayProcess.Password}", "-N", "-B", "-n"]))
        {
            await direct.SendAsync("SELECT 'here';");
            Assert.That(await direct.ReadLineAsync(), Is.EqualTo("here"));
            await direct.SendAsync("SELECT SLEEP(8), 'round the gateway';");
            await client.SendAsync("DO RELEASE_LOCK('e2e');");
            await Eventually.HoldsAsync(
                async () => (await Gateway.StatusAsync()).ToJsonString().Contains("SLEEP(8)", StringComparison.Ordinal),
                TimeSpan.FromSeconds(20),
                async () => $"the status names the other client's statement; it said {await Gateway.StatusAsync()}");
            Assert.That(await direct.ReadLineAsync(), Is.EqualTo("0\tround the gateway"));
        }

        await Gateway.WaitUntilAsleepAsync(60);
    }

    [Test]
    public async Task PreparedXaTransaction_RefusesTheSuspendAndIsNamed()
    {
        using (ClientProcess client = ClientProcess.MariaDb(Gateway))
        {
            await client.SendAsync("CREATE DATABASE IF NOT EXISTS test_e2e; CREATE TABLE IF NOT EXISTS test_e2e.x (a INT) ENGINE=InnoDB;");
            await client.SendAsync("XA START 'left-behind'; INSERT INTO test_e2e.x VALUES (1); XA END 'left-behind'; XA PREPARE 'left-behind'; SELECT 'prepared';");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("prepared"));
        }

        await Eventually.HoldsAsync(
            async () => (await Gateway.StatusAsync()).ToJsonString().Contains("left-behind", StringComparison.Ordinal),
            TimeSpan.FromSeconds(15),
            async () => $"the status names the prepared transaction; it said {await Gateway.StatusAsync()}");
        Assert.That(await Gateway.PhaseAsync(), Is.Not.EqualTo("suspended"));
        using (ClientProcess client = ClientProcess.MariaDb(Gateway))
        {
            await client.SendAsync("XA ROLLBACK 'left-behind'; SELECT 'gone';");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("gone"));
        }

        await Gateway.WaitUntilAsleepAsync(60);
    }

    private string EngineSocket()
    {
        string command = File.ReadAllText($"/proc/{Gateway.Engines().Single()}/cmdline");
        return command.Split('\0').Single(a => a.StartsWith("--socket=", StringComparison.Ordinal))["--socket=".Length..];
    }
}
