using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A StatefulSet as a compute while others write to it, answers are lost, and the server is away or refuses.</summary>
internal sealed class KubernetesComputeFaultTests
{
    /// <summary>Others write to the StatefulSet between each question and its answer.</summary>
    [Test]
    public async Task Conflicts_AreMetOnTheStateAsItIsThen()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        int conflicts = 0;
        rig.Server.Instead = context =>
        {
            if (context.Request.Path.Value!.EndsWith("/scale", StringComparison.Ordinal) && Interlocked.Increment(ref conflicts) % 3 != 0)
            {
                rig.Server.Change(PlayedSet.PathOfSet, set => set["metadata"]!["labels"] = new JsonObject { ["touched"] = $"{conflicts}" });
            }

            return Task.FromResult(false);
        };
        Assert.That(await rig.Compute.StopAsync(hurry: false, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That((conflicts, rig.Set.Replicas), Is.EqualTo((6, 1)));
    }

    [Test]
    public async Task Stop_WhileSomebodyScalesItUp_IsPutOff_AndTheEngineIsAsItWas()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        bool done = false;
        rig.Server.Instead = context =>
        {
            if (context.Request.Path.Value!.EndsWith("/scale", StringComparison.Ordinal) && !done)
            {
                done = true;
                rig.Set.Scale(2);
            }

            return Task.FromResult(false);
        };
        EffectResult stopped = await rig.Compute.StopAsync(hurry: false, default);
        Assert.That((stopped as EffectResult.Deferred)?.Reason, Does.Contain("it has 2 replicas now"), $"{stopped}");
        Assert.That(rig.Set.Replicas, Is.EqualTo(2));
        Assert.That(await rig.AskAsync("SELECT CONCAT(@@innodb_max_dirty_pages_pct > 0, @@innodb_buffer_pool_dump_at_shutdown)"), Is.EqualTo("1ON"), "what was prepared for its end is put back");
        Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving));
    }

    /// <summary>A second signal, or the kernel, which has thought better of it.</summary>
    [Test]
    public async Task Stop_ThatIsCancelled_LeavesTheEngineAsItWas()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        using var cancelled = new CancellationTokenSource();
        string? prepared = null;
        rig.Server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/scale", StringComparison.Ordinal)) return false;
            prepared = await rig.AskAsync("SELECT @@innodb_buffer_pool_dump_at_shutdown");
            await cancelled.CancelAsync();
            await ApiDouble.RefuseAsync(context, 503, "ServiceUnavailable", "away");
            return true;
        };
        await Assert.ThatAsync(() => rig.Compute.StopAsync(hurry: false, cancelled.Token).AsTask(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(prepared, Is.EqualTo("0"), "it was prepared for its end");
        Assert.That(await rig.AskAsync("SELECT @@innodb_buffer_pool_dump_at_shutdown"), Is.EqualTo("1"));
        Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving));
    }

    /// <summary>The controller would replace the pod that serves, when it sees that its template is another one.</summary>
    [Test]
    public async Task Start_BeforeTheControllerHasEndedThePods_LeavesTheTemplateAsItIs()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        rig.Set.IsAsleep = true;
        rig.Set.Scale(0);
        await UntilAsync(() => rig.Compute.ObserveAsync(default).AsTask().Result.Detail?.Contains("0 replicas", StringComparison.Ordinal) == true, () => "it is not seen");
        EffectResult started = await rig.Compute.StartAsync(ComputeRig.Large, default);
        Assert.That(started, Is.InstanceOf<EffectResult.Done>(), $"{started}");
        rig.Set.IsAsleep = false;
        Assert.That(rig.Set.Replicas, Is.EqualTo(1));
        Assert.That(MemoryOf(rig.Server.Find(PlayedSet.PathOfSet)!["spec"]!["template"]!), Is.EqualTo("512Mi"));
        await UntilAsync(() => rig.Compute.ObserveAsync(default).AsTask().Result.Size == ComputeRig.Large, () => "the pod that lives on is resized instead");
    }

    /// <summary>The request is carried out, and its answer lost.</summary>
    [Test]
    public async Task Answer_ThatIsLost_ShowsInTheStateAsItIsThen()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        bool lost = false;
        rig.Server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/scale", StringComparison.Ordinal) || lost) return false;
            lost = true;
            rig.Set.Scale(0);
            await ApiDouble.RefuseAsync(context, 504, "Timeout", "the server was too slow");
            return true;
        };
        Assert.That(await rig.Compute.StopAsync(hurry: false, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That((lost, rig.Set.Replicas), Is.EqualTo((true, 0)));
        Assert.That(rig.Crashes, Is.Empty);
    }

    [Test]
    public async Task ServerThatIsAway_NothingIsStopped_AndWhatRunsServesOn()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        rig.Server.Instead = async context =>
        {
            await ApiDouble.RefuseAsync(context, 503, "ServiceUnavailable", "away");
            return true;
        };
        rig.Server.CutWatches();
        string? why = null;
        await UntilAsync(
            () => (why = rig.Compute.WhyNotStopAsync(default).AsTask().Result)?.Contains("nothing is suspended on old news", StringComparison.Ordinal) == true, () => $"it would be stopped on old news: {why}");
        ComputeView view = await rig.SeenAsync(view => view.Detail?.Contains("is not heard", StringComparison.Ordinal) == true);
        Assert.That(view.State, Is.EqualTo(ComputeState.Serving));
        Assert.That(await rig.Compute.StopAsync(hurry: true, default), Is.InstanceOf<EffectResult.Failed>());
        Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving));
    }

    [Test]
    public async Task Wake_WhileTheServerIsAway_WaitsAndSucceeds()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        await rig.Compute.StopAsync(hurry: false, default);
        await rig.Set.GoneAsync();
        rig.Server.Instead = async context =>
        {
            await ApiDouble.RefuseAsync(context, 503, "ServiceUnavailable", "away");
            return true;
        };
        rig.Server.CutWatches();
        Task<EffectResult> starting = rig.Compute.StartAsync(ComputeRig.Small, default).AsTask();
        await Task.Delay(500);
        Assert.That(starting.IsCompleted, Is.False);
        rig.Server.Instead = null;
        Assert.That(await starting, Is.InstanceOf<EffectResult.Done>());
    }

    /// <summary>A server that has just come up knows no roles yet.</summary>
    [Test]
    public async Task Wake_ThatIsRefusedForAMoment_Succeeds_AndOneThatIsNotAllowedSaysWhatIsMissing()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(with: options => options with { RefusalLimit = TimeSpan.FromSeconds(6) });
        await rig.ServesAsync();
        await rig.Compute.StopAsync(hurry: false, default);
        await rig.Set.GoneAsync();
        int left = 2;
        rig.Server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/scale", StringComparison.Ordinal) || Interlocked.Decrement(ref left) < 0) return false;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "statefulsets.apps \"db\" is forbidden: User \"me\" cannot update resource \"statefulsets/scale\" in API group \"apps\"");
            return true;
        };
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        await rig.Compute.StopAsync(hurry: false, default);
        left = 1000;
        Assert.That(((EffectResult.Failed)await rig.Compute.StartAsync(ComputeRig.Small, default)).Reason, Does.Contain("the verb `update` on `statefulsets/scale` of the API group `apps` in the namespace `default`"));
    }

    private static string MemoryOf(JsonNode template) => template["spec"]!["containers"]![0]!["resources"]!["limits"]!["memory"]!.ToString();
}
