using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <inheritdoc/>
    /// <remarks>Every pod is asked, since every pod is stopped. What one pod of the StatefulSet is to another, a replica, is no work of others.</remarks>
    public async ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation)
    {
        Workload now = Look();
        foreach (Pod pod in now.Pods.Where(one => !one.IsTerminating() && !one.IsOver()))
        {
            if (await FindForeignWorkAsync(pod, now, cancellation) is { } found)
            {
                return now.Pods.Count == 1 ? found : $"pod {pod.Metadata.Name}: {found}";
            }
        }

        return null;
    }

    private async Task<string?> FindForeignWorkAsync(Pod pod, Workload now, CancellationToken cancellation)
    {
        if (pod.Address() is null)
        {
            return null;
        }

        PodEngine? serving = Engine is { } current && current.Identity == PodIdentity.Of(pod, _options.Container) ? current : null;
        PodEngine asked = serving ?? Reach(pod);
        try
        {
            return await ForeignWork.FindAsync(asked.Sql, await asked.FamilyAsync(cancellation), _time, cancellation, new PodOwnership(asked, now.Pods, _options.User));
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

    /// <param name="user">The gateway's own account.</param>
    private sealed class PodOwnership(PodEngine asked, IReadOnlyList<Pod> pods, string user) : IForeignWorkOwnership
    {
        /// <remarks>
        /// Other gateways have connections by the same account, which do nothing but ask a question now and then. What that account is busy with for longer than the settling time is taken for somebody's
        /// work.
        /// </remarks>
        public bool IsOurs(SqlRow process) => process["User"] == user
            ? process["Command"] == "Sleep" || process.Number("Id") is { } id && (id == asked.Sql.ConnectionId || id == asked.MetricSql.ConnectionId)
            : process["Command"]?.StartsWith("Binlog Dump", StringComparison.Ordinal) == true && IsPod(process["Host"]);

        public bool IsOurSource(string source) => IsPod(source);

        /// <summary>By its address, or by its name in DNS, which begins with the pod's.</summary>
        private bool IsPod(string? host)
        {
            string plain = host?.LastIndexOf(':') is > 0 and var colon ? host[..colon] : host ?? "";
            return pods.Any(pod => plain == pod.Status.PodIp || plain == pod.Metadata.Name || plain.StartsWith(pod.Metadata.Name + ".", StringComparison.Ordinal));
        }
    }
}
