using System.Globalization;

namespace Serverless.Host.Compute.Engine;

/// <summary>Live resizing of InnoDB's buffer pool.</summary>
internal static class BufferPool
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    /// <summary>How far the pages there are may be from the size asked for, in percent: chunks and page descriptors take their part.</summary>
    private const long TolerancePercent = 4;

    /// <summary>MariaDB rounds to extents of 8 MiB, where it has no chunks.</summary>
    private const long Extent = 8L << 20;

    /// <summary>
    /// Changes the size and waits until the engine has done it. MariaDB since 10.11.12 does it within the statement; MySQL and older MariaDB in the background
    /// (MySQL manual, "Configuring InnoDB Buffer Pool Size").
    /// </summary>
    /// <returns>Size the pool has now, in bytes.</returns>
    /// <exception cref="EngineSqlException">The engine refused, or it took longer than the limit.</exception>
    public static async Task<long> ResizeAsync(IEngineSql sql, long bytes, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var unit = await UnitAsync(sql, cancellation);
        bytes = Math.Max(unit, bytes / unit * unit);
        // MySQL takes a size that is set while an earlier one is still being carried out, and then forgets it.
        await WaitAsync(IsIdle);
        await sql.QueryAsync($"SET GLOBAL innodb_buffer_pool_size = {bytes}", cancellation, within: limit);
        return (await WaitAsync(status => IsIdle(status) && IsNear(status.PoolBytes))).PoolBytes ?? bytes;

        bool IsNear(long? pool) => pool is { } now && Math.Abs(now - bytes) <= (bytes * TolerancePercent / 100) + (unit / 2);

        async Task<EngineStatus> WaitAsync(Func<EngineStatus, bool> condition)
        {
            while (true)
            {
                var status = await EngineStatus.ReadAsync(sql, cancellation);
                if (condition(status)) return status;
                if (time.GetElapsedTime(began) > limit)
                {
                    throw new EngineSqlException(string.Create(CultureInfo.InvariantCulture,
                        $"The buffer pool was to become {bytes >> 20} MiB and is {(status.PoolBytes ?? 0) >> 20} MiB after {limit.TotalSeconds:0} s; the engine says: {status.Text("Innodb_buffer_pool_resize_status")}"));
                }
                await Task.Delay(s_poll, time, cancellation);
            }
        }
    }

    /// <summary>No resize is under way. MariaDB has no such code, and refuses a second one by itself.</summary>
    private static bool IsIdle(EngineStatus status) => status.Number("Innodb_buffer_pool_resize_status_code") is null or 0;

    /// <summary>What sizes are a multiple of: a chunk in each instance of the pool.</summary>
    private static async Task<long> UnitAsync(IEngineSql sql, CancellationToken cancellation)
    {
        var variables = (await sql.QueryAsync("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_buffer_pool_chunk_size', 'innodb_buffer_pool_instances')", cancellation)).ToDictionary();
        long Number(string name) => long.TryParse(variables.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        return Number("innodb_buffer_pool_chunk_size") is > 0 and var chunk ? chunk * Math.Max(1, Number("innodb_buffer_pool_instances")) : Extent;
    }
}
