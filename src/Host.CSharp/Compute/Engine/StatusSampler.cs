using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>Samples of the metrics catalogue that the engine itself knows, in the scale of each metric. What is missing is left out.</summary>
internal sealed class StatusSampler
{
    private const long BasisPoints = 10_000, Thousandths = 1_000;

    private (long Requests, long Misses)? _last;

    /// <summary>A new engine counts from zero.</summary>
    public void Reset() => _last = null;

    public async Task<Dictionary<string, long>> ReadAsync(IEngineSql sql, ServerFamily family, EngineStatus status, CancellationToken cancellation)
    {
        var samples = new Dictionary<string, long>(StringComparer.Ordinal);
        AddHitRate(samples, status);
        if (status.PoolBytes is > 0 and var pool && status.PoolUsedBytes is { } used) samples["buffer_pool.used"] = used * BasisPoints / pool;
        // One of the running threads is the one that answers this.
        if (status.Number("Threads_running") is { } running) samples["threads.running"] = Math.Max(0, running - 1) * Thousandths;
        if (await Replication.ReadLagAsync(sql, family, cancellation) is { } lag) samples["replica.lag"] = lag;
        return samples;
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
