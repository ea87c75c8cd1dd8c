using System.Text.Json.Nodes;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Sizing;
using Serverless.Tests.Integration.EndToEnd;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>How large the pods' node is bounds their size, where the gateway may ask.</summary>
internal sealed class NodeCapacityTests
{
    private const string Nodes = "/api/v1/nodes";

    private static readonly ComputeSize s_unbounded = new(long.MaxValue, long.MaxValue);

    [Test]
    public async Task SizeBeyondTheNode_IsInfeasible_WithoutBeingAskedFor_AndTheLastNodeCountsWhileItSleeps()
    {
        await using ComputeRig rig = await StartAsync("800m", "2Gi");
        await rig.ServesAsync();
        Assert.That(rig.Compute.Capacity, Is.EqualTo(s_unbounded).Or.EqualTo(new ComputeSize(800, 2L << 30)), "nothing waits for it");
        int changes = rig.Changes;
        await UntilAsync(() => rig.Compute.Capacity == new ComputeSize(800, 2L << 30), () => $"{rig.Compute.Capacity}");
        await UntilAsync(() => rig.Changes > 0, () => $"{changes}");
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        Assert.That((result as EffectResult.Infeasible)?.Reason, Does.Contain("node small has 800m cpu and 2048 MiB for it").And.Contain("1000m cpu and 1024 MiB"));
        Assert.That(rig.Server.Asked.Where(one => one.Method == "PATCH"), Is.Empty);
        await UntilAsync(() => rig.Events().Any(), () => "no Event was told");
        Assert.That(rig.Events().Single().Reason, Is.EqualTo("ResizeInfeasible"));
        Assert.That(await rig.Compute.ResizeAsync(new ComputeSize(800, 1L << 30), default), Is.InstanceOf<EffectResult.Done>());
        await rig.Compute.StopAsync(hurry: false, default);
        await rig.IsAsync(ComputeState.Gone);
        Assert.That(rig.Compute.Capacity, Is.EqualTo(new ComputeSize(800, 2L << 30)));
        Assert.That(rig.Server.Asked.Count(one => one.Path.StartsWith(Nodes, StringComparison.Ordinal)), Is.EqualTo(1), "a node is not asked for all the time");
    }

    [TestCase(403)]
    [TestCase(404)]
    [TestCase(503)]
    public async Task WithoutTheRight_OrAnAnswer_ItIsAsItWasWithoutIt(int code)
    {
        await using ComputeRig rig = await StartAsync("800m", "2Gi", server => server.Instead = async context =>
        {
            if (!context.Request.Path.StartsWithSegments(Nodes, StringComparison.Ordinal)) return false;
            await ApiDouble.RefuseAsync(context, code, code == 403 ? "Forbidden" : "NotFound", "nodes \"small\" is not for you");
            return true;
        });
        await rig.ServesAsync();
        await UntilAsync(() => rig.Server.Asked.Any(one => one.Path.StartsWith(Nodes, StringComparison.Ordinal)), () => "it is not asked for");
        Assert.That(await rig.Compute.ResizeAsync(ComputeRig.Large, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That(rig.Compute.Capacity, Is.EqualTo(s_unbounded));
    }

    [Test]
    public async Task WhereItIsNotWanted_NoNodeIsAskedFor()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["template"]!["spec"]!["nodeName"] = "small");
        await rig.ServesAsync();
        await Task.Delay(100);
        Assert.That(rig.Server.Asked.Any(one => one.Path.StartsWith(Nodes, StringComparison.Ordinal)), Is.False);
        Assert.That(rig.Compute.Capacity, Is.EqualTo(s_unbounded));
    }

    [Test]
    public void OtherContainersOfThePod_HaveTheirPart_AndNothingIsLessThanNothing()
    {
        var pod = new PodSpec
        {
            Containers = [Container("mysql", "500m", "512Mi"), Container("exporter", "100m", "64Mi"), new Container { Name = "plain" }],
            InitContainers = [Container("prepare", "3", "3Gi"), Container("sidecar", "50m", "16Mi") with { RestartPolicy = "Always" }],
        };
        Assert.That(NodeRoom.Of(new ComputeSize(2000, 1L << 30), pod, "mysql"), Is.EqualTo(new ComputeSize(1850, (1L << 30) - (80L << 20))));
        Assert.That(NodeRoom.Of(new ComputeSize(10, 1), pod, "mysql"), Is.EqualTo(new ComputeSize(1, 1)));
    }

    /// <summary>A gateway process: the rules ask for four units, the node has two.</summary>
    [Test]
    public async Task Rules_AreBoundByTheNode_AndTheStatusShowsIt()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        Put(server, "1100m", "1200Mi");
        await using PlayedSet played = await PlayedSet.StartAsync(server, set => set["spec"]!["template"]!["spec"]!["nodeName"] = "small");
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        await using GatewayProcess gateway = await GatewayProcess.StartManyAsync(
            [
                new JsonObject
                {
                    ["name"] = "shop", ["compute"] = "kubernetes", ["user"] = "root", ["password"] = "",
                    ["kubernetes"] = new JsonObject
                    {
                        ["kubeconfig"] = kubeconfig, ["namespace"] = PlayedSet.Space, ["statefulSet"] = PlayedSet.Name, ["port"] = played.Port, ["nodeCapacity"] = "on",
                    },
                },
            ],
            """
            policy default
            unit cu = 500m cpu + 512MiB memory
            size 1cu .. 8cu step 1cu
            cooldown up 1s, down 60s
            rule work on running { when queries.running > 0 do resize to 4cu }
            """, home);
        JsonNode? capacity = null;
        await Eventually.HoldsAsync(
            async () => (capacity = (await gateway.StatusAsync("shop"))["compute"]!["capacity"]) is not null, TimeSpan.FromSeconds(30), () => Task.FromResult(string.Join('\n', gateway.Output.TakeLast(20))));
        Assert.That(((long)capacity!["cpuMillicores"]!, (long)capacity["memoryBytes"]!), Is.EqualTo((1100L, 1200L << 20)));
        using ClientProcess client = ClientProcess.MariaDb(gateway, $"-u{GatewayProcess.User}");
        await client.SendAsync("SELECT SLEEP(600);");
        await Eventually.HoldsAsync(
            async () => (double)(await gateway.StatusAsync("shop"))["size"]!["cu"]! == 2, TimeSpan.FromSeconds(30), async () => $"{await gateway.StatusAsync("shop")}\n{string.Join('\n', gateway.Output.TakeLast(20))}");
        Assert.That(server.Find(PlayedSet.PathOfPod(0))!["spec"]!["containers"]![0]!["resources"]!["limits"]!["cpu"]!.ToString(), Is.AnyOf("1", "1000m"), "two units, and no more was asked for");
    }

    private static Container Container(string name, string cpu, string memory) => new()
    {
        Name = name, Resources = new ResourceAmounts { Requests = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse(cpu), ["memory"] = Quantity.Parse(memory) } },
    };

    private static Task<ComputeRig> StartAsync(string cpu, string memory, Action<ApiDouble>? with = null) => ComputeRig.StartAsync(
        set => set["spec"]!["template"]!["spec"]!["nodeName"] = "small", options => options with { ReadsNodes = true }, server =>
        {
            Put(server, cpu, memory);
            with?.Invoke(server);
        });

    private static void Put(ApiDouble server, string cpu, string memory) => server.Put(Nodes, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = "small" }, ["status"] = new JsonObject { ["allocatable"] = new JsonObject { ["cpu"] = cpu, ["memory"] = memory } },
    });
}
