using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A pod gets another size while its engine runs, as each version of a cluster does it, or refuses, or puts off.</summary>
internal sealed class KubernetesResizeTests
{
    /// <summary>For what comes to nothing: the node must have said so by then.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    [TestCase(27)]
    [TestCase(31)]
    [TestCase(32)]
    [TestCase(33)]
    [TestCase(35)]
    public async Task Growth_IsInForceWithTheSamePod_AndThePoolFollows(int minor)
    {
        await using ComputeRig rig = await StartAsync(minor);
        string uid = rig.Set.Pod(0)!["metadata"]!["uid"]!.ToString();
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        Assert.That(result, Is.InstanceOf<EffectResult.Done>(), $"{result}");
        Assert.That((await rig.Compute.ObserveAsync(default)).Size, Is.EqualTo(ComputeRig.Large));
        Assert.That(rig.Set.Pod(0)!["metadata"]!["uid"]!.ToString(), Is.EqualTo(uid));
        Assert.That(Patches(rig).Select(one => one.Path.EndsWith("/resize", StringComparison.Ordinal)), Is.EqualTo(new[] { minor >= 32 }));
        Assert.That(Patches(rig).Select(one => one.ContentType), Has.All.StartsWith("application/strategic-merge-patch+json"));
        Assert.That(await PoolAsync(rig), Is.GreaterThan(400));
        Assert.That(rig.Crashes, Is.Empty);
        await UntilAsync(() => rig.Events().Any(), () => "no Event was told");
        Assert.That(rig.Events().Single(), Is.EqualTo(("Resized", "to 1000m cpu and 1024 MiB")));
    }

