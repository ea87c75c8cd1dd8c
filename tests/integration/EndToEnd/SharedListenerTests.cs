using System.Diagnostics;
using System.Text.Json.Nodes;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Several databases behind one address, with engines of their own.</summary>
[Category("EndToEnd")]
public sealed class SharedListenerTests
{
    [Test]
    public async Task UserPrefixSchemaAndDefault_LeadToTheirDatabases()
    {
        var databases = new JsonArray(
            new JsonObject { ["name"] = "orders", ["userPrefix"] = "orders", ["schemas"] = new JsonArray("shop") },
            new JsonObject { ["name"] = "billing", ["default"] = true });
        if (Engines.MySql is { } mysql)
        {
            databases.Add(new JsonObject { ["name"] = "stock", ["userPrefix"] = "stock", ["engine"] = new JsonObject { ["path"] = Path.GetFullPath(mysql) } });
        }

        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(databases);
        await RunAsync(gateway, "orders.app", "CREATE DATABASE shop; CREATE TABLE shop.here (a INT)");
        Assert.That(await RunAsync(gateway, "orders.app", "SELECT CURRENT_USER(), @@datadir, COUNT(*) FROM shop.here"), Does.StartWith($"app@%\t{gateway.Data}/orders/"));
        Assert.That(await RunAsync(gateway, "app", "SELECT DATABASE(), @@datadir, COUNT(*) FROM here", "shop"), Does.StartWith($"shop\t{gateway.Data}/orders/"));
        Assert.That(await RunAsync(gateway, "app", "SELECT @@datadir, COUNT(*) > 0 FROM mysql.db"), Does.StartWith($"{gateway.Data}/billing/"));
        Assert.That(await RunAsync(gateway, "orders.app", "SELECT SUBSTRING_INDEX(USER(), '@', 1), COUNT(*) FROM shop.here"), Is.EqualTo("app\t0"));
        if (Engines.MySql is not null)
        {
            Assert.That(await RunAsync(gateway, "stock.app", "SELECT VERSION() LIKE '%MariaDB%', @@datadir, COUNT(*) > 0 FROM mysql.user"), Does.StartWith("0\t" + gateway.Data + "/stock/"));
        }

        Assert.That((string?)(await gateway.StatusAsync("orders"))["name"], Is.EqualTo("orders"));
    }

    [Test]
    public async Task OneDatabaseThatHangsAtItsStart_DelaysNoOther()
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string hang = Path.Combine(home, "hang");
        string engine = await EngineScript.WriteAsync(home, $"if [ -e '{hang}' ]; then exec sleep 600; fi");
        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(
            new JsonArray(
                new JsonObject { ["name"] = "slow", ["userPrefix"] = "slow", ["engine"] = new JsonObject { ["path"] = engine } },
                new JsonObject { ["name"] = "quick", ["userPrefix"] = "quick" }),
            GatewayProcess.SleepyRules(1), home);
        await Eventually.HoldsAsync(async () => (string?)(await gateway.StatusAsync("slow"))["phase"] == "suspended", TimeSpan.FromSeconds(60), () => Task.FromResult("slow sleeps"));
        await File.WriteAllTextAsync(hang, "");
        ClientProcess[] waiting = [.. Enumerable.Range(0, 20).Select(_ => Start(gateway, "slow.app", "SELECT COUNT(*) FROM mysql.db"))];
        await Eventually.HoldsAsync(
            async () => (int)(await gateway.StatusAsync("slow"))["connections"]!["held"]! == waiting.Length, TimeSpan.FromSeconds(60), () => Task.FromResult("a stampede waits for it"));

        await RunAsync(gateway, "quick.app", "SELECT COUNT(*) FROM mysql.db");
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 10; i++)
        {
            await RunAsync(gateway, "quick.app", "SELECT COUNT(*) FROM mysql.db");
        }

        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)), "ten clients, one after the other");
        Assert.That((int)(await gateway.StatusAsync("slow"))["connections"]!["held"]!, Is.EqualTo(waiting.Length), "the others wait on");
        foreach (ClientProcess one in waiting)
        {
            one.Dispose();
        }
    }

    [Test]
    public async Task OneDatabaseThatCannotBeStartedAtAll_DoesNotEndTheGateway()
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string engine = await EngineScript.WriteAsync(home, "case \"$*\" in *--socket=*) echo broken >&2; exit 1;; esac");
        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(
            new JsonArray(
                new JsonObject { ["name"] = "broken", ["userPrefix"] = "broken", ["engine"] = new JsonObject { ["path"] = engine } },
                new JsonObject { ["name"] = "sound", ["userPrefix"] = "sound" }),
            home: home);
        Assert.That(await RunAsync(gateway, "sound.app", "SELECT COUNT(*) > 0 FROM mysql.db"), Is.Not.Empty);
        using ClientProcess refused = Start(gateway, "broken.app", "SELECT 1");
        Assert.That((await refused.FinishAsync()).Errors, Does.Contain("has not run yet"));
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Output.Any(line => line.Contains("The other databases serve", StringComparison.Ordinal))), TimeSpan.FromSeconds(30), () => Task.FromResult("it is said"));
    }

    [Test]
    public async Task OneDatabaseWhoseFirstStartHangs_OnAnAddressOfItsOwn_DoesNotKeepTheOthersFromBeingReady()
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string engine = await EngineScript.WriteAsync(home, "case \"$*\" in *--socket=*) exec sleep 600;; esac");
        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(
            new JsonArray(
                new JsonObject { ["name"] = "hanging", ["listen"] = $"127.0.0.1:{FreePorts.Take()}", ["engine"] = new JsonObject { ["path"] = engine } },
                new JsonObject { ["name"] = "sound" }),
            home: home);
        Assert.That(gateway.Output.Single(line => line.StartsWith("ready ", StringComparison.Ordinal)), Does.StartWith($"ready 127.0.0.1:{gateway.Port} admin "), "where clients can connect, and nothing else");
        Assert.That(await RunAsync(gateway, "app", "SELECT COUNT(*) > 0 FROM mysql.db"), Is.Not.Empty);
    }

    private static ClientProcess Start(GatewayProcess gateway, string user, string sql, string? schema = null) => ClientProcess.Start(
        "mariadb", ["--no-defaults", "-h127.0.0.1", $"-P{gateway.Port}", $"-u{user}", $"-p{GatewayProcess.Password}", "-N", "-B", .. schema is null ? Array.Empty<string>() : [$"-D{schema}"], "-e", sql]);

    private static async Task<string> RunAsync(GatewayProcess gateway, string user, string sql, string? schema = null)
    {
        using ClientProcess client = Start(gateway, user, sql, schema);
        var (exit, output, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors + string.Join('\n', gateway.Output.TakeLast(20)));
        return output.Trim();
    }
}
