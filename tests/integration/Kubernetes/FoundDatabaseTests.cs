using System.Text.Json.Nodes;
using Serverless.Host.Cli.Up;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Databases that are found by the label of their StatefulSets, while the gateway runs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FoundDatabaseTests
{
    private static readonly Dictionary<string, ObjectName> Nothing = [];

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
        await Eventually.HoldsAsync(async () => !(await gateway.Admin.GetStringAsync("/api/databases")).Contains("shop", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => Told(gateway, "it is not served any more"));
        await client.SendAsync("SELECT 'too late';");
        await Eventually.HoldsAsync(() => Task.FromResult(client.Errors.Contains("ERROR", StringComparison.Ordinal)), TimeSpan.FromSeconds(30), () => Told(gateway, "the session has ended"));
        Assert.That(played.Replicas, Is.EqualTo(1), "its compute is left as it is");

        Label(server, "store");
        using ClientProcess again = await ServedAsync(gateway, "store");
        await again.SendAsync("SELECT 'under another name';");
        Assert.That(await again.ReadLineAsync(), Is.EqualTo("under another name"));
        Assert.That(await gateway.TerminateAsync(), Is.Zero);
    }

    [Test]
    public void Labels_ThatCannotBeServed_AreToldWithWhatToDo()
    {
        FoundSets found = FoundSets.Of([Set("a", "shop"), Set("b", "shop"), Set("c", "taken"), Set("d", "x.y"), Set("e", null), Set("f", "gone", isGone: true)], new HashSet<string> { "taken" }, Nothing);
        Assert.That(found.Databases, Is.EqualTo(new Dictionary<string, ObjectName> { ["shop"] = new("default", "a") }));
        Assert.That(found.Troubles, Has.Count.EqualTo(3));
        Assert.That(found.Troubles[0], Does.Contain("default/b").And.Contain("is StatefulSet default/a"));
        Assert.That(found.Troubles[1], Does.Contain("default/c").And.Contain("one of the configuration"));
        Assert.That(found.Troubles[2], Does.Contain("default/d").And.Contain("found `x.y`"));
    }

    [Test]
    public void Name_ThatTwoAskFor_StaysWithTheOneThatHasIt()
    {
        FoundSets found = FoundSets.Of([Set("a", "shop"), Set("b", "shop")], new HashSet<string>(), new Dictionary<string, ObjectName> { ["shop"] = new("default", "b") });
        Assert.That(found.Databases["shop"].Name, Is.EqualTo("b"));
    }

    private static StatefulSet Set(string name, string? database, bool isGone = false) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name, Namespace = "default", DeletionTimestamp = isGone ? DateTimeOffset.UnixEpoch : null,
            Labels = database is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [DiscoverySettings.Label] = database },
        },
    };

    private static void Label(ApiDouble server, string? name) =>
        server.Change(PlayedSet.PathOfSet, set => set["metadata"]!["labels"] = name is null ? [] : new JsonObject { [DiscoverySettings.Label] = name });

    private static async Task<GatewayProcess> StartAsync(ApiDouble server, PlayedSet played)
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string kubeconfig = Path.Combine(home, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, $$"""
            clusters: [{name: double, cluster: {server: "{{server.Address}}"} }]
            users: [{name: me, user: {token: secret} }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        return await GatewayProcess.StartManyAsync(
            [], GatewayProcess.SleepyRules(600), home, new JsonObject
            {
                ["user"] = "root", ["password"] = "", ["discovery"] = new JsonObject { ["mode"] = "on" }, ["limits"] = new JsonObject { ["drainFor"] = "3s" },
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["port"] = played.Port },
            });
    }

    private static ClientProcess As(GatewayProcess gateway, string database) => ClientProcess.MariaDb(gateway, $"-u{database}.{GatewayProcess.User}");

    /// <summary>A session, once there can be one.</summary>
    private static async Task<ClientProcess> ServedAsync(GatewayProcess gateway, string database)
    {
        await Eventually.HoldsAsync(
            async () => (await gateway.Admin.GetStringAsync("/metrics")).Contains($"serverless_phase{{database=\"{database}\",phase=\"running\"}} 1", StringComparison.Ordinal),
            TimeSpan.FromSeconds(40), () => Told(gateway, "it is served"));
        return As(gateway, database);
    }

    private static Task<string> Told(GatewayProcess gateway, string expected) => Task.FromResult($"{expected}\n{string.Join('\n', gateway.Output.TakeLast(30))}");
}
