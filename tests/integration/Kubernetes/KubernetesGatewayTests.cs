using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Kubernetes.Rights;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The main job on a real control plane: the host as users run it, a client that stays connected, and a StatefulSet that comes and goes.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class KubernetesGatewayTests
{
    private const string Space = "default";
    private readonly string _set = $"db{Guid.NewGuid():N}"[..12];

    private ObjectName Name => new(Space, _set);

    [Test]
    public async Task Statement_AfterTheSleep_IsAnsweredFromTheSameData()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        using KubernetesApi api = cluster.Connect();
        using MariaDbServer engine = await EngineAsync();
        await using PlayedKubelet kubelet = await PlayAsync(cluster, api, engine);
        await using GatewayProcess gateway = await GatewayAsync(cluster, engine.Port);
        await SleepsAndWakesAsync(gateway, api);
        Assert.That(gateway.Output, Has.Some.Contains($"StatefulSet {Name}"));
        await DoubleRig.UntilAsync(() => Reasons(api).Contains("Suspended") && Reasons(api).Contains("Resumed"), () => string.Join(", ", Reasons(api)));
        Task<int> ended;
        using (ClientProcess client = ClientProcess.MariaDb(gateway))
        {
            await client.SendAsync("BEGIN; SELECT 'open';");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("open"));
            await gateway.WaitForPhaseAsync("running");
            ended = gateway.TerminateAsync();
            await gateway.SaysAsync("clients may finish what they are at");
        }

        Assert.That(await ended, Is.Zero);
        Assert.That((await api.GetAsync(Resources.StatefulSets, Name, default)).Spec.Replicas, Is.EqualTo(1), "another gateway may take its place");
    }

    /// <summary>With the rights that docs/kubernetes.md names, and no others. The client is at the gateway that does not lead.</summary>
    [Test]
    public async Task TwoGateways_WithTheDocumentedRights_AgreeOnASuspend_AndAnyWakes()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        using KubernetesApi api = cluster.Connect();
        using MariaDbServer engine = await EngineAsync();
        await using PlayedKubelet kubelet = await PlayAsync(cluster, api, engine, replicas: 2);
        await using RefusalCounter counter = await RefusalCounter.StartAsync(cluster.AccessOf().Server);
        string account = await cluster.AccountAsync(_set, DocumentedRights.AsRules(), isWhole: true, counter.Address);
        await using GatewayProcess leader = await GatewayAsync(cluster, engine.Port, kubeconfig: account);
        await Eventually.HoldsAsync(async () => (bool)(await leader.StatusAsync())["fleet"]!["leads"]!, TimeSpan.FromSeconds(30), async () => $"{await leader.StatusAsync()}");
        await using GatewayProcess other = await GatewayAsync(cluster, engine.Port, kubeconfig: account);
        await SleepsAndWakesAsync(other, api, _set, replicas: 2);
        await DoubleRig.UntilAsync(() => Reasons(api).Contains("Suspended"), () => string.Join(", ", Reasons(api)));
        JsonNode fleet = (await other.StatusAsync())["fleet"]!;
        Assert.That(((bool)fleet["leads"]!, fleet["gateways"]!.AsArray().Count), Is.EqualTo((false, 2)), fleet.ToJsonString());
        Assert.That(await leader.TerminateAsync(), Is.Zero);
        await Eventually.HoldsAsync(async () => (bool)(await other.StatusAsync())["fleet"]!["leads"]!, TimeSpan.FromSeconds(60), async () => $"the lead was given back\n{await other.StatusAsync()}");
        await other.WaitForPhaseAsync("suspended", 60);
        Assert.That(counter.Refused, Is.Empty, "no 403");
        Assert.That(counter.Answers, Is.GreaterThan(50), "of all that was asked");
        Assert.That(leader.Output.Concat(other.Output), Has.None.Contains("Allow this account the verb").And.None.Contains("cannot be read or written"));
    }

    [Test]
    public async Task ApiServerThatIsAway_DisturbsNobodyAndLosesNothing()
    {
        LabCluster cluster = await LabCluster.RequireAsync(own: true);
        using KubernetesApi api = cluster.Connect();
        using MariaDbServer engine = await EngineAsync();
        await using PlayedKubelet kubelet = await PlayAsync(cluster, api, engine);
        await using GatewayProcess gateway = await GatewayAsync(cluster, engine.Port);
        using ClientProcess client = ClientProcess.MariaDb(gateway);
        // nothing is suspended before the server is away
        await client.SendAsync("BEGIN; SELECT 1;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("1"));
        await cluster.WithoutApiAsync(async () =>
        {
            await client.SendAsync("COMMIT; SELECT 'away';");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("away"));
            // long enough for several suspends, by the rules
            for (int second = 0; second < 8; second++)
            {
                await client.SendAsync($"SELECT {second};");
                Assert.That(await client.ReadLineAsync(30), Is.EqualTo($"{second}"));
                await Task.Delay(second == 2 ? 5000 : 500);
            }

            Assert.That(await gateway.PhaseAsync(), Is.EqualTo("running").Or.EqualTo("draining"), "nothing is suspended on old news");
            Assert.That(engine.Process.HasExited, Is.False);
        });
        await gateway.WaitForPhaseAsync("suspended", 60);
        await DoubleRig.UntilAsync(() => !kubelet.HasPod, () => "the pod is there");
        Task waking = Task.CompletedTask;
        await cluster.WithoutApiAsync(async () =>
        {
            await client.SendAsync("SELECT 'woken';");
            waking = client.ReadLineAsync(60).ContinueWith(line => Assert.That(line.Result, Is.EqualTo("woken")), TaskScheduler.Default);
            await Task.Delay(4000);
            Assert.That(waking.IsCompleted, Is.False);
        });
        await waking;
    }

    [Test]
    public async Task Hand_ThatScalesOrDeletes_IsRespected()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        using KubernetesApi api = cluster.Connect();
        using MariaDbServer engine = await EngineAsync();
        await using PlayedKubelet kubelet = await PlayAsync(cluster, api, engine);
        await using GatewayProcess gateway = await GatewayAsync(cluster, engine.Port, GatewayProcess.SleepyRules(600));
        using ClientProcess client = ClientProcess.MariaDb(gateway);
        await client.SendAsync("SELECT 1;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("1"));
        await ScaleAsync(api, 0);
        await gateway.WaitForPhaseAsync("suspended", 30);
        await ScaleAsync(api, 1);
        await gateway.WaitForPhaseAsync("running", 30);
        string before = (await api.GetAsync(Resources.Pods, new ObjectName(Space, _set + "-0"), default)).Metadata.Uid!;
        await api.DeleteAsync(Resources.Pods, new ObjectName(Space, _set + "-0"), null, default);
        await client.SendAsync("SELECT 'again';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("again"));
        await gateway.WaitForPhaseAsync("running", 30);
        Assert.That((await api.GetAsync(Resources.Pods, new ObjectName(Space, _set + "-0"), default)).Metadata.Uid, Is.Not.EqualTo(before));
        await api.DeleteAsync(Resources.StatefulSets, Name, null, default);
        await gateway.WaitForPhaseAsync("suspended", 60);
        await client.SendAsync("SELECT 'lost';");
        await Eventually.HoldsAsync(() => Task.FromResult(client.Errors.Contains($"there is no StatefulSet {Name}", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), () => Task.FromResult(client.Errors));
    }

    /// <summary>Real pods of a real kubelet, on a volume of the node.</summary>
    [Test]
    public async Task RealPod_SleepsAndWakes_WithItsData()
    {
        LabCluster cluster = await LabCluster.RequireNodeAsync();
        try
        {
            using KubernetesApi api = cluster.Connect();
            await CreateAsync(cluster, $$$"""
                {"containers": [{"name": "mariadb", "image": "docker.io/lab/mariadb:1", "imagePullPolicy": "Never", "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
                  "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}]}],
                 "volumes": [{"name": "data", "hostPath": {"path": "{{{cluster.Folder}}}/{{{_set}}}", "type": "DirectoryOrCreate"} }]}
                """, "[]");
            Pod? pod = null;
            await DoubleRig.UntilAsync(() => (pod = api.FindAsync(Resources.Pods, new ObjectName(Space, _set + "-0"), default).Result)?.Status.PodIp is not null, () => "the pod has no address");
            await ClientAccount.MakeAsync(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(pod!.Status.PodIp!), 3306), "%");
            await using GatewayProcess gateway = await GatewayAsync(cluster, 3306, user: "root", password: "", storage: "trusted");
            await SleepsAndWakesAsync(gateway, api);
        }
        finally
        {
            await cluster.EndNodeAsync();
        }
    }

    private static async Task SleepsAndWakesAsync(GatewayProcess gateway, KubernetesApi api, string set, int replicas = 1)
    {
        using ClientProcess client = ClientProcess.MariaDb(gateway);
        await client.SendAsync("CREATE DATABASE IF NOT EXISTS kept; USE kept; CREATE TABLE t (v VARCHAR(10)); INSERT INTO t VALUES ('kept'); SET @v = 42; SELECT 'ready';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("ready"));
        await gateway.WaitForPhaseAsync("suspended", 60);
        Assert.That((await api.GetAsync(Resources.StatefulSets, new ObjectName(Space, set), default)).Spec.Replicas, Is.Zero);
        await DoubleRig.UntilAsync(() => api.ListAsync(Resources.Pods, Space, new Selection(Labels: $"app={set}"), default).Result.Items.Count == 0, () => $"the pod does not end:\n{string.Join('\n', gateway.Output.TakeLast(20))}");
        // the transaction keeps it awake for as long as the client is there
        await client.SendAsync("SELECT CONCAT_WS('|', v, @v, DATABASE()) FROM t; BEGIN; SELECT 'open';");
        try
        {
            Assert.That((await client.ReadLineAsync(), await client.ReadLineAsync()), Is.EqualTo(("kept|42|kept", "open")));
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}\n{string.Join('\n', gateway.Output.TakeLast(30))}");
        }

        Assert.That((await api.GetAsync(Resources.StatefulSets, new ObjectName(Space, set), default)).Spec.Replicas, Is.EqualTo(replicas));
        JsonNode wake = (await gateway.StatusAsync())["lastResume"]!;
        TestContext.Out.WriteLine($"woken: {wake.ToJsonString()}");
    }

    private Task SleepsAndWakesAsync(GatewayProcess gateway, KubernetesApi api) => SleepsAndWakesAsync(gateway, api, _set);

    private static async Task<MariaDbServer> EngineAsync()
    {
        MariaDbServer engine = await MariaDbServer.StartAsync();
        await ClientAccount.MakeAsync(engine.TcpAddress, "127.0.0.1");
        return engine;
    }

    private async Task<PlayedKubelet> PlayAsync(LabCluster cluster, KubernetesApi api, MariaDbServer engine, int replicas = 1)
    {
        await CreateAsync(cluster, $$$"""
            {"containers": [{"name": "mysql", "image": "mysql", "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}, "volumeMounts": [{"name": "data", "mountPath": "{{{Path.GetDirectoryName(engine.DataDirectory)}}}"}]}]}
            """, """[{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]""", replicas);
        return new PlayedKubelet(api, Space, _set, engine);
    }

    private Task CreateAsync(LabCluster cluster, string podSpec, string claims, int replicas = 1) => cluster.PostAsAdminAsync($"/apis/apps/v1/namespaces/{Space}/statefulsets", """
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "NAME"}, "spec": {"replicas": REPLICAS, "serviceName": "NAME", "selector": {"matchLabels": {"app": "NAME"}},
         "template": {"metadata": {"labels": {"app": "NAME"}}, "spec": POD}, "volumeClaimTemplates": CLAIMS}}
        """.Replace("NAME", _set, StringComparison.Ordinal).Replace("POD", podSpec, StringComparison.Ordinal).Replace("CLAIMS", claims, StringComparison.Ordinal).Replace("REPLICAS", $"{replicas}", StringComparison.Ordinal));

    private Task<GatewayProcess> GatewayAsync(LabCluster cluster, int port, string? rules = null, string user = "root", string password = "", string? kubeconfig = null, string storage = "checked") => GatewayProcess.StartManyAsync(
        [
            new JsonObject
            {
                ["name"] = "default", ["compute"] = "kubernetes", ["user"] = user, ["password"] = password,
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig ?? cluster.AdminFile, ["namespace"] = Space, ["statefulSet"] = _set, ["port"] = port, ["storage"] = storage },
            },
        ],
        rules,
        // each test is a fleet of its own
        more: new JsonObject { ["fleet"] = new JsonObject { ["name"] = _set } });

    private async Task ScaleAsync(KubernetesApi api, int replicas) =>
        await api.PatchAsync(Resources.StatefulSetScale, Name, Patch.Merge(new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }), default);

    private List<string> Reasons(KubernetesApi api) =>
        [.. api.ListAsync(Resources.Events, Space, new Selection(Fields: $"involvedObject.name={_set}"), default).Result.Items.Select(one => one.Reason ?? "")];
}
