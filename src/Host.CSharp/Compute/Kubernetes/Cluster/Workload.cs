using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>What is known of a StatefulSet and its pods at one moment, and how far that can be relied on.</summary>
/// <param name="Set">Null: there is none of this name.</param>
/// <param name="Pods">Those of this very set, by ordinal; the ones that are being deleted too.</param>
/// <param name="Trouble">Why what is known may be old; null: what happens is heard of at once.</param>
internal sealed record Workload(ObjectName Name, StatefulSet? Set, IReadOnlyList<Pod> Pods, string? Trouble)
{
    public bool IsLive => Trouble is null;

    /// <summary>Pods that are wanted; the API's own default is one.</summary>
    public int Replicas => Set is null ? 0 : ReplicasOf(Set);

    public static int ReplicasOf(StatefulSet set) => set.Spec.Replicas ?? 1;

    public static Workload Of(ObjectName name, CacheSnapshot<StatefulSet> sets, CacheSnapshot<Pod> pods)
    {
        StatefulSet? set = sets.Items.GetValueOrDefault(name);
        List<Pod> own = set is null ? [] : [.. PodsOf(set, name, pods)];
        return new Workload(name, set, own, Why(sets, name) ?? Why(pods, own.Select(pod => new ObjectName(name.Space, pod.Metadata.Name))));
    }

    /// <summary>By their names, which the controller makes of the set's and an ordinal: a namespace may have thousands of pods, and this is asked with every change of one.</summary>
    private static IEnumerable<Pod> PodsOf(StatefulSet set, ObjectName name, CacheSnapshot<Pod> pods)
    {
        int first = set.Spec.Ordinals?.Start ?? 0;
        int count = Math.Max(ReplicasOf(set), Math.Max(set.Status.Replicas, 1));
        for (int ordinal = first; ordinal < first + count; ordinal++)
        {
            if (pods.Items.TryGetValue(new ObjectName(name.Space, $"{name.Name}-{ordinal}"), out Pod? pod) && IsOf(pod, set))
            {
                yield return pod;
            }
        }
    }

    private static bool IsOf(Pod pod, StatefulSet set) => pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == set.Metadata.Uid) == true;

    private static string? Why<T>(CacheSnapshot<T> snapshot, params IEnumerable<ObjectName> names) where T : class, IApiObject
    {
        if (!snapshot.Freshness.IsLive)
        {
            return snapshot.Freshness.Problem ?? "nothing was listed yet";
        }

        foreach (ObjectName name in names)
        {
            if (snapshot.Unreadable.TryGetValue(name, out string? reason))
            {
                return $"{name} cannot be read: {reason}";
            }
        }

        return null;
    }
}
