using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A database in a cluster that cannot be opened keeps no other from its clients, and is opened when it can be.</summary>
internal sealed class LateDatabaseTests
{
    [Test]
    public async Task DatabaseWhoseClusterRefuses_AndWhoseStatefulSetIsMissing_KeepsNoOtherFromItsClients_AndComesLater()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        server.Instead = async context =>
        {
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "who are you?");
            return true;
        };
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(
            [
                new JsonObject
                {
                    ["name"] = "late", ["userPrefix"] = "late", ["compute"] = "kubernetes", ["user"] = "root", ["password"] = "",
                    ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["namespace"] = PlayedSet.Space, ["statefulSet"] = PlayedSet.Name, ["port"] = played.Port },
                },
                new JsonObject { ["name"] = "sound", ["userPrefix"] = "sound" },
            ],
            GatewayProcess.SleepyRules(600), home);
        using ClientProcess client = ClientProcess.MariaDb(gateway, $"-usound.{GatewayProcess.User}");
        await client.SendAsync("SELECT 'served';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("served"));
        await gateway.SaysAsync("late: the Kubernetes cluster of", "who are you?", "The other databases serve");
        JsonNode late = JsonNode.Parse(await gateway.Admin.GetStringAsync("/api/databases"))!["late"]![0]!;
        Assert.That((string?)late["name"], Is.EqualTo("late"));
        Assert.That((string?)late["reason"], Does.Contain("who are you?"));
        using HttpResponseMessage one = await gateway.Admin.GetAsync(new Uri("/api/databases/late", UriKind.Relative));
        Assert.That((int)one.StatusCode, Is.EqualTo(503));
        Assert.That(await one.Content.ReadAsStringAsync(), Does.Contain("could not be opened yet").And.Contain("who are you?"));
        Assert.That(await gateway.Admin.GetStringAsync("/metrics"), Does.Contain("serverless_database_late{database=\"late\"} 1\n"));
        server.Instead = async context =>
        {
            if (context.Request.Path != PlayedSet.PathOfSet) return false;
            await ApiDouble.RefuseAsync(context, 404, "NotFound", "there is none");
            return true;
        };
        await gateway.SaysAsync("late: database `late`: expected a StatefulSet default/db");
        server.Instead = null;
        await gateway.SaysAsync("late: running, StatefulSet default/db");
        Assert.That((string?)(await gateway.StatusAsync("late"))["phase"], Is.EqualTo("running"));
        Assert.That(JsonNode.Parse(await gateway.Admin.GetStringAsync("/api/databases"))!["late"]!.AsArray(), Is.Empty);
        Assert.That(await gateway.Admin.GetStringAsync("/metrics"), Does.Not.Contain("serverless_database_late{"));
    }

    /// <summary>An account of the gateway that was given too little.</summary>
    [Test]
    public async Task DatabaseWhoseAccountIsRefusedWhatItNeeds_KeepsNoOtherFromItsClients_AndComesLater()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1", "REVOKE ALL PRIVILEGES, GRANT OPTION FROM app@'127.0.0.1'");
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(
            [
                new JsonObject
                {
                    ["name"] = "late", ["userPrefix"] = "late", ["compute"] = "kubernetes",
                    ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["namespace"] = PlayedSet.Space, ["statefulSet"] = PlayedSet.Name, ["port"] = played.Port },
                },
                new JsonObject { ["name"] = "sound", ["userPrefix"] = "sound" },
            ],
            GatewayProcess.SleepyRules(600), home);
        using ClientProcess client = ClientProcess.MariaDb(gateway, $"-usound.{GatewayProcess.User}");
        await client.SendAsync("SELECT 'served';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("served"));
        await gateway.SaysAsync("late: ", "denied", "The other databases serve");
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        // it is late, or its compute was found and could not be used: an operator tries the latter again
        await Eventually.HoldsAsync(
            async () =>
            {
                using HttpResponseMessage tried = await gateway.Admin.PostAsync(new Uri("/api/databases/late/resume", UriKind.Relative), content: null);
                return tried.IsSuccessStatusCode && (string?)(await gateway.StatusAsync("late"))["phase"] == "running";
            },
            TimeSpan.FromSeconds(60), () => Task.FromResult(string.Join('\n', gateway.Output.TakeLast(20))), TimeSpan.FromMilliseconds(200));
        await client.SendAsync("SELECT 'served on';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("served on"));
    }

    [Test]
    public async Task Attempt_IsMadeOnceForAll_AndAgainAfterOneThatFailed()
    {
        int attempts = 0;
        var first = new TaskCompletionSource<string>();
        var shared = new SharedAttempt<string>(() => ++attempts == 1 ? first.Task : Task.FromResult($"attempt {attempts}"));
        Task<string>[] waiting = [shared.GetAsync(default), shared.GetAsync(default)];
        first.SetException(new IOException("away"));
        foreach (Task<string> one in waiting) Assert.That(async () => await one, Throws.InstanceOf<IOException>());
        Assert.That(shared.Succeeded, Is.Null);
        Assert.That(await shared.GetAsync(default), Is.EqualTo("attempt 2"));
        Assert.That(await shared.GetAsync(default), Is.EqualTo("attempt 2"));
        Assert.That(await shared.Succeeded!, Is.EqualTo("attempt 2"));
    }
}
