using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Wesql;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>A WeSQL cluster as a compute: its data node and its loggers, in the double of a cluster. The engine is MariaDB with WeSQL's tables played: WeSQL itself cannot be had here.</summary>
internal sealed class WesqlComputeTests
{
    [Test]
    public async Task Cluster_StopsWithASnapshot_DataNodeFirst_AndStartsLoggersFirst_AsManyAsThereWere()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        ComputeView view = await wesql.Rig.ServesAsync();
        Assert.That(view.Detail, Does.Contain("logger log-a 3/3").And.Contain("logger log-b 1/1"));
        Assert.That(await wesql.Rig.Compute.WhyNotStopAsync(default), Is.Null);
        string untouched = wesql.Rig.Server.Find(wesql.Other.Path)!.ToJsonString();
        var breath = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        wesql.Rig.Set.LastBreath = breath.Task;
        EffectResult stopped = await wesql.Rig.Compute.StopAsync(hurry: false, default);
        Assert.That((stopped as EffectResult.Done)?.Remark, Is.Null, $"{stopped}");
        Assert.That(stopped, Is.InstanceOf<EffectResult.Done>());
        Assert.That(wesql.Node.Snapshots, Is.EqualTo(1));
        Assert.That((wesql.Rig.Set.Pod(0) is not null, wesql.Three.Replicas), Is.EqualTo((true, 3)), "what it writes at its end needs most of its loggers");
        breath.SetResult();
        await wesql.AreAsync(0, 0);
        Assert.That(wesql.Rig.Set.Pod(0), Is.Null);
        Assert.That(wesql.Scalings, Is.EqualTo(new[] { "db=0", "log-a=0", "log-b=0" }));
        Assert.That(wesql.Three.Annotation("serverless.mysql/replicas"), Is.EqualTo("3"));

