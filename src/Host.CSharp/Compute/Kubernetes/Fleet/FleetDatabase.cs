using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;
using Serverless.Host.Compute.Kubernetes.Fleet.Fence;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>One database as the gateways of a fleet share it: its guard at this gateway, and the suspend that this gateway proposes, if it leads.</summary>
internal sealed class FleetDatabase : IDisposable
{
    private readonly GatewayFleet _fleet;
    private readonly string _database;
    private readonly FenceCalls _calls;
    private readonly GuardRunner _guard;
    private readonly Func<GatewayActivity> _activity;
    private readonly ILogger _logger;
    private Agreement? _agreement;

    internal FleetDatabase(GatewayFleet fleet, ObjectName set, IGuardedGate gate, Func<GatewayActivity> activity, ILogger logger)
    {
        (_fleet, _database, _activity, _logger) = (fleet, set.ToString(), activity, logger);
        _calls = new FenceCalls(fleet.Api, fleet.SetsOf(set.Space!), set);
        _guard = new GuardRunner(_database, _calls, fleet.Lease, fleet.Identity, gate, WhyOrphan, fleet.Options, fleet.Time, logger);
        fleet.Peers.Changed += OnPeer;
        fleet.Election.Changed += OnLeadership;
    }

    public Leadership Leadership => _fleet.Election.Current;

    /// <summary>What the other gateways do with it.</summary>
    public PeersActivity Peers => _fleet.Peers.Read(_database);

    /// <summary>What the others can know of this gateway's activity.</summary>
    public GatewayActivity Told => _fleet.Lease.Told(_database);

    /// <summary>The StatefulSet was heard of, by a watch.</summary>
    public void Hear(StatefulSet set)
    {
        _guard.Hear(set);
        _agreement?.Hear(set);
    }

    /// <summary>The controller has found that the compute serves. The gate is open when that is agreed.</summary>
    public void Serve() => _guard.Tell(new GuardInput(GuardInputKind.Served));

    /// <summary>The controller has found that the compute is gone. The gate is closed when this returns.</summary>
    public void Close(string reason) => _guard.Tell(new GuardInput(GuardInputKind.Gone), reason);

    public void Hold() => _guard.Tell(new GuardInput(GuardInputKind.Held), "a statement waits");

    /// <summary>Agrees with all gateways on a suspend that this one's controller decided.</summary>
    /// <returns>Null: all gates are closed and stay so, until <see cref="End"/>. Otherwise why not.</returns>
    public async Task<string?> ProposeAsync(SuspendTerms terms, CancellationToken cancellation)
    {
        Leadership leadership = Leadership;
        if (!leadership.IsHere)
        {
            return leadership.Holder is { } holder ? $"gateway {Shown.Of(holder)} leads, and it alone suspends" : "no gateway leads yet, and one that does suspends alone";
        }

        End("another suspend was decided");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(terms.Limit + _fleet.Options.CallLimit);
        var intent = new SuspendIntent(Guid.NewGuid(), _fleet.Identity.Replica, _fleet.Identity.Identity, terms);
        var agreement = new Agreement(_database, intent, _calls, _fleet.Api, _fleet.Names, _fleet.Peers, _guard, _fleet.Time, _logger);
        Interlocked.Exchange(ref _agreement, agreement)?.Dispose();
        string? refused = await agreement.ProposeAsync(limit.Token);
        if (refused is null)
        {
            return null;
        }

        End("it was not agreed on");
        return limit.IsCancellationRequested && !cancellation.IsCancellationRequested ? $"not all gateways had promised within {terms.Limit.TotalSeconds:0.#} s" : refused;
    }

    /// <summary>May the StatefulSet, as it was just read by the server itself, be scaled to zero at this version?</summary>
    /// <returns>Null: it may. Otherwise why not.</returns>
    public string? WhyNotStop(StatefulSet fresh) => !Leadership.IsHere
        ? "this gateway leads no more"
        : _agreement is { } agreement ? agreement.WhyNotStop(fresh) : "the gateways have not agreed on a suspend";

    /// <summary>The suspend is over: carried out, or not.</summary>
    public void End(string why)
    {
        if (Interlocked.Exchange(ref _agreement, null) is { } agreement)
        {
            agreement.Abort(why);
            agreement.Dispose();
            // this intent alone: another gateway's is not this one's to end
            _guard.Tell(new GuardInput(GuardInputKind.Overdue, Intent: agreement.Intent), why);
        }
    }

    public void Dispose()
    {
        _fleet.Peers.Changed -= OnPeer;
        _fleet.Election.Changed -= OnLeadership;
        if (Interlocked.Exchange(ref _agreement, null) is { } agreement)
        {
            agreement.Abort("its gateway serves the database no more");
            agreement.Dispose();
        }

        _guard.Dispose();
        _fleet.Remove(_database, _activity);
    }

    /// <summary>Why nothing comes of an intent any more, in words; null: something may. Whoever intended it is gone, or has given it up and could not take it off.</summary>
    private string? WhyOrphan(SuspendIntent intent) =>
        intent.Process == _fleet.Identity.Identity ? (Volatile.Read(ref _agreement)?.Intent == intent.Id ? null : "it was given up")
        : intent.By == _fleet.Identity.Replica ? "the process before this one intended it"
        : _fleet.Peers.WhyGone(intent.By, intent.Process);

    private void OnPeer(string name, Peer? peer) => _agreement?.Hear(name, peer);

    private void OnLeadership(Leadership leadership)
    {
        if (!leadership.IsHere)
        {
            // until the scale request is sent; the judge refuses it from now on
            _agreement?.Abort("this gateway leads no more");
        }
    }
}
