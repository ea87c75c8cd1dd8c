using System.Text.Json.Nodes;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Databases that are found by the label of their StatefulSets, while the gateway runs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FoundDatabaseTests
{
    [Test]
    public async Task Database_IsServedWhileItsStatefulSetHasTheLabel_AndNotAnyLonger()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        await using GatewayProcess gateway = await StartAsync(server, played);
        using (ClientProcess early = As(gateway, "shop"))
        {
            Assert.That((await early.FinishAsync()).Errors, Does.Contain("ERROR"), "there is no database yet");
        }

        Label(server, "shop");
        using ClientProcess client = await ServedAsync(gateway, "shop");
        await client.SendAsync("SET @v = 42; SELECT @v;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("42"));
        Assert.That((string?)(await gateway.StatusAsync("shop"))["phase"], Is.EqualTo("running"));

        // an API server that is away removes nothing
        server.Instead = context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        server.CutWatches();
        await Task.Delay(6000);
        server.Instead = null;
        await client.SendAsync("SELECT @v + 1;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("43"));

        Label(server, null);
        await Eventually.HoldsAsync(async () => !(await gateway.Admin.GetStringAsync("/api/databases")).Contains("shop", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => gateway.Told("it is not served any more"));
        await client.SendAsync("SELECT 'too late';");
        await Eventually.HoldsAsync(() => Task.FromResult(client.Errors.Contains("ERROR", StringComparison.Ordinal)), TimeSpan.FromSeconds(30), () => gateway.Told("the session has ended"));
        Assert.That(played.Replicas, Is.EqualTo(1), "its compute is left as it is");

        Label(server, "store");
        using ClientProcess again = await ServedAsync(gateway, "store");
        await again.SendAsync("SELECT 'under another name';");
        Assert.That(await again.ReadLineAsync(), Is.EqualTo("under another name"));
        Assert.That(await gateway.TerminateAsync(), Is.Zero);
    }

    [Test]
    public async Task NamespaceThatLetsNobodyLook_HidesNoOther_TheGatewayIsReadyOnceItIsOfTheFleet_AndALabelThatChangesIsAnotherDatabase()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        Label(server, "shop");
        bool takesLeases = false;
        server.Instead = async context =>
        {
            string path = context.Request.Path.Value!;
            if (!path.Contains("/namespaces/closed/", StringComparison.Ordinal) && (takesLeases || !path.Contains("/leases", StringComparison.Ordinal))) return false;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "who are you?");
            return true;
        };
        await using GatewayProcess gateway = await StartAsync(server, played, "closed", PlayedSet.Space);
        await gateway.SaysAsync("shop was found: StatefulSet default/db");
        await gateway.SaysAsync("Databases of namespace closed are not found yet");
        await gateway.SaysAsync("can get the password of `root`");
        await Task.Delay(500);
        Assert.That(await IsReadyAsync(gateway), Is.False, "its gates are closed: it is none of the fleet");

        takesLeases = true;
        await Eventually.HoldsAsync(() => IsReadyAsync(gateway), TimeSpan.FromSeconds(30), () => gateway.Told("it is ready"));
        using ClientProcess client = await ServedAsync(gateway, "shop");
        await client.SendAsync("SELECT 'seen';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("seen"));

        Label(server, "store");
        await gateway.SaysAsync("it is database `shop` still, whose sessions end first; then it is `store`");
        using ClientProcess again = await ServedAsync(gateway, "store");
        await again.SendAsync("SELECT 'under another name';");
        Assert.That(await again.ReadLineAsync(), Is.EqualTo("under another name"));
        await gateway.SaysAsync("store was found");
        int left = gateway.Output.ToList().FindIndex(line => line.Contains("shop is served no more", StringComparison.Ordinal));
        Assert.That(left, Is.GreaterThan(0).And.LessThan(gateway.Output.ToList().FindIndex(line => line.Contains("store was found", StringComparison.Ordinal))), "one after the other");
        Assert.That(await gateway.TerminateAsync(), Is.Zero);
    }

    private static async Task<bool> IsReadyAsync(GatewayProcess gateway)
    {
        using HttpResponseMessage answer = await gateway.Admin.GetAsync(new Uri("/readyz", UriKind.Relative));
        return answer.IsSuccessStatusCode;
    }

    private static void Label(ApiDouble server, string? name) =>
        server.Change(PlayedSet.PathOfSet, set => set["metadata"]!["labels"] = name is null ? [] : new JsonObject { [DiscoverySettings.Label] = name });

    private static async Task<GatewayProcess> StartAsync(ApiDouble server, PlayedSet played, params string[] namespaces)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        return await GatewayProcess.StartManyAsync(
            [], GatewayProcess.SleepyRules(600), home, new JsonObject
            {
                ["user"] = "root", ["password"] = "", ["discovery"] = new JsonObject { ["mode"] = "on", ["namespaces"] = new JsonArray([.. namespaces.Select(one => JsonValue.Create(one))]) }, ["limits"] = new JsonObject { ["drainFor"] = "3s" },
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["port"] = played.Port },
            });
    }

    private static ClientProcess As(GatewayProcess gateway, string database) => ClientProcess.MariaDb(gateway, $"-u{database}.{GatewayProcess.User}");

    /// <summary>A session, once there can be one.</summary>
    private static async Task<ClientProcess> ServedAsync(GatewayProcess gateway, string database)
    {
        await gateway.IsAsync(database, "running");
        return As(gateway, database);
    }
}
