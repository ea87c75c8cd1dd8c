using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Members;

/// <summary>A gateway of the fleet, as last heard of.</summary>
/// <param name="Activity">Null: what it says cannot be read.</param>
/// <param name="HeardAt">Timestamp of this process's clock.</param>
internal sealed record Peer(string Name, string? Version, IReadOnlyDictionary<string, GatewayActivity>? Activity, IReadOnlyDictionary<string, Guid> Promises, long HeardAt);

/// <summary>What the other gateways do with one database, all together.</summary>
/// <param name="Activity">The sum; the shortest of the times.</param>
/// <param name="Unknown">Names of those that were not heard of, and count as active.</param>
internal sealed record PeersActivity(GatewayActivity Activity, IReadOnlyList<string> Unknown);

/// <summary>Watches the Leases of the gateways. What was not heard of for too long, by this process's clock, is not known, and neither is anything while nothing can be heard.</summary>
internal sealed class PeerWatch : IAsyncDisposable
{
    private readonly ResourceCache<Lease> _cache;
    private readonly string _own;
    private readonly FleetOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _following;
    private ImmutableDictionary<string, Peer> _peers = ImmutableDictionary<string, Peer>.Empty;

    public PeerWatch(IKubernetesApi api, FleetNames names, GatewayIdentity identity, ApiOptions apiOptions, FleetOptions options, TimeProvider time, ILogger logger)
    {
        (_options, _time, _own) = (options, time, names.Gateway(identity.Replica).Name);
        _cache = new ResourceCache<Lease>(api, Resources.Leases, names.Space, names.Gateways, apiOptions, time, logger);
        _following = FollowAsync();
    }

    /// <summary>Told, from any thread, after a gateway's Lease has changed; null: it is gone.</summary>
    public event Action<string, Peer?>? Changed;

    /// <summary>All that are there, this one included.</summary>
    public ImmutableDictionary<string, Peer> All => _peers;

    public Task SyncedAsync(CancellationToken cancellation) => _cache.SyncedAsync(cancellation);

    public PeersActivity Read(string database)
    {
        Freshness freshness = _cache.Freshness;
        bool isDeaf = freshness.SinceConfirmed is null || freshness.SinceLost > _options.SilenceLimit;
        var sum = default(GatewayActivity);
        List<string> unknown = [];
        foreach (Peer peer in _peers.Values.Where(peer => peer.Name != _own))
        {
            TimeSpan since = _time.GetElapsedTime(peer.HeardAt);
            if (isDeaf || since > _options.SilenceLimit || peer.Activity is null)
            {
                unknown.Add(peer.Name);
            }

            sum = Add(sum, peer.Activity?.GetValueOrDefault(database) ?? default, (long)since.TotalMilliseconds);
        }

        if (isDeaf && unknown.Count == 0)
        {
            unknown.Add("whoever else is there");
        }

        return new PeersActivity(sum, unknown);
    }

    public static Peer Of(Lease lease, long heardAt) => new(
        lease.Metadata.Name, lease.Metadata.ResourceVersion, GatewayNotes.ReadActivity(lease.Metadata.Annotations.GetValueOrDefault(FleetNames.Activity)),
        GatewayNotes.ReadPromises(lease.Metadata.Annotations.GetValueOrDefault(FleetNames.Promises)), heardAt);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _cache.DisposeAsync();
        await _following;
        _end.Dispose();
    }

    /// <param name="since">How long ago it was told: what was quiet has been so since.</param>
    private static GatewayActivity Add(GatewayActivity sum, GatewayActivity one, long since) => new(
        sum.Held + one.Held, sum.Running + one.Running, sum.Transactions + one.Transactions, sum.Pinned + one.Pinned, sum.Open + one.Open, sum.Active + one.Active, sum.Statements + one.Statements,
        Least(sum.QuietMs, one.QuietMs + since),
        sum.Transactions == 0 ? one.TransactionsIdleMs : one.Transactions == 0 ? sum.TransactionsIdleMs : Math.Min(sum.TransactionsIdleMs, one.TransactionsIdleMs),
        sum.Pinned == 0 ? one.PinnedIdleMs : one.Pinned == 0 ? sum.PinnedIdleMs : Math.Min(sum.PinnedIdleMs, one.PinnedIdleMs), sum.LatencyMs + one.LatencyMs);

    private static long? Least(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private async Task FollowAsync()
    {
        try
        {
            await foreach (CacheChange<Lease> change in _cache.ChangesAsync(_end.Token))
            {
                Peer? peer = change.After is { } lease ? Of(lease, _time.GetTimestamp()) : null;
                _peers = peer is null ? _peers.Remove(change.Name.Name) : _peers.SetItem(change.Name.Name, peer);
                Changed?.Invoke(change.Name.Name, peer);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // that is how it ends
        }
    }
}
