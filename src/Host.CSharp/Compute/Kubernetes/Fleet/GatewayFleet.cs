using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>This gateway among those that serve the same databases: it is one of them, stands for election, and knows what the others do. docs/kubernetes-gateways.md is the protocol.</summary>
internal sealed class GatewayFleet : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Func<GatewayActivity>> _databases = new(StringComparer.Ordinal);
    /// <summary>A thousand databases join one after the other, as fast as processors allow.</summary>
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, SharedReads<StatefulSet>> _sets = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();
    private readonly ILoggerFactory _loggers;
    private Task _run = Task.CompletedTask;

    public GatewayFleet(IKubernetesApi api, FleetNames names, GatewayIdentity identity, ApiOptions apiOptions, FleetOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (Names, Identity, Options, Time, _loggers) = (names, identity, options, time, loggers);
        Api = api.Within(options.CallLimit);
        States = new KeptStates(Api, names, time);
        Accounts = new EngineSecrets(Api, names, time);
        Election = new LeaderElection(api, names.Leader, identity.Identity, options.Election, time, loggers.CreateLogger<LeaderElection>());
        Lease = new GatewayLease(api, names, identity, ReadActivity, options, time, loggers.CreateLogger<GatewayLease>());
        Peers = new PeerWatch(api, names, identity, apiOptions, options, time, loggers.CreateLogger<PeerWatch>());
    }

    public FleetNames Names { get; }

    public GatewayIdentity Identity { get; }

    public FleetOptions Options { get; }

    public LeaderElection Election { get; }

    public PeerWatch Peers { get; }

    public KeptStates States { get; }

    public EngineSecrets Accounts { get; }

    internal GatewayLease Lease { get; }

    internal IKubernetesApi Api { get; }

    internal TimeProvider Time { get; }

    public void Start() => _run = Task.WhenAll(Election.RunAsync(_end.Token), Lease.RunAsync(_end.Token));

    /// <param name="set">The StatefulSet that the database is.</param>
    /// <param name="activity">What this gateway's sessions of it do now.</param>
    /// <exception cref="InvalidOperationException">It is one already: promises are by StatefulSet, and one of two would be taken for the other's.</exception>
    public FleetDatabase Add(ObjectName set, IGuardedGate gate, Func<GatewayActivity> activity)
    {
        if (!_databases.TryAdd(set.ToString(), activity))
        {
            throw new InvalidOperationException($"StatefulSet {set} is a database of this gateway already.");
        }

        return new FleetDatabase(this, set, gate, activity, _loggers.CreateLogger<FleetDatabase>());
    }

    /// <summary>Reads of the StatefulSets of a namespace: a gateway that joins asks for each of its databases.</summary>
    internal SharedReads<StatefulSet> SetsOf(string space) => _sets.GetOrAdd(space, one => new SharedReads<StatefulSet>(Api, Resources.StatefulSets, one, s_gather, Time));

    /// <summary>Nothing is told of it any more.</summary>
    internal void Remove(string database, Func<GatewayActivity> activity) => _databases.TryRemove(KeyValuePair.Create(database, activity));

    /// <summary>Leaves: another leads at once, and nobody waits for this one any more. Its gates must be closed.</summary>
    public async Task LeaveAsync()
    {
        await _end.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        await Peers.DisposeAsync();
        Election.Dispose();
        Lease.Dispose();
        States.Dispose();
        _end.Dispose();
    }

    private ImmutableDictionary<string, GatewayActivity> ReadActivity()
    {
        ImmutableDictionary<string, GatewayActivity>.Builder all = ImmutableDictionary.CreateBuilder<string, GatewayActivity>(StringComparer.Ordinal);
        foreach ((string database, Func<GatewayActivity> read) in _databases)
        {
            GatewayActivity activity = read();
            if (activity != default)
            {
                all[database] = activity;
            }
        }

        return all.ToImmutable();
    }
}
