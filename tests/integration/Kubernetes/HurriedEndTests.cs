using System.Text.Json.Nodes;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A second signal hurries all that is still ended, also what was being removed when the first one came.</summary>
internal sealed class HurriedEndTests
{
    [Test]
    public async Task SecondSignal_CutsOffTheSessionsOfADatabaseThatIsBeingRemoved()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        await using GatewayProcess gateway = await StartAsync(server, played);
        server.Change(PlayedSet.PathOfSet, set => set["metadata"]!["labels"] = new JsonObject { [DiscoverySettings.Label] = "shop" });
        await Eventually.HoldsAsync(
            async () => (await gateway.Admin.GetStringAsync("/metrics")).Contains("serverless_phase{database=\"shop\",phase=\"running\"} 1", StringComparison.Ordinal), TimeSpan.FromSeconds(40),
            () => gateway.Told("it is served"));
        using ClientProcess client = ClientProcess.MariaDb(gateway, $"-ushop.{GatewayProcess.User}");
        await client.SendAsync("SELECT 'in'; SELECT SLEEP(600);");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("in"));
        server.Change(PlayedSet.PathOfSet, set => set["metadata"]!["labels"] = new JsonObject());
        await gateway.SaysAsync("shop is served no more");
        Task<int> ended = gateway.TerminateAsync(120);
        await gateway.SaysAsync("a second signal hurries");
        await Task.Delay(1000);
        Assert.That(ended.IsCompleted, Is.False, "its clients may finish");
        Assert.That(await gateway.TerminateAsync(60), Is.Zero);
        await ended;
    }

    private static async Task<GatewayProcess> StartAsync(ApiDouble server, PlayedSet played)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        return await GatewayProcess.StartManyAsync(
            [], GatewayProcess.SleepyRules(600), home, new JsonObject
            {
                ["user"] = "root", ["password"] = "", ["discovery"] = new JsonObject { ["mode"] = "on" }, ["limits"] = new JsonObject { ["drainFor"] = "300s" },
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["port"] = played.Port },
            });
    }
}
