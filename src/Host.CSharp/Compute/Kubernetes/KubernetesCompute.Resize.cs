namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <inheritdoc/>
    public ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation) => ValueTask.FromResult<EffectResult>(new EffectResult.Infeasible(
        $"a pod that runs is not resized yet; a size is given to {Title} when it starts"));
}
