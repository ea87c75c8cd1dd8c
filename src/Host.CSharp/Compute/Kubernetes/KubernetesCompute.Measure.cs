using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Metrics;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    private readonly UsageReader _usage;

    /// <inheritdoc/>
    public async ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation)
    {
        if (Engine is not { } engine)
        {
            return EngineUsage.None;
        }

        // Both at one time, and the one that fails takes nothing from the other.
        Task<ContainerUsage?> asked = ReadUsageAsync(engine, cancellation);
        ComputeUsage ofEngine = await ReadEngineAsync(engine, cancellation);
        ContainerUsage? used = await asked;
        ComputeUsage usage = ofEngine with { CpuMillicores = used?.CpuMillicores, ResidentBytes = used?.WorkingSetBytes };
        if (used is { } now && ofEngine.BufferPoolResidentBytes is { } pool)
        {
            _unreclaimable = Math.Max(0, now.WorkingSetBytes - pool);
        }

        return usage;
    }

    private async Task<ComputeUsage> ReadEngineAsync(PodEngine engine, CancellationToken cancellation)
    {
        try
        {
            return await EngineUsage.ReadAsync(engine.Sql, await engine.FamilyAsync(cancellation), engine.Sampler, cancellation);
        }
        catch (EngineSqlException failure)
        {
            LogNoAnswer(_options.Name, failure.Message);
            return EngineUsage.None;
        }
    }

    private async Task<ContainerUsage?> ReadUsageAsync(PodEngine engine, CancellationToken cancellation)
    {
        PodMetrics? metrics = await _cluster.UsageOf(_options.Namespace).FindAsync(engine.Identity.Name, cancellation);
        Pod? pod = Look().Pods.FirstOrDefault(one => one.Metadata.Name == engine.Identity.Name && one.Metadata.Uid == engine.Identity.Uid);
        return pod is null ? null : _usage.Read(metrics, pod, _time.GetUtcNow());
    }
}
