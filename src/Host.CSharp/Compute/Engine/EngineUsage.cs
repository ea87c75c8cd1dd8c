using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>What an engine says of itself, as the part of a usage that needs nobody else.</summary>
internal static class EngineUsage
{
    /// <summary>Everything is missing.</summary>
    public static ComputeUsage None { get; } = new(null, null, null, null, new Dictionary<string, long>(StringComparer.Ordinal));

    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<ComputeUsage> ReadAsync(IEngineSql sql, ServerFamily family, StatusSampler sampler, CancellationToken cancellation)
    {
        var status = await EngineStatus.ReadAsync(sql, cancellation);
        var samples = await sampler.ReadAsync(sql, family, status, cancellation);
        return new ComputeUsage(CpuMillicores: null, ResidentBytes: null, status.PoolBytes, status.PoolUsedBytes, samples);
    }
}
