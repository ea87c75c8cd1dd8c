using Serverless.Core;
using Serverless.Host.Compute;

namespace Serverless.Host.Control.Measuring;

/// <summary>Turns usage into the samples that rules speak of. What is missing stays missing.</summary>
internal static class UsageMath
{
    private const long FullScale = 10_000; // basis points

    /// <summary>Processor usage over the allocation, in basis points; may be above 100%.</summary>
    public static long? Cpu(ComputeUsage usage, ComputeSize allocation) =>
        usage.CpuMillicores is { } used && allocation.CpuMillicores > 0 ? (long)Math.Round(used * FullScale / allocation.CpuMillicores) : null;

    /// <summary>The working set without the reclaimable buffer pool, over the allocation without the pool's fixed share, in basis points.</summary>
    public static long? Memory(ComputeUsage usage, ComputeSize allocation)
    {
        if (Unreclaimable(usage) is not { } used || usage.BufferPoolBytes is not { } pool)
        {
            return null;
        }

        long room = allocation.MemoryBytes - pool;
        return room > 0 ? (long)Math.Round((double)used * FullScale / room) : null;
    }

    /// <summary>Memory that cannot be given back, in bytes: the resident set without the resident part of the buffer pool.</summary>
    public static long? Unreclaimable(ComputeUsage usage) =>
        usage.ResidentBytes is { } resident && usage.BufferPoolResidentBytes is { } pool ? Math.Max(0, resident - pool) : null;

    /// <summary>The sample of a built-in metric, in its scale; null: it is missing.</summary>
    public static long? Sample(string metric, ComputeUsage usage, ComputeSize allocation) => metric switch
    {
        "cpu" => Cpu(usage, allocation),
        "memory" => Memory(usage, allocation),
        _ => usage.Samples.TryGetValue(metric, out long value) ? value : null,
    };
}
