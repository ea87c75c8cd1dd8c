using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes.Metrics;

/// <summary>What one container used, each sample of it once.</summary>
/// <param name="CpuMillicores">Mean over the sample's window.</param>
/// <param name="WorkingSetBytes">What cannot be reclaimed by the kernel, the pages of the engine's own pool among it.</param>
internal readonly record struct ContainerUsage(double CpuMillicores, long WorkingSetBytes);

/// <summary>
/// Tells new samples of one container from those that were counted, that are old, or that are of the pod before. What is asked for between two looks of the Metrics Server has no sample: counted twice,
/// one moment would outweigh another.
/// </summary>
internal sealed class UsageReader(string container)
{
    /// <summary>Beyond this a sample says nothing of now. The Metrics Server looks every 15 seconds, and misses some.</summary>
    private static readonly TimeSpan s_stale = TimeSpan.FromSeconds(90);

    private (string? Uid, DateTimeOffset At)? _last;
    private (string? Uid, ComputeSize? Size, long? Pool)? _sized;
    private DateTimeOffset _sizedAt = DateTimeOffset.MinValue;

    /// <summary>Between the last sample and the one before it; null: there was none before it.</summary>
    public TimeSpan? Distance { get; private set; }

    /// <summary>
    /// Told each time before a sample is read. A sample whose window began before the size or the pool changed has the memory of before, and would be held against the pool of now.
    /// </summary>
    /// <param name="size">What is in force; null: not known.</param>
    /// <param name="pool">The size of the buffer pool in bytes; null: it was not told.</param>
    /// <param name="now">By our own clock.</param>
    public void Note(Pod pod, ComputeSize? size, long? pool, DateTimeOffset now)
    {
        (string? Uid, ComputeSize? Size, long? Pool)? before = _sized?.Uid == pod.Metadata.Uid ? _sized : null;
        pool ??= before?.Pool;
        if (before is { } had && (had.Size != size || (had.Pool is not null && had.Pool != pool)))
        {
            _sizedAt = now;
        }

        _sized = (pod.Metadata.Uid, size, pool);
    }

    /// <param name="pod">The pod that runs now, of which it must be.</param>
    /// <param name="now">By our own clock, which may differ from the cluster's.</param>
    /// <returns>Null: there is no new one.</returns>
    public ContainerUsage? Read(PodMetrics? metrics, Pod pod, DateTimeOffset now)
    {
        if (metrics?.Timestamp is not { } at || metrics.Containers.FirstOrDefault(one => one.Name == container) is not { } found)
        {
            return null;
        }

        (string? Uid, DateTimeOffset At)? before = _last?.Uid == pod.Metadata.Uid ? _last : null;
        if (before?.At >= at || now - at > s_stale || IsOfThePodBefore(metrics, at, pod) || Began(metrics, at) < _sizedAt)
        {
            return null;
        }

        if (!found.Usage.TryGetValue(Amounts.Cpu, out Quantity cpu) || !found.Usage.TryGetValue(Amounts.Memory, out Quantity memory))
        {
            return null;
        }

        Distance = at - before?.At;
        _last = (pod.Metadata.Uid, at);
        return new ContainerUsage(cpu.NanoValue / 1_000_000.0, memory.Value);
    }

    /// <summary>Pods of a StatefulSet have the same name each time.</summary>
    private bool IsOfThePodBefore(PodMetrics metrics, DateTimeOffset at, Pod pod)
    {
        DateTimeOffset? began = pod.Status.OfContainer(container)?.State.Running?.StartedAt ?? pod.Status.StartTime;
        return began is { } start && Began(metrics, at) < start;
    }

    private static DateTimeOffset Began(PodMetrics metrics, DateTimeOffset at) => at - (metrics.Window ?? TimeSpan.Zero);
}
