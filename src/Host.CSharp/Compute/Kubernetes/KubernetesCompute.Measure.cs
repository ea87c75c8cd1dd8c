using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <inheritdoc/>
    public async ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation)
    {
        if (Engine is not { } engine)
        {
            return new ComputeUsage(null, null, null, null, new Dictionary<string, long>(StringComparer.Ordinal));
        }

        try
        {
            EngineStatus status = await EngineStatus.ReadAsync(engine.Sql, cancellation);
            Dictionary<string, long> samples = await engine.Sampler.ReadAsync(engine.Sql, await engine.FamilyAsync(cancellation), status, cancellation);
            return new ComputeUsage(CpuMillicores: null, ResidentBytes: null, status.PoolBytes, status.PoolUsedBytes, samples);
        }
        catch (EngineSqlException failure)
        {
            LogNoAnswer(_options.Name, failure.Message);
            return new ComputeUsage(null, null, null, null, new Dictionary<string, long>(StringComparer.Ordinal));
        }
    }
}
