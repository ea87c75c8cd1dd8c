using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Members;

/// <summary>Who this gateway is to the others.</summary>
/// <param name="Replica">Its name, that of its pod: a process that starts again has it again.</param>
/// <param name="Identity">This process's own: none other ever has it.</param>
/// <param name="Owner">Its pod, so that the cluster deletes the Lease with it; null: it is in none.</param>
internal sealed record GatewayIdentity(string Replica, string Identity, OwnerReference? Owner)
{
    public static GatewayIdentity New(string replica, OwnerReference? owner) => new(replica, $"{replica}_{Guid.NewGuid():N}", owner);

    /// <summary>The replica that a process is, by its identity.</summary>
    public static string ReplicaOf(string identity) => identity.LastIndexOf('_') is > 0 and var end ? identity[..end] : identity;
}

/// <summary>
/// This gateway's own Lease: that it is there, what its sessions do, and what it has promised. It alone writes it, one write after the other, each on what it wrote before; that another process writes it
/// too is noticed and told.
/// </summary>
internal sealed partial class GatewayLease : IDisposable
{
    private readonly IKubernetesApi _api;
    private readonly ObjectName _name;
    private readonly FleetNames _names;
    private readonly GatewayIdentity _identity;
    private readonly FleetOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wishes = new(0);
    private readonly Func<ImmutableDictionary<string, GatewayActivity>> _activity;
    private ImmutableDictionary<string, Guid> _promises = ImmutableDictionary<string, Guid>.Empty;
    private ImmutableDictionary<string, GatewayActivity> _told = ImmutableDictionary<string, GatewayActivity>.Empty;
    private Lease? _written;
    private volatile bool _isMember;
    private bool _troubled;

    /// <param name="activity">What its sessions do now, by database; what is left out is quiet and has no sessions.</param>
    public GatewayLease(IKubernetesApi api, FleetNames names, GatewayIdentity identity, Func<ImmutableDictionary<string, GatewayActivity>> activity, FleetOptions options, TimeProvider time, ILogger logger)
    {
        (_api, _names, _identity, _activity, _options, _time, _logger) = (api.Within(options.CallLimit), names, identity, activity, options, time, logger);
        _name = names.Gateway(identity.Replica);
    }

    /// <summary>Told with true when the Lease is there and this process's, and with false when it is not any more.</summary>
    public event Action<bool>? MembershipChanged;

    public bool IsMember => _isMember;

    /// <summary>What the others can have read of the database's activity.</summary>
    public GatewayActivity Told(string database) => _told.GetValueOrDefault(database);

    /// <summary>Notes a promise, which is written at once.</summary>
    public void Promise(string database, Guid intent)
    {
        ImmutableInterlocked.AddOrUpdate(ref _promises, database, intent, (_, _) => intent);
        _wishes.Release();
    }

    /// <summary>The gate is not closed for the intent any more. Written with whatever is written next: that a promise stands longer does no harm, since its intent is over.</summary>
    public void Forget(string database, Guid intent) =>
        ImmutableInterlocked.Update(ref _promises, (all, one) => all.TryGetValue(one.database, out Guid promised) && promised == one.intent ? all.Remove(one.database) : all, (database, intent));

