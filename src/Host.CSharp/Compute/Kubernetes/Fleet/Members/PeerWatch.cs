using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Members;

/// <summary>A gateway of the fleet, as last heard of.</summary>
/// <param name="Process">Identity of the process that has the Lease; null: it names none.</param>
/// <param name="Activity">Null: what it says cannot be read.</param>
/// <param name="HeardAt">Timestamp of this process's clock.</param>
internal sealed record Peer(string Name, string? Version, string? Process, IReadOnlyDictionary<string, GatewayActivity>? Activity, IReadOnlyDictionary<string, Guid> Promises, long HeardAt)
{
    /// <summary>The process has written its Lease since this one heard of it first: it lives. What was there before may have been left behind long ago.</summary>
    public bool HasRenewed { get; init; }
}

/// <summary>What the other gateways do with one database, all together.</summary>
/// <param name="Activity">The sum; the shortest of the times.</param>
/// <param name="Unknown">Names of those that were not heard of, and count as active.</param>
/// <param name="Counts">What each has counted since its start, of those that can be read.</param>
internal sealed record PeersActivity(GatewayActivity Activity, IReadOnlyList<string> Unknown, IReadOnlyList<PeerCount> Counts);

/// <param name="Process">That counts: one that starts again begins at nothing.</param>
internal readonly record struct PeerCount(string Process, long Statements, TimeSpan Latency);

/// <summary>Watches the Leases of the gateways. What was not heard of for too long, by this process's clock, is not known, and neither is anything while nothing can be heard.</summary>
internal sealed class PeerWatch : IAsyncDisposable
{
    private readonly ResourceCache<Lease> _cache;
    private readonly FleetNames _names;
    private readonly string _own;
    private readonly FleetOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _following;
    private ImmutableDictionary<string, Peer> _peers = ImmutableDictionary<string, Peer>.Empty;

    public PeerWatch(IKubernetesApi api, FleetNames names, GatewayIdentity identity, ApiOptions apiOptions, FleetOptions options, TimeProvider time, ILogger logger)
    {
        (_names, _options, _time, _own) = (names, options, time, names.Gateway(identity.Replica).Name);
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
        bool isDeaf = IsDeaf;
        var sum = default(GatewayActivity);
        List<string> unknown = [];
        List<PeerCount> counts = [];
        foreach (Peer peer in _peers.Values.Where(peer => peer.Name != _own))
        {
            TimeSpan since = _time.GetElapsedTime(peer.HeardAt);
            if (isDeaf || since > _options.SilenceLimit || peer.Activity is null)
            {
                unknown.Add(peer.Name);
            }

            GatewayActivity told = peer.Activity?.GetValueOrDefault(database) ?? default;
            sum = Add(sum, told, (long)since.TotalMilliseconds);
            if (peer.Activity is not null)
            {
                counts.Add(new PeerCount(peer.Process ?? peer.Name, told.Statements, TimeSpan.FromMilliseconds(told.LatencyMs)));
            }
        }

        unknown.AddRange(Unreadable.Where(name => !unknown.Contains(name, StringComparer.Ordinal)));
        if (isDeaf && unknown.Count == 0)
        {
            unknown.Add("whoever else is there");
        }

        return new PeersActivity(sum, unknown, counts);
    }

    /// <summary>All that are there, with how long ago each was heard of.</summary>
    public IReadOnlyList<(string Replica, bool IsOwn, TimeSpan Since, bool IsKnown)> ReadAll()
    {
        bool isDeaf = IsDeaf;
        return
        [
            .. Unreadable.Where(name => !_peers.ContainsKey(name)).Select(name => (_names.ReplicaOf(name), false, TimeSpan.Zero, false)),
            .. _peers.Values.OrderBy(peer => peer.Name, StringComparer.Ordinal).Select(peer =>
            {
                TimeSpan since = _time.GetElapsedTime(peer.HeardAt);
                return (_names.ReplicaOf(peer.Name), peer.Name == _own, since, !isDeaf && since <= _options.SilenceLimit && peer.Activity is not null && !_cache.Snapshot.Unreadable.Keys.Any(one => one.Name == peer.Name));
            }),
        ];
    }

    /// <summary>Why nothing comes any more of what a process of that gateway began, in words; null: it is there, or that is not known.</summary>
    public string? WhyGone(string replica, string? process) => IsDeaf ? null
        : !_peers.TryGetValue(_names.Gateway(replica).Name, out Peer? peer) ? $"gateway {Shown.Of(replica)}, which intended it, is gone"
        : process is not null && peer.Process != process ? $"gateway {Shown.Of(replica)}, which intended it, was started anew"
        : _time.GetElapsedTime(peer.HeardAt) > _options.SilenceLimit ? $"gateway {Shown.Of(replica)}, which intended it, is not heard of any more"
        : null;

    /// <summary>That process of that gateway has been heard of since this one watches, and lately.</summary>
    public bool IsAlive(string replica, string process) =>
        !IsDeaf && _peers.TryGetValue(_names.Gateway(replica).Name, out Peer? peer) && peer.Process == process && peer.HasRenewed && _time.GetElapsedTime(peer.HeardAt) <= _options.SilenceLimit;

    public static Peer Of(Lease lease, long heardAt) => new(
        lease.Metadata.Name, lease.Metadata.ResourceVersion, lease.Spec.HolderIdentity is { Length: > 0 } holder ? holder : null, GatewayNotes.ReadActivity(lease.Metadata.Annotations.GetValueOrDefault(FleetNames.Activity)),
        GatewayNotes.ReadPromises(lease.Metadata.Annotations.GetValueOrDefault(FleetNames.Promises)), heardAt);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _cache.DisposeAsync();
        await _following;
        _end.Dispose();
    }

    /// <summary>Leases of others that are there, and say what no gateway of this version can read: who is not understood counts as active.</summary>
    private IEnumerable<string> Unreadable => _cache.Snapshot.Unreadable.Keys.Select(one => one.Name).Where(name => name != _own);

    /// <summary>Nothing was heard for too long, whatever there is to hear.</summary>
    private bool IsDeaf => _cache.Freshness is var freshness && (freshness.SinceConfirmed is null || freshness.SinceLost > _options.SilenceLimit);

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
                if (peer is not null && _peers.TryGetValue(peer.Name, out Peer? before))
                {
                    peer = peer with { HasRenewed = before.Process == peer.Process && (before.HasRenewed || before.Version != peer.Version) };
                }

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
