using System.Globalization;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>How long the buffer pool may take to get another size. Shrinking waits for transactions that hold pages.</summary>
    private static readonly TimeSpan s_poolLimit = TimeSpan.FromSeconds(30);

    /// <summary>A pod that just started is being fitted to its size; never fails.</summary>
    private volatile Task _fitting = Task.CompletedTask;

    private CancellationTokenSource? _endOfFitting;

    /// <summary>Memory that an engine has in use besides its pool, as it was measured last, in bytes; null: it was not.</summary>
    private long? _unreclaimable;

    /// <summary>
    /// A pod starts with the buffer pool of its engine's own configuration, which does not know the size, and with another size where the template could not be given it. Statements need not wait for
    /// either.
    /// </summary>
    private void FitSoon(PodEngine engine, ComputeSize size)
    {
        _endOfFitting = new CancellationTokenSource();
        _fitting = FitAsync(engine, size, _endOfFitting.Token);
    }

    /// <summary>Something else is to be done with it, which knows better.</summary>
    private async Task EndFittingAsync()
    {
        if (_endOfFitting is { } end)
        {
            _endOfFitting = null;
            await end.CancelAsync();
            await _fitting;
            end.Dispose();
        }
    }

    private async Task FitAsync(PodEngine engine, ComputeSize size, CancellationToken cancellation)
    {
        try
        {
            ComputeSize? found = Look().Pods.FirstOrDefault(pod => pod.Metadata.Name == engine.Identity.Name) is { } started ? SizeOf(started) : null;
            if (found is { } other && other != size)
            {
                EffectResult resized = await ResizeAllAsync(size, cancellation);
                if (resized is EffectResult.Done)
                {
                    return;
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
        }
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
}
