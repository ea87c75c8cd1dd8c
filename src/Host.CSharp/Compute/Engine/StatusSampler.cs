using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>Samples of the metrics catalogue that the engine itself knows, in the scale of each metric. What is missing is left out.</summary>
internal sealed class StatusSampler(TimeProvider time)
{
    private const long BasisPoints = 10_000, Thousandths = 1_000;

    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, (long Count, long At)> _counts = new(StringComparer.Ordinal);
    private (long Requests, long Misses)? _last;

    /// <summary>A new engine counts from zero.</summary>
    public void Reset()
    {
        _last = null;
        _counts.Clear();
    }

    public async Task<Dictionary<string, long>> ReadAsync(IEngineSql sql, ServerFamily family, EngineStatus status, CancellationToken cancellation)
    {
        var samples = new Dictionary<string, long>(StringComparer.Ordinal);
        AddHitRate(samples, status);
        if (status.PoolBytes is > 0 and var pool && status.PoolUsedBytes is { } used) samples["buffer_pool.used"] = used * BasisPoints / pool;
        // One of the running threads is the one that answers this.
        if (status.Number("Threads_running") is { } running) samples["threads.running"] = Math.Max(0, running - 1) * Thousandths;
        AddRate(samples, "rows.read", status.RowsRead);
        AddRate(samples, "rows.changed", status.RowsChanged);
        AddRate(samples, "temporary_tables.disk", status.Number("Created_tmp_disk_tables"));
        if (await Replication.ReadLagAsync(sql, family, cancellation) is { } lag) samples["replica.lag"] = lag;
        return samples;
    }

    /// <summary>How fast it was counted up since the last sample, in thousandths a second; none: there was none, or it counts anew.</summary>
    private void AddRate(Dictionary<string, long> samples, string metric, long? count)
    {
        if (count is not { } now) return;
        var at = time.GetTimestamp();
        var isKnown = _counts.TryGetValue(metric, out var last);
        var passed = time.GetElapsedTime(last.At, at);
        // Within a moment a single statement looks like a flood.
        if (isKnown && passed < s_shortest) return;
        if (isKnown && now >= last.Count)
            samples[metric] = (long)Math.Min(long.MaxValue / 2, (now - last.Count) * (double)Thousandths / passed.TotalSeconds);
        _counts[metric] = (now, at);
    }

    /// <summary>Of the page requests since the last sample; none: there is no rate.</summary>
    private void AddHitRate(Dictionary<string, long> samples, EngineStatus status)
    {
        if (status.Number("Innodb_buffer_pool_read_requests") is not { } requests || status.Number("Innodb_buffer_pool_reads") is not { } misses) return;
        if (_last is { } last && requests > last.Requests && misses >= last.Misses)
        {
            var asked = requests - last.Requests;
            samples["buffer_pool.hit"] = Math.Max(0, asked - (misses - last.Misses)) * BasisPoints / asked;
        }
        _last = (requests, misses);
    }
}
