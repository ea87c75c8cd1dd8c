using System.Globalization;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>What is known of a StatefulSet and its pods at one moment, and how far that can be relied on.</summary>
/// <param name="Set">Null: there is none of this name.</param>
/// <param name="Pods">Those of this very set, by ordinal; the ones that are being deleted too.</param>
/// <param name="Trouble">Why what is known may be old; null: what happens is heard of at once.</param>
internal sealed record Workload(ObjectName Name, StatefulSet? Set, IReadOnlyList<Pod> Pods, string? Trouble)
{
    /// <summary>A set that has more pods than this does not serve one database.</summary>
    private const int MostNamed = 256;

    public bool IsLive => Trouble is null;

    /// <summary>Pods that are wanted; the API's own default is one.</summary>
    public int Replicas => Set is null ? 0 : ReplicasOf(Set);

    /// <summary>No pod lives on: what is changed of the template makes the controller replace none.</summary>
    public bool IsEnding => Pods.All(pod => pod.IsTerminating() || pod.IsOver());

    /// <summary>The controller has begun to end the pods. Several that it does not manage in parallel are told one after the other, each when the one before has ended.</summary>
    public bool HasBegunToEnd => IsEnding || Pods.Any(pod => pod.IsTerminating());

    public static int ReplicasOf(StatefulSet set) => set.Spec.Replicas ?? 1;

    public static Workload Of(ObjectName name, CacheSnapshot<StatefulSet> sets, CacheSnapshot<Pod> pods)
    {
        StatefulSet? set = sets.Items.GetValueOrDefault(name);
        IReadOnlyList<ObjectName> names = set is null ? [] : NamesOf(set, name, pods);
        List<Pod> own = [];
        foreach (ObjectName one in names)
        {
            if (pods.Items.TryGetValue(one, out Pod? pod) && IsOf(pod, set!))
            {
                own.Add(pod);
            }
        }

        return new Workload(name, set, own, Why(sets, name) ?? Why(pods, names));
    }

    /// <summary>
    /// By their names, which the controller makes of the set's and an ordinal: a namespace may have thousands of pods, and this is asked with every change of one. A set may also ask for more pods than
    /// there can be: then those that there are are gone through.
    /// </summary>
    private static IReadOnlyList<ObjectName> NamesOf(StatefulSet set, ObjectName name, CacheSnapshot<Pod> pods)
    {
        int first = set.Spec.Ordinals?.Start ?? 0;
        int count = Math.Max(ReplicasOf(set), Math.Max(set.Status.Replicas, 1));
        if (first >= 0 && count <= MostNamed)
        {
            return [.. Enumerable.Range(0, count).Select(one => new ObjectName(name.Space, string.Create(CultureInfo.InvariantCulture, $"{name.Name}-{(long)first + one}")))];
        }

        return [.. pods.Items.Keys.Concat(pods.Unreadable.Keys).Select(pod => (Pod: pod, Ordinal: OrdinalOf(pod, name))).Where(one => one.Ordinal >= first).OrderBy(one => one.Ordinal).Select(one => one.Pod)];
    }

    /// <returns>Null: it is called as no pod of the set.</returns>
    private static long? OrdinalOf(ObjectName pod, ObjectName set) =>
        pod.Space == set.Space && pod.Name.Length > set.Name.Length && pod.Name.StartsWith(set.Name, StringComparison.Ordinal) && pod.Name[set.Name.Length] == '-'
        && long.TryParse(pod.Name.AsSpan(set.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long ordinal)
            ? ordinal
            : null;

    private static bool IsOf(Pod pod, StatefulSet set) => pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == set.Metadata.Uid) == true;

    private static string? Why<T>(CacheSnapshot<T> snapshot, params IReadOnlyList<ObjectName> names) where T : class, IApiObject
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