    [Test]
    public async Task Shrink_TakesFromThePoolFirst()
    {
        await using ComputeRig rig = await StartAsync(35);
        await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        Assert.That(await PoolAsync(rig), Is.GreaterThan(400));
        long pool = 0;
        rig.Server.Instead = async context =>
        {
            if (context.Request.Path.Value!.EndsWith("/resize", StringComparison.Ordinal)) pool = await PoolAsync(rig);
            return false;
        };
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Small, default);
        Assert.That(result, Is.InstanceOf<EffectResult.Done>(), $"{result}");
        Assert.That(pool, Is.LessThan(300), "as it was when the memory was taken");
        Assert.That((await rig.Compute.ObserveAsync(default)).Size, Is.EqualTo(ComputeRig.Small));
    }

    [TestCase(27)]
    [TestCase(33)]
    public async Task Shrink_OfALimitThatClusterCannotLower_IsInfeasible_AndThePoolIsAsItWas(int minor)
    {
        await using ComputeRig rig = await StartAsync(minor);
        await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        int before = Patches(rig).Count;
        await rig.AskAsync("SET GLOBAL log_output = 'TABLE'");
        await rig.AskAsync("SET GLOBAL general_log = 1");
        string reason = ((EffectResult.Infeasible)await rig.Compute.ResizeAsync(ComputeRig.Small, default)).Reason;
        await rig.AskAsync("SET GLOBAL general_log = 0");
        Assert.That(await rig.AskAsync("SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE 'SET GLOBAL innodb_buffer_pool_size%'"), Is.EqualTo("0"), "it never was another one");
        Assert.That(reason, Does.Contain("lowers the memory limit of a container that runs on from 1.34 on").And.Contain($"this is 1.{minor}"));
        Assert.That(Patches(rig), Has.Count.EqualTo(before));
        Assert.That(await PoolAsync(rig), Is.GreaterThan(400));
    }

    [TestCase(27, "Deferred")]
    [TestCase(32, "Deferred")]
    [TestCase(35, "Deferred")]
    [TestCase(27, "Infeasible")]
    [TestCase(35, "Infeasible")]
    [TestCase(35, "Error")]
    [TestCase(35, "Silent")]
    public async Task ThatComesToNothing_IsGivenUpAndTakenBack(int minor, string how)
    {
        await using ComputeRig rig = await StartAsync(minor, Soon);
        // nothing of a limit is lowered when it is taken back, which these versions could not
        rig.Set.Resize = Enum.Parse<PlayedResize>(how);
        EffectResult result = await rig.Compute.ResizeAsync(new ComputeSize(2000, ComputeRig.Small.MemoryBytes), default);
        Assert.That(result.GetType(), Is.EqualTo(how switch { "Deferred" => typeof(EffectResult.Deferred), "Infeasible" => typeof(EffectResult.Infeasible), _ => typeof(EffectResult.Failed) }), $"{result}");
        Assert.That($"{result}", Does.Contain(how switch { "Silent" => "the node says nothing of it", "Error" => "the node says Error: the node has its reasons", _ => $"the node says {how}" }));
        await UntilAsync(() => rig.Set.Pod(0)!["spec"]!["containers"]![0]!["resources"]!["limits"]!["cpu"]!.ToString() == "500m", () => $"{rig.Set.Pod(0)!["spec"]}");
        Assert.That((await rig.Compute.ObserveAsync(default)).Size, Is.EqualTo(ComputeRig.Small));
        Assert.That(await rig.Compute.StopAsync(hurry: false, default), Is.InstanceOf<EffectResult.Done>(), "nothing is in the way of a suspend");
    }

    /// <summary>The request is carried out, its answer is lost, and then the node puts it off: what the pod had is what it had before the request.</summary>
    [Test]
    public async Task Answer_ThatIsLost_IsTakenBackToWhatWasBefore()
    {
        await using ComputeRig rig = await StartAsync(35, Soon);
        rig.Set.Resize = PlayedResize.Deferred;
        bool lost = false;
        rig.Server.Instead = async context =>
        {
            if (!IsPatch(context) || lost) return false;
            lost = true;
            rig.Server.Change(PlayedSet.PathOfPod(0), pod => pod["spec"]!["containers"]![0]!["resources"] = JsonNode.Parse("""{"requests": {"cpu": "2", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "512Mi"}}"""));
            await ApiDouble.RefuseAsync(context, 504, "Timeout", "the server was too slow");
            return true;
        };
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Small with { CpuMillicores = 2000 }, default);
        Assert.That(result, Is.InstanceOf<EffectResult.Deferred>(), $"{result}");
        Assert.That(rig.Set.Pod(0)!["spec"]!["containers"]![0]!["resources"]!["limits"]!["cpu"]!.ToString(), Is.EqualTo("500m"));
    }

    /// <summary>A question that got no answer asked for nothing: what the pod had is what the next one shows.</summary>
    [Test]
    public async Task Question_ThatGetsNoAnswer_IsNoRequest_AndWhatFollowsIsTakenBack()
    {
        await using ComputeRig rig = await StartAsync(35, Soon);
        rig.Set.Resize = PlayedResize.Deferred;
        bool refused = false;
        rig.Server.Instead = async context =>
        {
            if (refused || !HttpMethods.IsGet(context.Request.Method) || !context.Request.Path.Value!.EndsWith("/pods/db-0", StringComparison.Ordinal)) return false;
            refused = true;
            context.Response.Headers.RetryAfter = "3600";
            await ApiDouble.RefuseAsync(context, 429, "TooManyRequests", "try later");
            return true;
        };
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Small with { CpuMillicores = 2000 }, default);
        Assert.That(refused, Is.True);
        Assert.That(result, Is.InstanceOf<EffectResult.Deferred>(), $"{result}");
        await UntilAsync(() => rig.Set.Pod(0)!["spec"]!["containers"]![0]!["resources"]!["limits"]!["cpu"]!.ToString() == "500m", () => $"{rig.Set.Pod(0)!["spec"]}");
    }

    /// <summary>A pool that grew with its pod must be small again before its limit is.</summary>
    [Test]
    public async Task PodThatIsRefused_TakesTheOthersBack_ThePoolBeforeTheMemory()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["replicas"] = 2, options => options with { ResizeLimit = TimeSpan.FromSeconds(60) });
        rig.Set.Engines = 2;
        await rig.ServesAsync();
        await UntilAsync(() => rig.Set.Pod(1)?["status"]?["podIP"] is not null, () => "the second pod does not come");
        long before = await PoolAsync(rig);
        rig.Server.RefusesResize = pod => pod["metadata"]!["name"]!.ToString() == "db-0" ? "the quota is used up" : null;
        var pools = new List<long>();
        rig.Server.Instead = async context =>
        {
            if (IsPatch(context) && context.Request.Path.Value!.Contains("/pods/db-1/", StringComparison.Ordinal)) pools.Add(await PoolAsync(rig));
            return false;
        };
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        Assert.That((result as EffectResult.Infeasible)?.Reason, Does.Contain("the quota is used up"), $"{result}");
        Assert.That(pools, Has.Count.EqualTo(2), $"it grew from {before} MiB, and was taken back");
        Assert.That(pools[1], Is.LessThan(300), "as it was when the memory was taken back");
        await UntilAsync(() => rig.Set.Pod(1)!["spec"]!["containers"]![0]!["resources"]!["limits"]!["memory"]!.ToString() == "512Mi", () => $"{rig.Set.Pod(1)!["spec"]}");
        Assert.That(await PoolAsync(rig), Is.LessThan(300));
    }

    /// <summary>1.33 lets no limit of memory be lowered, not even one that is not in force.</summary>
    [Test]
    public async Task ThatCannotBeTakenBack_IsSaid_AndNoSmallerPoolIsGivenUpForIt()
    {
        await using ComputeRig rig = await StartAsync(33, Soon);
        rig.Set.Resize = PlayedResize.Deferred;
        Assert.That(await rig.Compute.ResizeAsync(ComputeRig.Large, default), Is.InstanceOf<EffectResult.Deferred>());
        Assert.That(rig.Log.Messages, Has.Some.Contains("may get the size that it was to have after all"));
        int before = rig.Changes;
        rig.Set.Resize = PlayedResize.Done;
        await UntilAsync(() => rig.Changes > before, () => "no change was told");
        await UntilAsync(() => rig.Compute.ObserveAsync(default).AsTask().Result.Size == ComputeRig.Large, () => "it is not found");
    }

    [TestCase("""{"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}""", "Guaranteed")]
    [TestCase("""{"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}""", "Burstable")]
    [TestCase("""{"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}""", "Burstable")]
    public async Task OtherContainersAndTheQosClass_StayAsTheyAre(string resources, string qos)
    {
        JsonNode sidecar = JsonNode.Parse($$"""{"name": "exporter", "resources": {{(qos == "Guaranteed" ? resources : "{}")}} }""")!;
        await using ComputeRig rig = await ComputeRig.StartAsync(
            set =>
            {
                JsonArray containers = set["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
                containers[0]!["resources"] = JsonNode.Parse(resources);
                containers.Add(sidecar.DeepClone());
            },
            options => options with { Container = "mysql" });
        await rig.ServesAsync();
        Assert.That(ApiDouble.QosOf(rig.Set.Pod(0)!), Is.EqualTo(qos));
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        Assert.That(result, Is.InstanceOf<EffectResult.Done>(), $"{result}");
        Assert.That(ApiDouble.QosOf(rig.Set.Pod(0)!), Is.EqualTo(qos));
        Assert.That(JsonNode.DeepEquals(rig.Set.Pod(0)!["spec"]!["containers"]![1], sidecar), Is.True);
    }

    [Test]
    public async Task ContainerThatWouldBeRestarted_IsNot()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["template"]!["spec"]!["containers"]![0]!["resizePolicy"] = new JsonArray(
            new JsonObject { ["resourceName"] = "memory", ["restartPolicy"] = "RestartContainer" }));
        await rig.ServesAsync();
        Assert.That(((EffectResult.Infeasible)await rig.Compute.ResizeAsync(ComputeRig.Large, default)).Reason, Does.Contain("restarts the container mysql").And.Contain("NotRequired"));
        Assert.That(await rig.Compute.ResizeAsync(ComputeRig.Small with { CpuMillicores = 700 }, default), Is.InstanceOf<EffectResult.Done>(), "processors have no such policy");
    }

    [Test]
    public async Task ClusterThatChangesNoPod_IsInfeasible_AndTheNextStartHasTheSize()
    {
        await using ComputeRig rig = await StartAsync(20);
        Assert.That(((EffectResult.Infeasible)await rig.Compute.ResizeAsync(ComputeRig.Large, default)).Reason, Does.Contain("v1.20.0").And.Contain("does not serve pods/resize"));
        Assert.That(Patches(rig), Is.Empty);
    }

    [Test]
    public async Task ClusterWithoutTheFeatureGate_IsInfeasible()
    {
        await using ComputeRig rig = await StartAsync(27);
        rig.Server.RefusesResize = _ => "pod updates may not change fields other than `spec.containers[*].image`";
        Assert.That(((EffectResult.Infeasible)await rig.Compute.ResizeAsync(ComputeRig.Large, default)).Reason, Does.Contain("may not change fields"));
    }

    [Test]
    public async Task Conflicts_AreMetOnThePodAsItIsThen()
    {
        await using ComputeRig rig = await StartAsync(35);
        int conflicts = 0;
        rig.Server.Instead = context =>
        {
            if (IsPatch(context) && Interlocked.Increment(ref conflicts) <= 3) rig.Server.Change(PlayedSet.PathOfPod(0), pod => pod["metadata"]!["labels"] = new JsonObject { ["touched"] = $"{conflicts}" });
            return Task.FromResult(false);
        };
        Assert.That(await rig.Compute.ResizeAsync(ComputeRig.Large, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That(conflicts, Is.EqualTo(4));
    }

    [Test]
    public async Task PodThatEndsMeanwhile_IsAFailure_AndACrash()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        rig.Set.Resize = PlayedResize.Silent;
        Task<EffectResult> resizing = rig.Compute.ResizeAsync(ComputeRig.Large, default).AsTask();
        await UntilAsync(() => Patches(rig).Count > 0, () => "nothing was asked for");
        rig.Set.DeletePod(0);
        Assert.That(((EffectResult.Failed)await resizing).Reason, Does.Contain("db-0"));
        await UntilAsync(() => rig.Crashes.Count == 1, () => "no crash was told");
    }

    [Test]
    public async Task SizeThatSomebodyElseGave_IsFoundAndTold()
    {
        await using ComputeRig rig = await StartAsync(35);
        int before = rig.Changes;
        rig.Server.Change(PlayedSet.PathOfPod(0), pod => pod["spec"]!["containers"]![0]!["resources"] = JsonNode.Parse("""{"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}"""));
        await rig.SeenAsync(view => view.Size == new ComputeSize(2000, 2L << 30));
        await UntilAsync(() => rig.Changes > before, () => "no change was told");
    }

    [Test]
    public async Task Size_SurvivesASuspend()
    {
        await using ComputeRig rig = await StartAsync(35);
        await rig.Compute.ResizeAsync(ComputeRig.Large, default);
        await rig.Compute.StopAsync(hurry: false, default);
        await rig.Set.GoneAsync();
        rig.Set.Scale(1);
        await UntilAsync(() => rig.Set.Pod(0)?["status"]?["podIP"] is not null, () => "no pod came");
        Assert.That((await rig.ServesAsync()).Size, Is.EqualTo(ComputeRig.Large), "whoever scales it up");
    }

    /// <summary>Without the right to change the template a pod comes up as it says, and is given its size then.</summary>
    [Test]
    public async Task Size_ThatTheTemplateCouldNotBeGiven_IsGivenAfterTheStart()
    {
        await using ComputeRig rig = await StartAsync(35);
        rig.Server.Instead = async context =>
        {
            if (!IsPatch(context) || !context.Request.Path.Value!.Contains("/statefulsets/", StringComparison.Ordinal)) return false;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "statefulsets.apps \"db\" is forbidden: User \"me\" cannot patch resource \"statefulsets\" in API group \"apps\"");
            return true;
        };
        await rig.Compute.StopAsync(hurry: false, default);
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Large, default), Is.InstanceOf<EffectResult.Done>());
        await UntilAsync(() => rig.Compute.ObserveAsync(default).AsTask().Result.Size == ComputeRig.Large, () => string.Join('\n', rig.Log.Messages));
        Assert.That(rig.Log.Messages, Has.Some.Contains("its pods start at the size they have").And.Some.Contains("the verb `patch` on `statefulsets`"));
    }

    private static async Task<ComputeRig> StartAsync(int minor, TimeSpan? limit = null)
    {
        ComputeRig rig = await ComputeRig.StartAsync(with: options => options with { ResizeLimit = limit ?? TimeSpan.FromSeconds(60) }, server: server => server.Minor = minor);
        await rig.ServesAsync();
        return rig;
    }

    private static bool IsPatch(HttpContext context) => HttpMethods.IsPatch(context.Request.Method);

    private static List<AskedOfDouble> Patches(ComputeRig rig) => [.. rig.Server.Asked.Where(asked => asked.Method == "PATCH" && asked.Path.Contains("/pods/", StringComparison.Ordinal))];

    /// <summary>In MiB.</summary>
    private static async Task<long> PoolAsync(ComputeRig rig) => long.Parse((await rig.AskAsync("SELECT @@innodb_buffer_pool_size DIV 1048576"))!, System.Globalization.CultureInfo.InvariantCulture);
}
