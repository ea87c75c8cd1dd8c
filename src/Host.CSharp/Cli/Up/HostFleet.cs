using Microsoft.Extensions.Logging;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>This gateway among all that serve the databases of one cluster, and what their leader keeps of these.</summary>
internal sealed partial class HostFleet : IAsyncDisposable
{
    private HostFleet(GatewayFleet fleet, StateWatch states) => (Fleet, States) = (fleet, states);

    public GatewayFleet Fleet { get; }

    public StateWatch States { get; }

    /// <summary>Joins: from here on the others wait for what this gateway promises.</summary>
    /// <exception cref="ComputeException">The cluster does not say which pod this is.</exception>
    public static async Task<HostFleet> JoinAsync(KubernetesCluster cluster, FleetSettings settings, string data, ILoggerFactory loggers, CancellationToken cancellation)
    {
        string space = settings.Namespace ?? cluster.Api.Namespace;
        string replica = settings.Replica ?? (cluster.IsOfPod ? ReplicaName.OfPod(Environment.MachineName) : ReplicaName.OfHost(Environment.MachineName, data));
        ILogger logger = loggers.CreateLogger<HostFleet>();
        // an owner in another namespace is none, and the cluster would delete what it seems to own
        OwnerReference? owner = cluster.IsOfPod && space == cluster.Api.Namespace ? await OwnerAsync(cluster, new ObjectName(space, Environment.MachineName), logger, cancellation) : null;
        var names = new FleetNames(space, settings.Name);
        var fleet = new GatewayFleet(cluster.Api, names, GatewayIdentity.New(replica, owner), cluster.Options, FleetOptions.Of(settings.LeaseFor), TimeProvider.System, loggers);
        var states = new StateWatch(cluster.Api, names, cluster.Options, TimeProvider.System, loggers.CreateLogger<StateWatch>());
        fleet.Start();
        LogJoins(logger, names.Leader, replica);
        return new HostFleet(fleet, states);
    }

    /// <summary>Leaves: what it led, another leads at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await States.DisposeAsync();
    }

    private static async Task<OwnerReference?> OwnerAsync(KubernetesCluster cluster, ObjectName pod, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            if (await cluster.Api.FindAsync(Resources.Pods, pod, cancellation) is { Metadata.Uid: { } uid })
            {
                return new OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Name, Uid = uid };
            }

            LogNoOwner(logger, pod, "there is none of this name (a pod with hostNetwork or a hostname of its own?)");
        }
        catch (ApiException e) when (!e.IsPassing)
        {
            LogNoOwner(logger, pod, e.Message);
        }
        catch (ApiException e)
        {
            throw new ComputeException($"whose pod this is cannot be asked: {e.Message}", e);
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "This is gateway {Replica} of those that are led by Lease {Lease}")]
    private static partial void LogJoins(ILogger logger, ObjectName lease, string replica);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The gateway's own pod {Pod} is not found, so that its Lease is not deleted with it: after it ended without leaving, nothing is suspended until somebody deletes that Lease: {Reason}")]
    private static partial void LogNoOwner(ILogger logger, ObjectName pod, string reason);
}
