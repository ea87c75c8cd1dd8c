using System.Globalization;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Sizing;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <inheritdoc/>
    public async ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await EndFittingAsync();
            EffectResult result = Engine is null ? new EffectResult.Failed("The compute is not running.") : await ResizeAllAsync(size, cancellation);
            if (Look().Set is { } set)
            {
                bool isDone = result is EffectResult.Done;
                string target = string.Create(CultureInfo.InvariantCulture, $"{size.CpuMillicores}m cpu and {size.MemoryBytes >> 20} MiB");
                _cluster.Events.Tell(set, isDone ? "Resized" : $"Resize{result.GetType().Name}", isDone ? $"to {target}" : $"to {target}: {result.Why}", isWarning: !isDone);
            }

            return result;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>All pods, the one that serves last: what the others are refused it is not given either. They all have one size, or keep the one they had.</summary>
    private async Task<EffectResult> ResizeAllAsync(ComputeSize size, CancellationToken cancellation)
    {
        if (WhyBeyondNode(size) is { } beyond)
        {
            return new EffectResult.Infeasible(beyond);
        }

        ServedApis served = await _cluster.ServedAsync(cancellation);
        if (ResizeRoute.Of(served) is not { } route)
        {
            return new EffectResult.Infeasible(ResizeRoute.WhyNone(served));
        }

        var resizing = new PodResizing(_cluster.Api, route, _options.Namespace, _options.Container, Look, _time);
        var phases = new PhaseClock(_time);
        var done = new List<Pod>();
        string? serving = Engine?.Identity.Name;
        foreach (Pod pod in Look().Pods.Where(pod => !pod.IsTerminating() && !pod.IsOver()).OrderBy(pod => pod.Metadata.Name == serving))
        {
            EffectResult? result;
            try
            {
                result = await ResizeAsync(resizing, pod, size, phases, cancellation);
            }
            catch (OperationCanceledException)
            {
                await RevertAsync(resizing, done, size);
                throw;
            }

            if (result is not null)
            {
                await RevertAsync(resizing, done, size);
                return result;
            }

            done.Add(pod);
        }

        return new EffectResult.Done(phases.PhasesMs);
    }

    /// <summary>Memory that is taken away must not be in use, and memory that is given can be used only once it is there: the pool shrinks first, or grows last.</summary>
    /// <returns>Null: done.</returns>
    private async Task<EffectResult?> ResizeAsync(PodResizing resizing, Pod pod, ComputeSize size, PhaseClock phases, CancellationToken cancellation)
    {
        PodIdentity identity = PodIdentity.Of(pod, _options.Container);
        ComputeSize? had = SizeOf(pod);
        bool shrinks = had is { } now && size.MemoryBytes < now.MemoryBytes;
        if (shrinks && resizing.WhyNever(pod, size) is { } never)
        {
            // before the pool is emptied for it
            return new EffectResult.Infeasible(never);
        }

        PodEngine? serving = Engine is { } current && current.Identity == identity ? current : null;
        await using PodEngine? own = serving is null && pod.Address() is not null ? Reach(pod) : null;
        PodEngine? engine = _options.ManagesBufferPool ? serving ?? own : null;
        try
        {
            if (shrinks && engine is not null)
            {
                await SizePoolAsync(engine, size, cancellation);
                phases.Mark("pool");
                if (WhyTooTight(size, await EngineStatus.ReadAsync(engine.Sql, cancellation)) is { } tight)
                {
                    await GiveBackPoolAsync(engine, had!.Value);
                    return new EffectResult.Deferred(tight);
                }
            }
        }
        catch (EngineSqlException e)
        {
            await GiveBackPoolAsync(engine!, had!.Value);
            return new EffectResult.Failed($"the buffer pool did not shrink, so the memory does not: {e.Message}");
        }

        Unsized? unsized = await resizing.ResizeAsync(identity, size, _options.ResizeLimit, cancellation);
        phases.Mark("pod");
        if (unsized is not null)
        {
            if (unsized.NotTakenBack is { } left)
            {
                // a pool that grew again could meet the smaller limit later
                LogNotGivenBack(_options.Name, identity.Name, left);
            }
            else if (shrinks && engine is not null)
            {
                await GiveBackPoolAsync(engine, had!.Value);
            }

            return unsized.Result;
        }

        if (!shrinks && engine is not null)
        {
            await GiveBackPoolAsync(engine, size);
            phases.Mark("pool");
        }

        return null;
    }

    /// <summary>Gives pods that have their new size already what they had, since another pod was refused it. Here too the pool shrinks before the memory does, and grows after it.</summary>
    /// <param name="done">As they were.</param>
    private async Task RevertAsync(PodResizing resizing, IEnumerable<Pod> done, ComputeSize size)
    {
        foreach (Pod pod in done)
        {
            if (await RevertAsync(resizing, pod, size) is { } why)
            {
                LogNotGivenBack(_options.Name, pod.Metadata.Name, why);
            }
        }
    }

    /// <returns>Null: it is to have what it had. Otherwise why it keeps its new size.</returns>
    private async Task<string?> RevertAsync(PodResizing resizing, Pod pod, ComputeSize size)
    {
        PodIdentity identity = PodIdentity.Of(pod, _options.Container);
        await using PodEngine? engine = _options.ManagesBufferPool && pod.Address() is not null ? Reach(pod) : null;
        ComputeSize? had = SizeOf(pod);
        if (engine is not null && had is { } smaller && smaller.MemoryBytes < size.MemoryBytes)
        {
            if (Look().Pods.FirstOrDefault(one => one.Metadata.Uid == identity.Uid) is { } grown && resizing.WhyNever(grown, smaller) is { } never)
            {
                return never;
            }

            try
            {
                await SizePoolAsync(engine, smaller, CancellationToken.None);
            }
            catch (EngineSqlException e)
            {
                return $"its buffer pool did not shrink again, so its memory does not: {e.Message}";
            }
        }

        if (await resizing.TakeBackAsync(identity, pod.Spec.FindContainer(_options.Container)?.Resources ?? new ResourceAmounts()) is { } why)
        {
            return why;
        }

        if (engine is not null && had is { } larger && larger.MemoryBytes >= size.MemoryBytes)
        {
            await GiveBackPoolAsync(engine, larger);
        }

        return null;
    }

    /// <summary>A pool that stays small costs speed, and nothing else.</summary>
    private async Task GiveBackPoolAsync(PodEngine engine, ComputeSize size)
    {
        try
        {
            await SizePoolAsync(engine, size, CancellationToken.None);
        }
        catch (EngineSqlException e)
        {
            LogNotFitted(_options.Name, e.Message);
        }
    }
}
