using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Commands;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control.Fleet;

/// <summary>
/// A database of this gateway as one of several that serve it: its gate, where its state is kept, and who leads. It is there as soon as the cluster is, and answers for its gate, which is closed, while the
/// database itself cannot be opened yet.
/// </summary>
internal sealed class FleetMember : ILeading, IDisposable
{
    private readonly GatewayFleet _fleet;
    private readonly StateWatch _states;
    private readonly NamespaceWatch _watch;
    private readonly ObjectName _set;
    private readonly ObjectName _map;
    private readonly IDisposable _following;

    /// <param name="own">The gate of this gateway's sessions.</param>
    /// <param name="watch">That hears of the StatefulSet.</param>
    /// <param name="sharesAccounts">What is known of the engine is kept for the other gateways too.</param>
    public FleetMember(IGatewayDatabase own, GatewayFleet fleet, StateWatch states, NamespaceWatch watch, ObjectName set, TimeProvider time, bool sharesAccounts = false)
    {
        (_fleet, _states, _watch, _set) = (fleet, states, watch, set);
        Gate = new FleetGateway(own, fleet, set, time);
        var map = new StateMap(fleet.States, set, () => fleet.Election.Current);
        _map = map.Name;
        States = new FleetStateStore(map);
        Memory = sharesAccounts ? new FleetMemory(fleet.Accounts, set, () => Look()?.Metadata.Uid) : null;
        Commands = new CommandBoard(fleet.Api, set, time);
        fleet.Election.Changed += OnLeadership;
        states.Changed += OnState;
        _following = watch.Follow(set.Name, Hear);
        Hear();
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <summary>Told, from the thread that hears of it, after the StatefulSet was heard of; must neither wait nor throw.</summary>
    public event Action? Heard;

    public FleetGateway Gate { get; }

    public GatewayIdentity Identity => _fleet.Identity;

    /// <summary>What operators told gateways that do not lead.</summary>
    public CommandBoard Commands { get; }

    public IStateStore States { get; }

    /// <summary>Null: each gateway keeps what it knows of the engine for itself.</summary>
    public ISharedMemory? Memory { get; }

    /// <inheritdoc/>
    public string? WhyNotHere => _fleet.Election.Current switch
    {
        { IsHere: true } => null,
        { Holder: { } holder } when holder != _fleet.Identity.Identity => $"gateway {Shown.Of(GatewayIdentity.ReplicaOf(holder))} leads, and it alone suspends and resizes",
        _ => "no gateway leads now, and one that does suspends and resizes alone",
    };

    /// <inheritdoc/>
    public string Term => StateMap.TermOf(_fleet.Election.Current);

    /// <inheritdoc/>
    public (string State, string Term)? Kept => _states.Find(_map);

    /// <inheritdoc/>
    public Task<string?> ReadKeptAsync(CancellationToken cancellation) => States.ReadAsync(cancellation);

    /// <summary>May the StatefulSet, as it was just read, be scaled to zero at this version? Null: all have agreed.</summary>
    public string? WhyNotStop(StatefulSet fresh) => Gate.Fleet.WhyNotStop(fresh);

    /// <summary>The StatefulSet, as it was heard of last.</summary>
    public StatefulSet? Look() => _watch.Look(_set.Name).Set;

    /// <inheritdoc cref="PeerWatch.WhyGone"/>
    public string? WhyGone(string replica, string? process) => _fleet.Peers.WhyGone(replica, process);

    /// <inheritdoc cref="PeerWatch.IsAlive"/>
    public bool IsAlive(string replica, string process) => _fleet.Peers.IsAlive(replica, process);

    public FleetReading Read()
    {
        Leadership now = _fleet.Election.Current;
        return new FleetReading(
            _fleet.Names.Leader.ToString(), _fleet.Identity.Replica, now.IsHere, now.Holder is { } holder ? GatewayIdentity.ReplicaOf(holder) : null, now.Term, _fleet.Lease.IsMember,
            [.. _fleet.Peers.ReadAll().Select(one => new FleetGatewayReading(one.Replica, one.IsOwn, one.Since, one.IsKnown))]);
    }

    public void Dispose()
    {
        _following.Dispose();
        _states.Changed -= OnState;
        _fleet.Election.Changed -= OnLeadership;
        Gate.Dispose();
    }

    private void Hear()
    {
        if (Look() is { } set)
        {
            Gate.Fleet.Hear(set);
            Heard?.Invoke();
        }
    }

    private void OnLeadership(Leadership leadership) => Changed?.Invoke();

    private void OnState(ObjectName map)
    {
        if (map == _map)
        {
            Changed?.Invoke();
        }
    }
}

/// <summary>The gateways of a fleet, as this one knows them.</summary>
/// <param name="Fleet">The Lease that is led by.</param>
/// <param name="Replica">This gateway.</param>
/// <param name="Leader">Null: none, or that is not known.</param>
/// <param name="Term">How often the leader has changed.</param>
/// <param name="IsMember">This gateway has its own Lease: without it its gates are closed.</param>
internal sealed record FleetReading(string Fleet, string Replica, bool Leads, string? Leader, int Term, bool IsMember, IReadOnlyList<FleetGatewayReading> Gateways);

/// <param name="Since">Since it was heard of.</param>
/// <param name="IsKnown">It was heard of lately, and could be understood. Otherwise it counts as active.</param>
internal sealed record FleetGatewayReading(string Replica, bool IsThis, TimeSpan Since, bool IsKnown);
