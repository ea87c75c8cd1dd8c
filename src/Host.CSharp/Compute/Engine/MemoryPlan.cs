using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>How the memory of a compute is shared out: what the engine needs in any case, then most of the rest to the buffer pool.</summary>
internal static class MemoryPlan
{
    private const long MiB = 1L << 20;

    /// <summary>MariaDB's pools are a multiple of it, and so are the chunks given to MySQL.</summary>
    private const long Granularity = 8 * MiB;

    private const long SmallestPool = 16 * MiB;

    /// <summary>Part of what is left for the pool, in percent: the rest is for connections, sorts and temporary tables.</summary>
    private const int PoolPercent = 60;

    /// <summary>For the first connections and their work, when the memory is so small that nothing else is left.</summary>
    private const long Headroom = 32 * MiB;

    /// <summary>Resident memory of an idle engine without its pool, as measured (MariaDB 10.11: 80 MiB; MySQL 9.7: 490 MiB, of which 230 MiB are its performance schema).</summary>
    public static long FixedCost(ServerFamily family) => family == ServerFamily.MariaDb ? 96 * MiB : 512 * MiB;

    /// <summary>With a limit below this the kernel would kill the engine before it has done anything.</summary>
    public static long Least(ServerFamily family) => FixedCost(family) + SmallestPool + Headroom;

    /// <summary>Size of the buffer pool, in bytes, for a compute with this memory.</summary>
    /// <param name="capacityBytes">The most memory the compute can ever get.</param>
    public static long BufferPool(ServerFamily family, long memoryBytes, long capacityBytes)
    {
        var unit = family == ServerFamily.MariaDb ? Granularity : MySqlChunk(capacityBytes);
        var pool = (memoryBytes - FixedCost(family)) * PoolPercent / 100;
        return Math.Max(Math.Max(SmallestPool, unit), pool / unit * unit);
    }

    /// <summary>MySQL resizes by whole chunks, and advises fewer than a thousand of them (its manual, "Configuring InnoDB Buffer Pool Size").</summary>
    public static long MySqlChunk(long capacityBytes)
    {
        var chunk = Granularity;
        while (chunk < 128 * MiB && capacityBytes / chunk > 1000) chunk *= 2;
        return chunk;
    }
}
