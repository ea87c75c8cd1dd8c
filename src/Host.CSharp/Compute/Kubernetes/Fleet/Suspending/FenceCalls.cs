using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>What the fence asks of the server about one StatefulSet. Each answer is as it was no sooner than when it was asked.</summary>
/// <param name="reads">Of StatefulSets of its namespace.</param>
internal sealed class FenceCalls(IKubernetesApi api, SharedReads<StatefulSet> reads, ObjectName set)
{
    /// <exception cref="ApiException"><see cref="ApiFailure.NotFound"/>: there is none.</exception>
    /// <param name="isUrgent">Somebody waits for the answer. Otherwise it may come a moment later, with that to others.</param>
    public async Task<StatefulSet> AskAsync(bool isUrgent, CancellationToken cancellation) => isUrgent
        ? await api.GetAsync(Resources.StatefulSets, set, cancellation)
        : await reads.FindAsync(set.Name, cancellation) ?? throw new ApiException(ApiFailure.NotFound, $"there is no StatefulSet {set}");

    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: it is not what it was when it was found free.</exception>
    public Task<StatefulSet> PublishAsync(SuspendIntent intent, string resourceVersion, CancellationToken cancellation) =>
        api.PatchAsync(Resources.StatefulSets, set, Annotate(new JsonObject { [FleetNames.Suspend] = intent.Text }, resourceVersion), cancellation);

    /// <summary>Takes whatever intent there is off it: to take one back too many costs a suspend, one too few a statement.</summary>
    /// <param name="refusal">Which intent is meant, by whom it is taken back, and why; null: nothing is to be told.</param>
    public Task<StatefulSet> WithdrawAsync(string? refusal, CancellationToken cancellation)
    {
        var annotations = new JsonObject { [FleetNames.Suspend] = null };
        if (refusal is not null)
        {
            annotations[FleetNames.SuspendRefused] = refusal;
        }

        return api.PatchAsync(Resources.StatefulSets, set, Annotate(annotations, null), cancellation);
    }

    private static Patch Annotate(JsonObject annotations, string? resourceVersion)
    {
        var metadata = new JsonObject { ["annotations"] = annotations };
        if (resourceVersion is not null)
        {
            metadata["resourceVersion"] = resourceVersion;
        }

        return Patch.Merge(new JsonObject { ["metadata"] = metadata });
    }
}
