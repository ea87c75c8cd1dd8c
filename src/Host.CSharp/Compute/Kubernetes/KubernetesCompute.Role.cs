using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>
    /// Among several pods another one may have become the primary, while the one that sessions go to lives on as its replica. One that takes no writes while nobody else does either is kept: its
    /// sessions can read, and are told by the server itself what they cannot.
    /// </summary>
    /// <returns>Null: sessions stay where they are. Otherwise why they cannot.</returns>
    private async Task<string?> WhyReplacedAsync(PodEngine engine, Workload now, CancellationToken cancellation)
    {
        if (now.Replicas <= 1 || engine.EndIsExpected || (engine.RoleAskedAt is { } asked && _time.GetElapsedTime(asked) < _options.RolePause))
        {
            return null;
        }

        engine.RoleAskedAt = _time.GetTimestamp();
        try
        {
            if (await PodRole.TakesWritesAsync(engine, cancellation))
            {
                return null;
            }
        }
        catch (EngineSqlException)
        {
            // whether it answers at all is asked elsewhere
            return null;
        }

        await using var dialling = new PodDialling(_options, Reach);
        return await dialling.FindAsync(now, cancellation) is { } other && other.Identity != engine.Identity
            ? $"pod {engine.Identity.Name} takes no writes any more, and {other.Identity.Name} does"
            : null;
    }
}