    /// <summary>Holds the Lease until the cancellation, and then deletes it: from then on nobody waits for this gateway, whose gates must be closed.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        int failures = 0;
        try
        {
            while (true)
            {
                failures = await WriteAsync(cancellation) ? 0 : failures + 1;
                await WaitAsync(failures, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await LeaveAsync();
        }
    }

    public void Dispose() => _wishes.Dispose();

    /// <summary>Until there is something to tell, or it is time to renew.</summary>
    private async Task WaitAsync(int failures, CancellationToken cancellation)
    {
        if (failures > 0)
        {
            TimeSpan pause = _options.FirstRetry * Math.Pow(2, Math.Min(failures - 1, 10));
            await Task.Delay(pause < _options.LongestRetry ? pause : _options.LongestRetry, _time, cancellation);
            return;
        }

        long began = _time.GetTimestamp();
        while (_time.GetElapsedTime(began) < _options.RenewPeriod)
        {
            if (await _wishes.WaitAsync(_options.ActivityPeriod, cancellation))
            {
                while (_wishes.Wait(0, CancellationToken.None))
                {
                    // one write says all of it
                }

                return;
            }

            if (SaysOther(_activity()))
            {
                return;
            }
        }
    }

    private bool SaysOther(ImmutableDictionary<string, GatewayActivity> now) =>
        now.Any(one => one.Value.SaysOtherThan(_told.GetValueOrDefault(one.Key))) || _told.Any(one => !now.ContainsKey(one.Key) && one.Value.IsBusy);

    /// <returns>The Lease says what is to be said.</returns>
    private async Task<bool> WriteAsync(CancellationToken cancellation)
    {
        try
        {
            if (!_isMember)
            {
                await JoinAsync(cancellation);
            }
            else
            {
                await PutAsync(_written!, cancellation);
            }

            _troubled = false;
            return true;
        }
        catch (ApiException e)
        {
            if (_isMember && e.Failure is ApiFailure.Conflict or ApiFailure.NotFound)
            {
                await LookAsync(cancellation);
            }
            else if (!_troubled && e.Failure != ApiFailure.Conflict)
            {
                _troubled = true;
                if (_isMember)
                {
                    LogTroubled(_name, e.Message);
                }
                else
                {
                    LogNotJoined(_name, e.Message);
                }
            }

            return false;
        }
    }

    /// <summary>Makes the Lease, or takes over the one of the process that had this name before. What that one promised is not promised any more.</summary>
    private async Task JoinAsync(CancellationToken cancellation)
    {
        Interlocked.Exchange(ref _promises, ImmutableDictionary<string, Guid>.Empty);
        if (await _api.FindAsync(Resources.Leases, _name, cancellation) is { } found)
        {
            await PutAsync(found with { Spec = found.Spec with { AcquireTime = _time.GetUtcNow(), LeaseTransitions = (found.Spec.LeaseTransitions ?? 0) + 1 } }, cancellation);
        }
        else
        {
            await PutAsync(new Lease { Spec = new LeaseSpec { AcquireTime = _time.GetUtcNow(), LeaseTransitions = 0 } }, cancellation);
        }

        _isMember = true;
        LogJoined(_name);
        MembershipChanged?.Invoke(true);
    }

    private async Task PutAsync(Lease before, CancellationToken cancellation)
    {
        ImmutableDictionary<string, GatewayActivity> activity = _activity();
        Lease wanted = before with
        {
            Metadata = before.Metadata with
            {
                Name = _name.Name,
                Namespace = _name.Space,
                Labels = With(before.Metadata.Labels, (FleetNames.FleetLabel, _names.Fleet)),
                Annotations = With(before.Metadata.Annotations, (FleetNames.Activity, GatewayNotes.Write(activity)), (FleetNames.Promises, GatewayNotes.Write(_promises))),
                OwnerReferences = _identity.Owner is { } owner ? [owner] : before.Metadata.OwnerReferences,
            },
            Spec = before.Spec with { HolderIdentity = _identity.Identity, LeaseDurationSeconds = (int)_options.SilenceLimit.TotalSeconds, RenewTime = _time.GetUtcNow() },
        };
        _written = before.Metadata.ResourceVersion is null
            ? await _api.CreateAsync(Resources.Leases, _name.Space, wanted, cancellation)
            : await _api.ReplaceAsync(Resources.Leases, wanted, cancellation);
        _told = activity;
    }

    /// <summary>Somebody changed it, or deleted it. While it has this process's identity it is this process's.</summary>
    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            Lease? found = await _api.FindAsync(Resources.Leases, _name, cancellation);
            if (found?.Spec.HolderIdentity == _identity.Identity && found.Metadata.Uid == _written!.Metadata.Uid)
            {
                // our own write, whose answer was lost, or somebody's label
                _written = found;
                _wishes.Release();
                return;
            }

            _isMember = _troubled = false;
            LogExpelled(_name, found is null ? "it was deleted" : $"`{Shown.Of(found.Spec.HolderIdentity ?? "nobody")}` has it");
            MembershipChanged?.Invoke(false);
        }
        catch (ApiException)
        {
            // at the next attempt
        }
    }

    private async Task LeaveAsync()
    {
        if (!_isMember)
        {
            return;
        }

        _isMember = false;
        try
        {
            await _api.DeleteAsync(Resources.Leases, _name, _written!.Metadata.Uid, CancellationToken.None);
        }
        catch (ApiException e)
        {
            LogNotLeft(_name, e.Message);
        }
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> from, params ReadOnlySpan<(string Key, string Value)> added)
    {
        var all = new Dictionary<string, string>(from, StringComparer.Ordinal);
        foreach ((string key, string value) in added)
        {
            all[key] = value;
        }

        return all;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Lease {Lease}: this gateway is one of the fleet")]
    private partial void LogJoined(ObjectName lease);

    [LoggerMessage(Level = LogLevel.Error, Message = "Lease {Lease} is not this gateway's any more: {Reason}. Its gates are closed until it has one again. Does another gateway run under the same name?")]
    private partial void LogExpelled(ObjectName lease, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lease {Lease} cannot be written, and it is tried again: {Reason}. Meanwhile this gateway counts as active, and nothing is suspended")]
    private partial void LogTroubled(ObjectName lease, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lease {Lease} cannot be written, and it is tried again: {Reason}. Until it is there this gateway is none of the fleet: its gates stay closed, statements wait, and the others may suspend without it")]
    private partial void LogNotJoined(ObjectName lease, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lease {Lease} could not be deleted, and until somebody does nothing is suspended: {Reason}")]
    private partial void LogNotLeft(ObjectName lease, string reason);
}
