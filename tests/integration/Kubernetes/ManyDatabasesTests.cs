using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What gateways ask of the API server does not grow with the databases: that many sleep costs no more than that a few do.</summary>
internal sealed class ManyDatabasesTests
{
    private const int Databases = 200;

    /// <summary>Of a start or a change of leader, as many as there are whatever the number of databases.</summary>
    private const int Bounded = 80;

    private const string Sets = "/apis/apps/v1/namespaces/default/statefulsets";

    [Test]
    public async Task Gateways_ReadWithListsAndWatches_WriteWhatIsNew_AndAskNothingPerDatabaseWhileAllSleep()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        for (int i = 0; i < Databases; i++) server.Put(Sets, Sleeping($"db{i}"));
        long began = TimeProvider.System.GetTimestamp();
        await using GatewayProcess first = await StartAsync(server, "a");
        await LeadsAsync(first);
        await QuietAsync(server, () => CallsOf(server, "POST", "/configmaps") >= Databases);
        // each database's state is written once, when somebody leads for the first time
        Assert.That(CallsOf(server, "POST", "/configmaps"), Is.EqualTo(Databases), Words(server));
        Assert.That(server.Asked.Count - Databases, Is.LessThan(Most(began)), Words(server));
        Assert.That(await first.Admin.GetStringAsync("/metrics"), Does.Contain($"serverless_kubernetes_calls_total{{verb=\"create\",resource=\"configmaps\",code=\"201\"}} {Databases}"));

        server.Asked.Clear();
        began = TimeProvider.System.GetTimestamp();
        await Task.Delay(2000);
        Assert.That(server.Asked, Has.Count.LessThan(5 * TimeProvider.System.GetElapsedTime(began).TotalSeconds), Words(server));

        await using GatewayProcess second = await StartAsync(server, "b");
        await Eventually.HoldsAsync(async () => await CountAsync(second, "serverless_phase{", "phase=\"suspended\"} 1") == Databases, TimeSpan.FromSeconds(90), () => Task.FromResult("all sleep"));
        await QuietAsync(server, () => true);
        Assert.That(server.Asked, Has.Count.LessThan(Most(began)), Words(server));

        server.Asked.Clear();
        began = TimeProvider.System.GetTimestamp();
        Assert.That(await first.TerminateAsync(), Is.Zero);
        await LeadsAsync(second);
        await QuietAsync(server, () => CallsOf(server, "PUT", "/configmaps") >= Databases - 10);
        Assert.That(CallsOf(server, "PUT", "/configmaps"), Is.EqualTo(Databases).Within(10), Words(server));
        Assert.That(server.Asked.Count - CallsOf(server, "PUT", "/configmaps"), Is.LessThan(Most(began)), Words(server));
    }

    /// <summary>Beside what does not grow with the databases, each of two gateways renews its Lease and looks at the leader's, about twice in a second together.</summary>
    private static double Most(long began) => Bounded + (4 * TimeProvider.System.GetElapsedTime(began).TotalSeconds);

    /// <summary>What is expected was asked, and then nothing but Leases during half a second.</summary>
    private static Task QuietAsync(ApiDouble server, Func<bool> isDone)
    {
        (int seen, long since) = (-1, 0);
        return Eventually.HoldsAsync(() =>
        {
            int now = server.Asked.Count(one => !one.Path.Contains("/leases", StringComparison.Ordinal));
            if (now != seen) (seen, since) = (now, TimeProvider.System.GetTimestamp());
            return Task.FromResult(isDone() && TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMilliseconds(500));
        }, TimeSpan.FromSeconds(60), () => Task.FromResult($"nothing more is asked\n{Words(server)}"));
    }

    private static Task LeadsAsync(GatewayProcess gateway) => Eventually.HoldsAsync(
        async () => await CountAsync(gateway, "serverless_fleet_leads{", "} 1") == Databases, TimeSpan.FromSeconds(90), () => Task.FromResult($"it leads\n{string.Join('\n', gateway.Output.TakeLast(20))}"));

    private static async Task<int> CountAsync(GatewayProcess gateway, string begin, string end) =>
        (await gateway.Admin.GetStringAsync("/metrics")).Split('\n').Count(line => line.StartsWith(begin, StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal));

    private static int CallsOf(ApiDouble server, string method, string part) => server.Asked.Count(one => one.Method == method && one.Path.Contains(part, StringComparison.Ordinal));

    private static string Words(ApiDouble server) => string.Join('\n', server.Asked
        .GroupBy(one => $"{one.Method} {string.Join('/', one.Path.Split('/').SkipWhile(part => part != "namespaces").Skip(2).Take(1))}{(one.Query.Contains("watch", StringComparison.Ordinal) ? " (watch)" : "")}")
        .Select(kind => $"{kind.Key}: {kind.Count()}"));

    private static JsonObject Sleeping(string name) => JsonNode.Parse("""
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "NAME", "generation": 1, "labels": {"LABEL": "NAME"}},
         "spec": {"replicas": 0, "serviceName": "db", "selector": {"matchLabels": {"app": "NAME"}},
          "template": {"metadata": {"labels": {"app": "NAME"}}, "spec": {"containers": [
            {"name": "mysql", "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}, "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}]}]}},
          "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]}}
        """.Replace("NAME", name, StringComparison.Ordinal).Replace("LABEL", DiscoverySettings.Label, StringComparison.Ordinal))!.AsObject();

    /// <summary>One that knows the accounts of all of them, so that none is woken to read them.</summary>
    private static async Task<GatewayProcess> StartAsync(ApiDouble server, string name)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server, name);
        for (int i = 0; i < Databases; i++)
        {
            string folder = Path.Combine(home, "data", $"db{i}");
            Directory.CreateDirectory(folder);
            new AccountStore(Path.Combine(folder, "accounts.json"), NullLogger<AccountStore>.Instance).Save(Memory);
        }

        return await GatewayProcess.StartManyAsync(
            [], GatewayProcess.SleepyRules(600), home, new JsonObject
            {
                ["discovery"] = new JsonObject { ["mode"] = "on", ["namespaces"] = new JsonArray("default") }, ["fleet"] = new JsonObject { ["replica"] = name, ["leaseFor"] = "30s" },
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig },
            });
    }

    private static EngineMemory Memory { get; } = new(
        new AccountSnapshot(DateTimeOffset.UnixEpoch, []),
        new ServerProfile(
            ServerFamily.MariaDb, "5.5.5-10.11.6-MariaDB", 0x1234_0000_5678, 45, "mysql_native_password",
            new Dictionary<string, string> { ["autocommit"] = "ON" }, new Dictionary<string, CollationInfo> { ["utf8mb4_bin"] = new(46, "utf8mb4", IsDefault: false) }));
}
