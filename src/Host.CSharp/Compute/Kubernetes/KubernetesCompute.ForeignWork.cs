using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <inheritdoc/>
    /// <remarks>Every pod is asked, since every pod is stopped, and one that cannot be asked refuses. What one pod of the StatefulSet is to another, a replica, is no work of others.</remarks>
    public async ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation)
    {
        Workload now = Look();
        if (!now.IsLive || now.Set is not { } set)
        {
            return $"the pods could not be asked for work of others: {now.Trouble ?? $"there is no {Title}"}";
        }

        int asked = 0;
        foreach (Pod pod in now.Pods.Where(one => !one.IsTerminating() && !one.IsOver()))
        {
            asked++;
            if (await FindForeignWorkAsync(pod, set, now, cancellation) is { } found)
            {
                return now.Pods.Count == 1 ? found : $"pod {pod.Metadata.Name}: {found}";
            }
        }

        return asked < now.Replicas ? $"of the {now.Replicas} pods that {Title} wants {asked} could be asked for work of others: {WhyNotServing(now)}" : null;
    }

    private async Task<string?> FindForeignWorkAsync(Pod pod, StatefulSet set, Workload now, CancellationToken cancellation)
    {
        if (pod.Address() is null)
        {
            // nothing has run yet in a pod that waits for its node or its network; any other without an address cannot be asked
            return pod.Status.Phase is null or "Pending" ? null : $"it could not be asked for work of others: {pod.WhyNotServing(_options.Container)}, and it has no address";
        }

        PodEngine? serving = Engine is { } current && current.Identity == PodIdentity.Of(pod, _options.Container) ? current : null;
        PodEngine asked = serving ?? Reach(pod);
        try
        {
            var ownership = new PodOwnership(set, [.. now.Pods.Where(one => one != pod)], _options.User, id => id == asked.Sql.ConnectionId || id == asked.MetricSql.ConnectionId, _options.Wesql is not null);
            return await ForeignWork.FindAsync(asked.Sql, await asked.FamilyAsync(cancellation), _time, cancellation, ownership);
        }
        catch (EngineSqlException failure)
        {
            return $"the engine could not be asked for work of others: {failure.Message}";
        }
        finally
        {
            if (serving is null)
            {
                await asked.DisposeAsync();
            }
        }
    }
}
