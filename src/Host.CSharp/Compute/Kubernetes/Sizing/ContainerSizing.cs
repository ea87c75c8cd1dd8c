using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Sizing;

/// <summary>
/// Between a size and a container's requests and limits. The size is the limit, or the request where there is no limit. What is equal stays equal, what is
/// less stays less by the same part, and what is absent stays absent, so that the pod keeps its QoS class, which a resize must not change.
/// See https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/.
/// </summary>
internal static class ContainerSizing
{
    /// <returns>Null: one of the two is not said, so that nobody knows.</returns>
    public static ComputeSize? Read(ResourceAmounts amounts) =>
        Find(amounts, Amounts.Cpu) is { } cpu && Find(amounts, Amounts.Memory) is { } memory ? new ComputeSize(cpu.MilliValue, memory.Value) : null;

    /// <summary>What the container is to have for the size.</summary>
    public static ResourceAmounts Apply(ResourceAmounts now, ComputeSize size)
    {
        var requests = new Dictionary<string, Quantity>(now.Requests, StringComparer.Ordinal);
        var limits = new Dictionary<string, Quantity>(now.Limits, StringComparer.Ordinal);
        Apply(requests, limits, Amounts.Cpu, size.CpuMillicores, static one => one.MilliValue, Quantity.FromMillis);
        Apply(requests, limits, Amounts.Memory, size.MemoryBytes, static one => one.Value, Quantity.FromUnits);
        return new ResourceAmounts { Requests = requests, Limits = limits };
    }

    /// <summary>Requests and limits of processors and memory alike.</summary>
    public static bool AreSame(ResourceAmounts one, ResourceAmounts other) =>
        Both.All(resource => IsSame(one.Requests, other.Requests, resource) && IsSame(one.Limits, other.Limits, resource));

    /// <summary>
    /// The same but for what the node's own arithmetic does to it: shares of processors are whole, and memory is counted in pages.
    /// </summary>
    public static bool AreNear(ResourceAmounts inForce, ResourceAmounts wanted) => Both.All(resource =>
        IsNear(inForce.Requests, wanted.Requests, resource) && IsNear(inForce.Limits, wanted.Limits, resource));

    /// <summary>Why a size says nothing to this container; null: it does.</summary>
    public static string? WhyUnsizable(ResourceAmounts amounts, string container) => Find(amounts, Amounts.Memory) is not null
        ? null
        : $"the container {container} has neither a request nor a limit of memory, so that a size means nothing to it: give it both, for processors and memory";

    /// <summary>The container as a patch names it, with processors and memory and nothing else of it.</summary>
    public static JsonObject Patch(string container, ResourceAmounts amounts) => new()
    {
        ["name"] = container,
        ["resources"] = new JsonObject { ["requests"] = Write(amounts.Requests), ["limits"] = Write(amounts.Limits) },
    };

    /// <summary>In bytes.</summary>
    private const long LargestPage = 64 << 10;

    private static readonly string[] Both = [Amounts.Cpu, Amounts.Memory];

    private static Quantity? Find(ResourceAmounts amounts, string resource) =>
        amounts.Limits.TryGetValue(resource, out Quantity limit) ? limit : amounts.Requests.TryGetValue(resource, out Quantity request) ? request : null;

    private static void Apply(
        Dictionary<string, Quantity> requests, Dictionary<string, Quantity> limits, string resource, long amount, Func<Quantity, long> read, Func<long, Quantity> write)
    {
        bool hasLimit = limits.TryGetValue(resource, out Quantity limit);
        bool hasRequest = requests.TryGetValue(resource, out Quantity request);
        if (hasLimit)
        {
            limits[resource] = write(amount);
        }

        if (hasRequest)
        {
            requests[resource] = write(hasLimit && request != limit ? Part(amount, read(request), read(limit)) : amount);
        }
    }

    /// <summary>As large a part as it was, less than all of it, and not nothing unless it was.</summary>
    private static long Part(long amount, long request, long limit)
    {
        if (request <= 0 || limit <= 0)
        {
            return Math.Max(0, request);
        }

        long part = (long)((Int128)amount * request / limit);
        return Math.Clamp(part, 1, Math.Max(1, amount - 1));
    }

    private static bool IsSame(IReadOnlyDictionary<string, Quantity> one, IReadOnlyDictionary<string, Quantity> other, string resource)
    {
        bool has = one.TryGetValue(resource, out Quantity a);
        return other.TryGetValue(resource, out Quantity b) == has && a == b;
    }

    /// <remarks>What was not asked for (a request that follows from the limit) may be there.</remarks>
    private static bool IsNear(IReadOnlyDictionary<string, Quantity> inForce, IReadOnlyDictionary<string, Quantity> wanted, string resource)
    {
        if (!wanted.TryGetValue(resource, out Quantity asked))
        {
            return true;
        }

        if (!inForce.TryGetValue(resource, out Quantity found))
        {
            return false;
        }

        return resource == Amounts.Cpu
            ? Math.Abs(found.MilliValue - asked.MilliValue) <= Math.Max(2, asked.MilliValue / 100)
            : Math.Abs(found.Value - asked.Value) <= LargestPage;
    }

    private static JsonObject Write(IReadOnlyDictionary<string, Quantity> amounts)
    {
        var written = new JsonObject();
        foreach (string resource in Both)
        {
            if (amounts.TryGetValue(resource, out Quantity amount))
            {
                written[resource] = amount.ToString();
            }
        }

        return written;
    }
}
