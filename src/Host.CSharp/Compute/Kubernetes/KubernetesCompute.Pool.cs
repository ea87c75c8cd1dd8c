using System.Globalization;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>How long the buffer pool may take to get another size. Shrinking waits for transactions that hold pages.</summary>
    private static readonly TimeSpan s_poolLimit = TimeSpan.FromSeconds(30);

    /// <summary>While an engine gives its pool another size nobody can log in (MariaDB keeps its global variables locked), so what waited for the start goes first.</summary>
    private static readonly TimeSpan s_fitAfter = TimeSpan.FromSeconds(1);

    /// <summary>The pod that started last is being fitted to its size, or was; null: something else was to be done with it since.</summary>
    private Fitting? _fitting;

    /// <summary>Memory that an engine has in use besides its pool, as it was measured last, in bytes; null: it was not.</summary>
    private long? _unreclaimable;

    /// <summary>
    /// A pod starts with the buffer pool of its engine's own configuration, which does not know the size, and with another size where the template could not be given it. Statements need not wait for
    /// either.
    /// </summary>
    private void FitSoon(PodEngine engine, ComputeSize size)
    {
        var end = new CancellationTokenSource();
        _fitting = new Fitting(engine, size, end, FitAsync(engine, size, end.Token));
    }

    /// <summary>Something else is to be done with it, which knows better.</summary>
    /// <returns>What was cut short by that, for <see cref="FitAgain"/>; null: it had come to its end, or there was none.</returns>
    private async Task<Fitting?> EndFittingAsync()
    {
        if (_fitting is not { } fitting)
        {
            return null;
        }

        _fitting = null;
        await fitting.End.CancelAsync();
        bool hasEnded = await fitting.HasEnded;
        fitting.End.Dispose();
        return hasEnded ? null : fitting;
    }

    /// <summary>Nothing came of what else was to be done.</summary>
    private void FitAgain(Fitting? cut)
    {
        if (cut is not null && Engine == cut.Engine)
        {
            FitSoon(cut.Engine, cut.Size);
        }
    }

    /// <returns>False: it was cut short. It never fails.</returns>
    private async Task<bool> FitAsync(PodEngine engine, ComputeSize size, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(s_fitAfter, _time, cancellation);
            if (Engine != engine)
            {
                return true;
            }

            ComputeSize? found = Look().Pods.FirstOrDefault(pod => pod.Metadata.Name == engine.Identity.Name) is { } started ? SizeOf(started) : null;
            if (found is { } other && other != size)
            {
                EffectResult resized = await ResizeAllAsync(size, cancellation);
                if (resized is EffectResult.Done)
                {
                    return true;
                }

                LogUnsized(_options.Name, resized.Why!);
            }

            if (_options.ManagesBufferPool)
            {
                await SizePoolAsync(engine, found ?? size, cancellation);
            }
        }
        catch (EngineSqlException failure)
        {
            LogNotFitted(_options.Name, failure.Message);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // a stop, a resize or the end of the gateway
            return false;
        }

        return true;
    }

    /// <exception cref="EngineSqlException">The engine refused, or it took too long.</exception>
    private async Task SizePoolAsync(PodEngine engine, ComputeSize size, CancellationToken cancellation)
    {
        long bytes = MemoryPlan.BufferPool(await engine.FamilyAsync(cancellation), size.MemoryBytes, size.MemoryBytes);
        await BufferPool.ResizeAsync(engine.Sql, bytes, s_poolLimit, _time, cancellation);
    }

    /// <summary>What the engine has in use beside its pool must fit beside it; null: it does, as far as is known. The node looks for itself, too.</summary>
    private string? WhyTooTight(ComputeSize size, EngineStatus status) => _unreclaimable is { } used && status.PoolBytes is { } pool && used + pool > size.MemoryBytes
        ? string.Create(CultureInfo.InvariantCulture, $"the engine has {used >> 20} MiB in use beside its smaller buffer pool of {pool >> 20} MiB, more than the {size.MemoryBytes >> 20} MiB it was to get")
        : null;

    private sealed record Fitting(PodEngine Engine, ComputeSize Size, CancellationTokenSource End, Task<bool> HasEnded);
}
