using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Election;

/// <summary>
/// Stands for election by a Lease for as long as it runs: it leads, loses the lead and leads again as often as that happens. By its own clock it steps down before another may take over, whatever the
/// server says or does not say meanwhile.
/// </summary>
internal sealed partial class LeaderElection : IDisposable
{
    private readonly IKubernetesApi _api;
    private readonly ObjectName _name;
    private readonly string _identity;
    private readonly ElectionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _epoch;
    private readonly Lock _guard = new();
    private readonly ITimer _stepDown;
    private LeaseClaim _claim;
    private TimeSpan _leadsUntil = TimeSpan.MinValue;
    private Leadership _told;
    private bool _troubled;

    /// <param name="identity">Of this process alone: another one never has the same.</param>
    public LeaderElection(IKubernetesApi api, ObjectName name, string identity, ElectionOptions options, TimeProvider time, ILogger logger)
    {
        if (options.RenewDeadline >= options.LeaseDuration || options.CallLimit > options.RenewDeadline)
        {
            throw new ArgumentException($"a leader must step down ({options.RenewDeadline}) before others take over ({options.LeaseDuration}), and after a call can have failed ({options.CallLimit})", nameof(options));
        }

        (_api, _name, _identity, _options, _time, _logger) = (api.Within(options.CallLimit), name, identity, options, time, logger);
        _epoch = time.GetTimestamp();
        _stepDown = time.CreateTimer(_ => Tell(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Told, from any thread, after <see cref="Current"/> has changed.</summary>
    public event Action<Leadership>? Changed;

    public Leadership Current
    {
        get
        {
            lock (_guard)
            {
                Lease? lease = _claim.Observed;
                return new Leadership(Now < _leadsUntil, lease?.Spec.HolderIdentity is { Length: > 0 } holder ? holder : null, lease?.Spec.LeaseTransitions ?? 0, lease?.Metadata.Uid);
            }
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(_epoch);

    /// <summary>Runs until the cancellation, and then gives the lead up, so that another has it at once.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                bool leads = await TryAsync(cancellation);
                Tell();
                await Task.Delay(leads ? _options.RetryPeriod : _options.RetryPeriod * (1 + (Random.Shared.NextDouble() / 5)), _time, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await ReleaseAsync();
        }
    }

    public void Dispose() => _stepDown.Dispose();

    /// <returns>It has the Lease.</returns>
    private async Task<bool> TryAsync(CancellationToken cancellation)
    {
        try
        {
            if (!_claim.IsHeldBy(_identity) && await _api.FindAsync(Resources.Leases, _name, cancellation) is { } found)
            {
                See(found);
            }

            return _claim.HeldFor(_identity, Now, _options) == TimeSpan.Zero && await WriteAsync(cancellation);
        }
        catch (ApiException e)
        {
            await MendAsync(e, cancellation);
            return false;
        }
    }

    private async Task<bool> WriteAsync(CancellationToken cancellation)
    {
        // It counts from when it was sent: it may have been carried out at once, and others count from then.
        TimeSpan sent = Now;
        Lease wanted = _claim.Taken(_identity, _time.GetUtcNow(), _options);
        Lease written = _claim.Observed is null
            ? await _api.CreateAsync(Resources.Leases, _name.Space, wanted with { Metadata = new ObjectMeta { Name = _name.Name, Namespace = _name.Space } }, cancellation)
            : await _api.ReplaceAsync(Resources.Leases, wanted, cancellation);
        lock (_guard)
        {
            _claim = _claim.See(written, Now);
            _leadsUntil = sent + _options.RenewDeadline;
            TimeSpan left = _leadsUntil - Now;
            _stepDown.Change(left > TimeSpan.Zero ? left + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        _troubled = false;
        return true;
    }

    /// <summary>What was written by others, or went away, is read before the next attempt; that a leader cannot renew does not make it step down before its time.</summary>
    private async Task MendAsync(ApiException failure, CancellationToken cancellation)
    {
        if (failure.Failure is not (ApiFailure.Conflict or ApiFailure.AlreadyExists or ApiFailure.NotFound))
        {
            if (!_troubled)
            {
                _troubled = true;
                LogTroubled(_name, failure.Message);
            }

            return;
        }

        try
        {
            if (await _api.FindAsync(Resources.Leases, _name, cancellation) is { } found)
            {
                See(found);
            }
            else
            {
                lock (_guard)
                {
                    // deleted by somebody: whoever makes it anew leads
                    (_claim, _leadsUntil) = (default, TimeSpan.MinValue);
                }
            }
        }
        catch (ApiException)
        {
            // at the next attempt
        }
    }

    private void See(Lease found)
    {
        lock (_guard)
        {
            _claim = _claim.See(found, Now);
            if (!_claim.IsHeldBy(_identity))
            {
                _leadsUntil = TimeSpan.MinValue;
            }
        }
    }

    private void Tell()
    {
        Leadership now = Current;
        lock (_guard)
        {
            if (now == _told)
            {
                return;
            }

            if (now.IsHere != _told.IsHere)
            {
                LogLed(_name, now.IsHere ? "this gateway leads" : "this gateway leads no more", now.Term);
            }

            _told = now;
        }

        Changed?.Invoke(now);
    }

    private async Task ReleaseAsync()
    {
        bool isOurs;
        lock (_guard)
        {
            isOurs = _claim.IsHeldBy(_identity);
            _leadsUntil = TimeSpan.MinValue;
        }

        Tell();
        if (!isOurs)
        {
            return;
        }

        try
        {
            await _api.ReplaceAsync(Resources.Leases, _claim.Released(_time.GetUtcNow()), CancellationToken.None);
        }
        catch (ApiException e)
        {
            // others take over once its time is over
            LogTroubled(_name, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Lease {Lease}: {What}, in term {Term}")]
    private partial void LogLed(ObjectName lease, string what, int term);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lease {Lease}: the election goes on, and meanwhile it cannot be read or written: {Reason}")]
    private partial void LogTroubled(ObjectName lease, string reason);
}
