using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>How long the buffer pool may take to get another size. Shrinking waits for transactions that hold pages.</summary>
    private static readonly TimeSpan s_poolLimit = TimeSpan.FromSeconds(30);

    /// <summary>The buffer pool of a pod that just started is being fitted; never fails.</summary>
    private volatile Task _fitting = Task.CompletedTask;

    /// <summary>
    /// A pod starts with the buffer pool of its engine's own configuration, which does not know the size. Statements need not wait for it to get another one.
    /// </summary>
    private void FitSoon(PodEngine engine, ComputeSize size)
    {
        if (_options.ManagesBufferPool)
        {
            _fitting = FitAsync(engine, size);
        }
    }

    private async Task FitAsync(PodEngine engine, ComputeSize size)
    {
        try
        {
            // what it really got, where that is not what it was to get
            ComputeSize real = Look().Pods.FirstOrDefault(pod => pod.Metadata.Name == engine.Identity.Name) is { } pod ? SizeOf(pod) ?? size : size;
            await SizePoolAsync(engine, real, CancellationToken.None);
        }
        catch (EngineSqlException failure)
        {
            LogNotFitted(_options.Name, failure.Message);
        }
    }

    /// <exception cref="EngineSqlException">The engine refused, or it took too long.</exception>
    private async Task SizePoolAsync(PodEngine engine, ComputeSize size, CancellationToken cancellation)
    {
        long bytes = MemoryPlan.BufferPool(await engine.FamilyAsync(cancellation), size.MemoryBytes, size.MemoryBytes);
        await BufferPool.ResizeAsync(engine.Sql, bytes, s_poolLimit, _time, cancellation);
    }
}