        // by another gateway, which never saw them run
        await wesql.Rig.Compute.DisposeAsync();
        await wesql.OpenAnotherAsync();
        await wesql.Rig.IsAsync(ComputeState.Gone);
        EffectResult started = await wesql.Rig.Compute.StartAsync(ComputeRig.Small, default);
        Assert.That(started, Is.InstanceOf<EffectResult.Done>(), $"{started}");
        Assert.That(wesql.Scalings.Skip(3).Take(2), Is.EquivalentTo(new[] { "log-a=3", "log-b=1" }));
        Assert.That(wesql.Scalings.Skip(5), Is.EqualTo(new[] { "db=1" }));
        Assert.That(wesql.Three.Annotation(LoggerMark.Annotation), Is.Null, "nothing is about to stop them");
        Assert.That(wesql.Rig.Server.Find(wesql.Other.Path)!.ToJsonString(), Is.EqualTo(untouched), "what is nobody's logger is not touched");
    }

    [Test]
    public async Task WhoLeads_IsAskedOfTheEngine_AndWithoutALeaderNobodyServes()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        await wesql.Rig.ServesAsync();
        await wesql.Rig.Compute.StopAsync(hurry: false, default);
        await wesql.Rig.Set.GoneAsync();
        await wesql.Rig.Set.Engine.RunAsync();
        await wesql.Node.NobodyLeadsAsync();
        await wesql.Rig.Set.Engine.TerminateAsync();
        Task<EffectResult> start = wesql.Rig.Compute.StartAsync(ComputeRig.Small, default).AsTask();
        await UntilAsync(() => wesql.Relay.Asked.Count(one => one.Contains("wesql_cluster_local", StringComparison.Ordinal)) > 20, () => "it is not asked");
        Assert.That(start.IsCompleted, Is.False, "the only data node answers, and does not lead");

        // one that was elected and takes no writes yet
        await wesql.Node.LeadAsync(0, "Leader", "No");
        await Task.Delay(200);
        Assert.That(start.IsCompleted, Is.False);
        await wesql.Node.LeadAsync(0);
        Assert.That(await start, Is.InstanceOf<EffectResult.Done>());
        await wesql.Node.NobodyLeadsAsync();
        Assert.That((await wesql.Rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving), "it is kept: nobody is better");
        await wesql.Rig.Compute.DisposeAsync();
        await wesql.OpenAnotherAsync();
        ComputeView view = await wesql.Rig.SeenAsync(view => view.Detail?.Contains("pod db-0 answers", StringComparison.Ordinal) == true);
        Assert.That(view.State, Is.EqualTo(ComputeState.Starting));
        Assert.That(view.Detail, Does.Contain("its role is Candidate, the leader is nobody"));
    }

    [Test]
    public async Task Leader_ThatMovesToAnotherDataNode_IsFollowed()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync(set: set => set["spec"]!["replicas"] = 2);
        wesql.Rig.Set.AddressOf = WesqlRelay.AddressOf;
        wesql.Rig.Set.Engines = 2;
        await wesql.Rig.Compute.DisposeAsync();
        await wesql.Rig.OpenAsync(options => WesqlRig.OptionsOf(options, wesql.Relay) with { RolePause = TimeSpan.Zero });
        await UntilAsync(() => wesql.Rig.Set.Pod(1)?["status"]?["podIP"] is not null, () => "the second pod does not come");
        Assert.That($"{(await wesql.Rig.ServesAsync()).Address!.Tcp!.Address}", Is.EqualTo(WesqlRelay.AddressOf(0)));
        await wesql.Node.LeadAsync(1);
        await UntilAsync(() => wesql.Rig.Compute.ObserveAsync(default).AsTask().GetAwaiter().GetResult().Address?.Tcp?.Address.ToString() == WesqlRelay.AddressOf(1), () => "the old leader is dialled");
        Assert.That(wesql.Rig.Losses, Is.EqualTo(1));
    }

    /// <summary>By the times of real clusters: an unchanged one is told by a task that does not begin for three seconds.</summary>
    [TestCase("grown", "tried", null)]
    [TestCase("unchanged", "required", null)]
    [TestCase("slow", "tried", "not whole within")]
    [TestCase("failing", "tried", "snapshot failed")]
    [TestCase("off", "tried", "makes no snapshots")]
    [TestCase("slow", "required", "not whole within")]
    [TestCase("failing", "required", "snapshot failed")]
    [TestCase("off", "required", "makes no snapshots")]
    public async Task Snapshot_ThatIsNotThere_IsTold_AndTheConfigurationSaysWhetherTheSuspendGoesOn(string engine, string mode, string? why)
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync(options => options with
        {
            Snapshot = mode == "required" ? SnapshotMode.Required : SnapshotMode.Tried, SnapshotLimit = TimeSpan.FromSeconds(engine == "slow" ? 1 : 20),
        });
        await wesql.Rig.ServesAsync();
        if (engine == "unchanged") wesql.Node.HasGrown = false;
        if (engine == "slow") wesql.Node.Takes = TimeSpan.FromSeconds(60);
        wesql.Node.Fails = engine == "failing";
        if (engine == "off") await wesql.Node.SetAsync("serverless", "OFF");
        EffectResult stopped = await wesql.Rig.Compute.StopAsync(hurry: false, default);
        bool goesOn = why is null || mode == "tried";
        Assert.That(stopped, goesOn ? Is.InstanceOf<EffectResult.Done>() : Is.InstanceOf<EffectResult.Deferred>(), $"{stopped}");
        Assert.That(wesql.Rig.Set.Replicas, Is.EqualTo(goesOn ? 0 : 1));
        Assert.That(wesql.Node.Snapshots, Is.EqualTo(engine == "grown" ? 1 : 0));
        if (why is null) return;
        Assert.That((stopped as EffectResult.Done)?.Remark ?? stopped.Why, Does.Contain(why));
        await UntilAsync(() => wesql.Rig.Events().Any(one => one.Reason == (goesOn ? "Suspended" : "SuspendFailed")), () => string.Join("; ", wesql.Rig.Events()));
        Assert.That(wesql.Rig.Events().Select(one => one.Reason), Has.Member("SnapshotFailed"));
        Assert.That(wesql.Rig.Events().First().Message, Does.Contain(why));
        if (goesOn) return;
        Assert.That(wesql.Three.Annotation(LoggerMark.Annotation), Is.Null);
        Assert.That((await wesql.Rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving));
    }

    /// <summary>It takes the word all the same, as WeSQL does.</summary>
    [Test]
    public async Task DataNode_ThatLeadsNoMore_IsNotTakenAtItsWord()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync(options => options with { Snapshot = SnapshotMode.Required });
        await wesql.Rig.ServesAsync();
        await wesql.Node.NobodyLeadsAsync();
        EffectResult stopped = await wesql.Rig.Compute.StopAsync(hurry: false, default);
        Assert.That((stopped as EffectResult.Deferred)?.Reason, Does.Contain("makes no snapshot: it does not lead its cluster"));
        await wesql.Rig.Compute.DisposeAsync();
        await wesql.Rig.OpenAsync(options => WesqlRig.OptionsOf(options, wesql.Relay, one => one with { Snapshot = SnapshotMode.Required }) with { TrustsStorage = true });
        Assert.That((await wesql.Rig.Compute.StopAsync(hurry: false, default)).Why, Does.Contain("no data node leads that could be asked"));
        Assert.That(wesql.Rig.Set.Replicas, Is.EqualTo(1));
    }

    /// <summary>One that was under way when the last statement ended may have none of it: it is waited for, and another one is made.</summary>
    [Test]
    public async Task Snapshot_ThatWasBegunBefore_IsNotTakenForTheLast()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        await wesql.Rig.ServesAsync();
        wesql.Node.Takes = TimeSpan.FromSeconds(1);
        wesql.Node.Force();
        await UntilAsync(() => wesql.Node.Begun == 1, () => "the first is not begun");
        wesql.Node.HasGrown = true;
        Assert.That(await wesql.Rig.Compute.StopAsync(hurry: false, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That(wesql.Node.Snapshots, Is.EqualTo(2));
    }

    [TestCase("aws", true)]
    [TestCase("local", false)]
    public async Task DataNode_WithoutAClaim_IsStoppedWithItsSnapshotInTheObjectStore_OrNotAtAll(string provider, bool isKept)
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync(options => options with { Snapshot = SnapshotMode.Off }, set =>
        {
            set["spec"]!["volumeClaimTemplates"] = new JsonArray();
            set["spec"]!["template"]!["spec"]!["volumes"] = new JsonArray(new JsonObject { ["name"] = "data", ["emptyDir"] = new JsonObject() });
        });
        await wesql.Rig.ServesAsync();
        await wesql.Node.SetAsync("objectstore_provider", provider);
        Assert.That(await wesql.Rig.Compute.WhyNotStopAsync(default), isKept ? Is.Null : Does.Contain("an emptyDir"));
        wesql.Node.Fails = true;
        EffectResult stopped = await wesql.Rig.Compute.StopAsync(hurry: true, default);
        Assert.That(stopped.Why, Does.Contain(isKept ? "snapshot failed" : "an emptyDir"));
        Assert.That(wesql.Rig.Set.Replicas, Is.EqualTo(1));
        wesql.Node.Fails = false;
        Assert.That(await wesql.Rig.Compute.StopAsync(hurry: true, default), isKept ? Is.InstanceOf<EffectResult.Done>() : Is.InstanceOf<EffectResult.Infeasible>());
        Assert.That(wesql.Node.Snapshots, Is.EqualTo(isKept ? 1 : 0));
    }

    [TestCase("emptyDir", "no container of its logger log-a has a PersistentVolumeClaim")]
    [TestCase("whenScaled", "the claims of its logger log-a are deleted")]
    [TestCase("another", "is the logger of another data node")]
    [TestCase("missing", "there is no StatefulSet log-a")]
    public async Task Logger_ThatWouldLoseItsLog_OrIsNotItsOwn_RefusesTheStop(string kind, string reason)
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync(logger: set =>
        {
            if (kind == "whenScaled") set["spec"]!["persistentVolumeClaimRetentionPolicy"] = new JsonObject { ["whenScaled"] = "Delete" };
            else if (kind == "another") set["metadata"]!["annotations"] = new JsonObject { [LoggerMark.Annotation] = "crm/uid-7" };
            else if (kind == "emptyDir") set["spec"]!["volumeClaimTemplates"] = new JsonArray();
        });
        await wesql.Rig.ServesAsync();
        if (kind == "missing") wesql.Rig.Server.Delete("/apis/apps/v1/namespaces/default/statefulsets", "log-a");
        await RefusesAsync(wesql, reason);
        EffectResult stopped = await wesql.Rig.Compute.StopAsync(hurry: false, default);
        Assert.That((stopped as EffectResult.Infeasible)?.Reason, Does.Contain(reason));
        Assert.That((wesql.Rig.Set.Replicas, wesql.One.Replicas), Is.EqualTo((1, 1)));
        if (kind == "another") Assert.That(wesql.Three.Annotation(LoggerMark.Annotation), Is.EqualTo("crm/uid-7"), "what is not its own is not touched");
    }

    [Test]
    public async Task Logger_ThatLosesItsAnnotationWhileItSleeps_IsWokenAllTheSame_AndStoppedNoMore()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync(
            wesql => wesql with { Loggers = ["log-a"], LoggersMustAgree = true }, logger: set => set["metadata"]!["annotations"] = new JsonObject { [SetAnnotations.LoggerOf] = PlayedSet.Name });
        await wesql.Rig.ServesAsync();
        Assert.That(await wesql.Rig.Compute.StopAsync(hurry: false, default), Is.InstanceOf<EffectResult.Done>());
        await wesql.AreAsync(0, 1);
        wesql.Rig.Server.Change(wesql.Three.Path, set => set["metadata"]!["annotations"]!.AsObject().Remove(SetAnnotations.LoggerOf));
        Assert.That(await wesql.Rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        await wesql.AreAsync(3, 1);
        await RefusesAsync(wesql, $"expected annotation {SetAnnotations.LoggerOf}");
    }

    [Test]
    public async Task Woken_WhileTheDataNodeStillEnds_ItsLoggersRunOn()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        await wesql.Rig.ServesAsync();
        var breath = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        wesql.Rig.Set.LastBreath = breath.Task;
        await wesql.Rig.Compute.StopAsync(hurry: false, default);
        Task<EffectResult> start = wesql.Rig.Compute.StartAsync(ComputeRig.Small, default).AsTask();
        await UntilAsync(() => wesql.Rig.Set.Replicas == 1, () => "it is not scaled up");
        breath.SetResult();
        Assert.That(await start, Is.InstanceOf<EffectResult.Done>());
        await Task.Delay(300);
        Assert.That((wesql.Three.Replicas, wesql.One.Replicas), Is.EqualTo((3, 1)));
        Assert.That(wesql.Scalings, Is.EqualTo(new[] { "db=0", "db=1" }));
    }

    /// <summary>The last look of the gateway that stops the loggers was before the wake, and its request comes after it.</summary>
    [Test]
    public async Task StopOfALogger_ThatIsCarriedOutLate_FindsThatAnotherGatewayWokeTheDataNode()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        await wesql.Rig.ServesAsync();
        KubernetesCompute stopping = wesql.Rig.Compute, waking = await wesql.OpenAnotherAsync();
        await UntilAsync(() => waking.ObserveAsync(default).AsTask().GetAwaiter().GetResult().State == ComputeState.Serving, () => "the other gateway does not see it");
        var woken = new TaskCompletionSource();
        int late = 0;
        wesql.Rig.Server.Instead = async context =>
        {
            if (context.Request.Method == "PUT" && context.Request.Path.Value!.EndsWith("log-a/scale", StringComparison.Ordinal) && Interlocked.Increment(ref late) == 1) await woken.Task;
            return false;
        };
        await stopping.StopAsync(hurry: false, default);
        await UntilAsync(() => late == 1, () => "no logger is stopped");
        Assert.That(await waking.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        woken.SetResult();
        await Task.Delay(500);
        Assert.That((wesql.Rig.Set.Replicas, wesql.Three.Replicas, wesql.One.Replicas), Is.EqualTo((1, 3, 1)), string.Join(", ", wesql.Scalings));
        wesql.Rig.Server.Instead = null;
        await stopping.DisposeAsync();
    }

    [Test]
    public async Task Loggers_WhoseGatewayEndedBeforeItCameToThem_AreStoppedByTheNextOne()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        await wesql.Rig.ServesAsync();
        var breath = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        wesql.Rig.Set.LastBreath = breath.Task;
        await wesql.Rig.Compute.StopAsync(hurry: false, default);
        await wesql.Rig.Compute.DisposeAsync();
        breath.SetResult();
        await wesql.Rig.Set.GoneAsync();
        Assert.That(wesql.Three.Replicas, Is.EqualTo(3));
        await wesql.OpenAnotherAsync();
        await wesql.Rig.IsAsync(ComputeState.Gone);
        await wesql.AreAsync(0, 0);
    }

    /// <summary>Scaled to zero by somebody's hand, its loggers are his as well.</summary>
    [Test]
    public async Task DataNode_ThatIsScaledByHand_LeavesItsLoggersAsTheyAre()
    {
        await using WesqlRig wesql = await WesqlRig.StartAsync();
        await wesql.Rig.ServesAsync();
        wesql.Rig.Set.Scale(0);
        await wesql.Rig.IsAsync(ComputeState.Gone);
        await wesql.Rig.Set.GoneAsync();
        await wesql.Rig.Compute.ObserveAsync(default);
        await Task.Delay(300);
        Assert.That((wesql.Three.Replicas, wesql.One.Replicas), Is.EqualTo((3, 1)));
        wesql.Rig.Server.Change(wesql.Three.Path, set => set["spec"]!["replicas"] = 0);
        await wesql.AreAsync(0, 1);
        Assert.That(await wesql.Rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        await wesql.AreAsync(3, 1);
    }

    /// <summary>Waits until a stop is refused for this reason.</summary>
    private static Task RefusesAsync(WesqlRig wesql, string reason)
    {
        string? why = null;
        return UntilAsync(
            () => (why = wesql.Rig.Compute.WhyNotStopAsync(default).AsTask().GetAwaiter().GetResult())?.Contains(reason, StringComparison.Ordinal) == true, () => $"it is refused because {why ?? "of nothing"}");
    }
}
