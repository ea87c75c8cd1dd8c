using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>How many replicas a StatefulSet had before it was suspended, noted on itself, where every gateway finds it.</summary>
internal static class ReplicaRecord
{
    public const string Annotation = "serverless.mysql/replicas";

    private const int Most = 100;

    /// <summary>What to resume to; one, when nothing (or nothing that makes sense) is noted.</summary>
    public static int Recall(StatefulSet set) =>
        set.Metadata.Annotations.TryGetValue(Annotation, out string? text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int replicas) && replicas is > 0 and <= Most
            ? replicas
            : 1;

    /// <summary>Notes what it has now, unless that is noted already.</summary>
    /// <returns>The StatefulSet as it is then.</returns>
    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: it is not what it was.</exception>
    public static async Task<StatefulSet> KeepAsync(IKubernetesApi api, StatefulSet set, CancellationToken cancellation)
    {
        string replicas = Workload.ReplicasOf(set).ToString(CultureInfo.InvariantCulture);
        if (set.Metadata.Annotations.TryGetValue(Annotation, out string? noted) ? noted == replicas : replicas == "1")
        {
            return set;
        }

        var change = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = set.Metadata.ResourceVersion, ["annotations"] = new JsonObject { [Annotation] = replicas } },
        };
        return await api.PatchAsync(Resources.StatefulSets, new ObjectName(set.Metadata.Namespace, set.Metadata.Name), Patch.Merge(change), cancellation);
    }
}
