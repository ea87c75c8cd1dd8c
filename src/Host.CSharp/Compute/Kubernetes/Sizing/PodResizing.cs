using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes.Sizing;

/// <summary>
/// Changes the size of one pod's container while it runs, waits until that is in force, and takes it back when it comes to nothing within its time, so that nothing is left that a node might do
/// much later. Other containers and other resources of it are not touched.
/// </summary>
internal sealed class PodResizing(IKubernetesApi api, ResizeRoute route, string space, string container, Func<Workload> look, TimeProvider time)
{
    private const int MostAttempts = 8;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_takeBackLimit = TimeSpan.FromSeconds(10);

    /// <returns>Null: it is in force. Otherwise why it is not, and then the pod is to have what it had.</returns>
    public async Task<Unsized?> ResizeAsync(PodIdentity pod, ComputeSize size, TimeSpan limit, CancellationToken cancellation)
    {
        long began = time.GetTimestamp();
        (ResourceAmounts? before, ResourceAmounts? wanted, Unsized? refused) = await AskForAsync(pod, now => ContainerSizing.Apply(now, size), cancellation);
        if (wanted is null)
        {
            return refused;
        }

        EffectResult? result;
        try
        {
            result = await WaitAsync(pod, wanted, began, limit, cancellation);
        }
        catch (OperationCanceledException)
        {
            await TakeBackAsync(pod, before!);
            throw;
        }

        return result is null ? null : new Unsized(result, await TakeBackAsync(pod, before!));
    }

    /// <summary>Why the pod cannot be given this size, by what is known of it without asking for it; null: nothing is.</summary>
    public string? WhyNever(Pod pod, ComputeSize size) => pod.Spec.FindContainer(container) is { } found ? WhyNever(found, ContainerSizing.Apply(found.Resources, size)) : null;

    /// <summary>Gives the pod what it had. It is not waited for: the node either did nothing of the other, or does this.</summary>
    /// <returns>Null: it is asked for. Otherwise why not.</returns>
    public async Task<string?> TakeBackAsync(PodIdentity pod, ResourceAmounts before)
    {
        using var limit = new CancellationTokenSource(s_takeBackLimit, time);
        try
        {
            (_, ResourceAmounts? asked, Unsized? refused) = await AskForAsync(pod, _ => before, limit.Token);
            return asked is not null || refused is null ? null : refused.Result.Why;
        }
        catch (OperationCanceledException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {s_takeBackLimit.TotalSeconds:0} s");
        }
    }

    /// <summary>Asks for other resources, on the pod as it is now.</summary>
    /// <returns>What it had and what was asked for; with null for the latter, why that was not asked for, or null: it has that already.</returns>
    private async Task<(ResourceAmounts? Before, ResourceAmounts? Wanted, Unsized? Refused)> AskForAsync(
        PodIdentity identity, Func<ResourceAmounts, ResourceAmounts> change, CancellationToken cancellation)
    {
        ResourceAmounts? before = null;
        bool mayBeDone = false;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                Pod pod = await api.GetAsync(Resources.Pods, new ObjectName(space, identity.Name), cancellation);
                if (pod.Metadata.Uid != identity.Uid || pod.IsTerminating() || pod.Spec.FindContainer(container) is not { } found)
                {
                    return (null, null, new Unsized(new EffectResult.Failed($"the pod {identity.Name} is another one by now, or ends")));
                }

                if (!mayBeDone)
                {
                    // afterwards it may show what was asked for by one that got no answer
                    before = found.Resources;
                }

                ResourceAmounts wanted = change(found.Resources);
                if (ContainerSizing.AreSame(wanted, found.Resources) && (pod.Status.OfContainer(container)?.Resources is not { } inForce || ContainerSizing.AreNear(inForce, wanted)))
                {
                    return (before, null, null);
                }

                if (WhyNever(found, wanted) is { } why)
                {
                    return (null, null, new Unsized(new EffectResult.Infeasible(why)));
                }

                mayBeDone = true;
                await api.PatchAsync(route.Resource, new ObjectName(space, identity.Name), Write(pod, wanted), cancellation);
                return (before, wanted, null);
            }
            catch (ApiException e) when ((e.Failure == ApiFailure.Conflict || e.IsPassing) && attempt < MostAttempts)
            {
                // the kubelet writes into the pod's status all the time; and whether what got no answer was done shows in the pod
                mayBeDone &= e.Failure != ApiFailure.Conflict;
                await Task.Delay(s_pause * attempt, time, cancellation);
            }
            catch (ApiException e)
            {
                return (null, null, new Unsized(e.Failure is ApiFailure.Invalid or ApiFailure.Forbidden or ApiFailure.NotFound ? new EffectResult.Infeasible(e.Message) : new EffectResult.Failed(e.Message)));
            }
        }
    }

    private string? WhyNever(Container found, ResourceAmounts wanted) => ContainerSizing.WhyUnsizable(found.Resources, container) ?? route.WhyNot(found, wanted);

    private Patch Write(Pod pod, ResourceAmounts wanted) => Patch.Strategic(new JsonObject
    {
        ["metadata"] = new JsonObject { ["resourceVersion"] = pod.Metadata.ResourceVersion },
        ["spec"] = new JsonObject { ["containers"] = new JsonArray(ContainerSizing.Patch(container, wanted)) },
    });

    /// <returns>Null: it is in force.</returns>
    private async Task<EffectResult?> WaitAsync(PodIdentity identity, ResourceAmounts wanted, long began, TimeSpan limit, CancellationToken cancellation)
    {
        var progress = new ResizeProgress(ResizeStep.UnderWay, "the node says nothing of it");
        while (true)
        {
            Workload now = look();
            if (identity.HowEnded(now.Pods, container) is { } end)
            {
                return new EffectResult.Failed(end);
            }

            Pod pod = now.Pods.First(one => one.Metadata.Name == identity.Name);
            // the watch may not have heard of our own change yet
            if (pod.Spec.FindContainer(container) is { } found && ContainerSizing.AreSame(found.Resources, wanted))
            {
                progress = ResizeProgress.Of(pod, container, wanted);
            }

            switch (progress.Step)
            {
                case ResizeStep.Done:
                    return null;
                case ResizeStep.Infeasible:
                    return new EffectResult.Infeasible(progress.Words);
                default:
                    break;
            }

            if (time.GetElapsedTime(began) > limit)
            {
                string late = string.Create(CultureInfo.InvariantCulture, $"pod {identity.Name} did not get its size within {limit.TotalSeconds:0.#} s: {progress.Words}{(now.IsLive ? "" : $"; the Kubernetes API server is not heard: {now.Trouble}")}");
                return progress.Step == ResizeStep.Deferred ? new EffectResult.Deferred(late) : new EffectResult.Failed(late);
            }

            await Task.Delay(s_pause, time, cancellation);
        }
    }
}

/// <summary>A pod did not get its size.</summary>
/// <param name="NotTakenBack">Why what was asked for still is; null: the pod is to have what it had.</param>
internal sealed record Unsized(EffectResult Result, string? NotTakenBack = null);
