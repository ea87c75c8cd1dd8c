using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Metrics;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>How often a database is measured: what a sample may come later than it was there.</summary>
    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(5);

    /// <summary>Of a container the Metrics Server has a sample every 15 s at best, and it misses some: one makes no gap.</summary>
    private static readonly TimeSpan s_staleUsage = TimeSpan.FromSeconds(45);

    private readonly UsageReader _usage;
    private bool _isSparse;

    /// <inheritdoc/>
    public TimeSpan? UsageStale => s_staleUsage;

    /// <inheritdoc/>
    public async ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation)
    {
        if (Engine is not { } engine)
        {
            return EngineUsage.None;
        }

        // Both at one time, and the one that fails takes nothing from the other.
        Task<PodMetrics?> asked = _cluster.UsageOf(_options.Namespace).FindAsync(engine.Identity.Name, cancellation);
        ComputeUsage ofEngine = await ReadEngineAsync(engine, cancellation);
        ContainerUsage? used = ReadUsage(engine, await asked, ofEngine.BufferPoolBytes);
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

    private ContainerUsage? ReadUsage(PodEngine engine, PodMetrics? metrics, long? pool)
    {
        Pod? pod = Look().Pods.FirstOrDefault(one => one.Metadata.Name == engine.Identity.Name && one.Metadata.Uid == engine.Identity.Uid);
        if (pod is null)
        {
            return null;
        }

        DateTimeOffset now = _time.GetUtcNow();
        _usage.Note(pod, SizeOf(pod), pool, now);
        ContainerUsage? used = _usage.Read(metrics, pod, now);
        bool isSparse = _usage.Distance is { } apart && apart + s_beat > s_staleUsage;
        if (isSparse && !_isSparse)
        {
            LogSparse(_options.Name, _usage.Distance!.Value.TotalSeconds, s_staleUsage.TotalSeconds);
        }

        _isSparse = isSparse;
        return used;
    }
}
