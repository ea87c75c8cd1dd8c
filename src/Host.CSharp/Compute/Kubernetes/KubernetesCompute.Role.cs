using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>
    /// Among several pods another one may have become the primary, while the one that sessions go to lives on as its replica. One that takes no writes while nobody else does either is kept: its
    /// sessions can read, and are told by the server itself what they cannot. One look decides nothing: somebody may have made it read-only for a moment, beside a replica that was never told to be.
    /// </summary>
    /// <returns>Null: sessions stay where they are. Otherwise why they cannot.</returns>
    private async Task<string?> WhyReplacedAsync(PodEngine engine, Workload now, CancellationToken cancellation)
    {
        if (now.Replicas <= 1 || engine.EndIsExpected || (engine.RoleAskedAt is { } asked && _time.GetElapsedTime(asked) < _options.RolePause))
        {
            return null;
        }

        engine.RoleAskedAt = _time.GetTimestamp();
        PodEngine? successor = await FindSuccessorAsync(engine, now, cancellation);
        bool isCertain = successor is not null && engine.Successor == successor.Identity;
        engine.Successor = successor?.Identity;
        return isCertain ? $"pod {engine.Identity.Name} takes no writes any more, and {successor!.Identity.Name} does" : null;
    }

    /// <returns>Another pod that is the primary by its own word, while this one says that it is not; null: there is none.</returns>
    private async Task<PodEngine?> FindSuccessorAsync(PodEngine engine, Workload now, CancellationToken cancellation)
    {
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
        return await dialling.FindAsync(now, PodRole.IsSuccessorAsync, cancellation) is { } other && other.Identity != engine.Identity ? other : null;
    }
}
