using System.Threading.Channels;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control.Measuring;

namespace Serverless.Host.Control;

/// <summary>What is found out about the compute without having asked for it.</summary>
internal sealed partial class DatabaseController
{
    private static readonly TimeSpan ObservationPeriod = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AccountsPeriod = TimeSpan.FromSeconds(60);

    /// <summary>A compute that comes up after a sleep answers those who waited for it first.</summary>
    private static readonly TimeSpan MeasuredAfter = TimeSpan.FromSeconds(1);

    /// <summary>Changes come in crowds: a pod that starts is changed several times.</summary>
    private static readonly TimeSpan SettlePeriod = TimeSpan.FromMilliseconds(50);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Counts the times that the compute came up or went down: what was measured or seen before says nothing afterwards.</summary>
    private int _epoch;

    /// <summary>The epoch in which a compute was found that sessions have not been let to; -1: none.</summary>
    private volatile int _unattached = -1;

    /// <summary>Completed while the compute is up; another one from when it goes down.</summary>
    private volatile TaskCompletionSource _up = NotUp();

    /// <summary>What the kernel was told of the machine last.</summary>
    private ComputeSize _capacity;

    /// <summary>A look was put off for the effect that is under way.</summary>
    private volatile bool _looksAfterEffect;

    /// <summary>The truth at the start: an engine that outlived the last gateway is taken over, whatever the kept state says.</summary>
    public async Task FindTruthAsync(CancellationToken cancellation)
    {
        ComputeSize capacity = _parts.Compute.Capacity;
        _capacity = capacity;
        await TellAsync(at => Inputs.Capacity(at, capacity.CpuMillicores, capacity.MemoryBytes));
        ComputeView view = await _parts.Compute.ObserveAsync(cancellation);
        await AskAsync(() => See(view));
        if (view is { State: ComputeState.Serving, Address: { } address })
        {
            _unattached = Volatile.Read(ref _epoch);
            await AttachAsync(address, cancellation);
        }
    }

    /// <summary>Looks at the compute now and then, and when it is told that something changed. Ends with the cancellation.</summary>
    public async Task ObserveAsync(CancellationToken cancellation)
    {
        long accountsRead = _time.GetTimestamp();
        Task<bool> changed = _changes.Reader.WaitToReadAsync(cancellation).AsTask();
        while (true)
        {
            if (await Task.WhenAny(Task.Delay(ObservationPeriod, _time, cancellation), changed) == changed)
            {
                await Task.Delay(SettlePeriod, _time, cancellation);
                _changes.Reader.TryRead(out _);
                changed = _changes.Reader.WaitToReadAsync(cancellation).AsTask();
            }

            cancellation.ThrowIfCancellationRequested();
            int epoch = Volatile.Read(ref _epoch);
            if (_running is not null)
            {
                LookAfterEffect();
                continue;
            }

            try
            {
                ComputeView view = await _parts.Compute.ObserveAsync(cancellation);
                if (await AskAsync(() => LooksAt(epoch) && SeeWithCapacity(view)))
                {
                    _unattached = Volatile.Read(ref _epoch);
                }

                if (view.Address is { } address && _unattached == Volatile.Read(ref _epoch))
                {
                    await AttachAsync(address, cancellation);
                }
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                // what cannot be seen now is looked at again; nobody else would notice that nobody looks
                LogNotObserved(Name, e.Message);
            }

            if (IsUp && _time.GetElapsedTime(accountsRead) >= AccountsPeriod)
            {
                accountsRead = _time.GetTimestamp();
                _parts.Memory.RefreshSoon();
            }
        }
    }

    /// <summary>Measures the compute while it runs, and does nothing while it does not: most of many databases sleep. Ends with the cancellation.</summary>
    public Task MeasureAsync(CancellationToken cancellation) => Task.WhenAll(MeasureAsync(_parts.Usage, cancellation), MeasureAsync(_parts.UserMetrics, cancellation));

    private async Task MeasureAsync(IMeter meter, CancellationToken cancellation)
    {
        (int measured, Policy? of, IReadOnlyList<Metric> metrics) = (-1, null, []);
        while (true)
        {
            if (!IsUp)
            {
                await _up.Task.WaitAsync(cancellation);
                await Task.Delay(MeasuredAfter, _time, cancellation);
                continue;
            }

            int epoch = Volatile.Read(ref _epoch);
            if (epoch != measured)
            {
                meter.Restart();
                measured = epoch;
            }

            ControllerReport report = _report!;
            Policy policy = report.Rules.Policy;
            if (!ReferenceEquals(policy, of))
            {
                (of, metrics) = (policy, meter.Choose(PolicyMetrics.Sampled(policy)));
                // a metric of the same name may be another one now
                meter.Restart();
            }

            try
            {
                ComputeSize allocation = Sizes.ToMachine(Kernel.View(report.State, Now).SizeMcu, policy.Unit);
                await meter.MeasureAsync(metrics, allocation, events => Post(() => Take(events, epoch)), () => epoch == Volatile.Read(ref _epoch), cancellation);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                // a compute that goes down while it is asked has no sample
                LogNotMeasured(Name, e.Message);
            }

            await Task.Delay(meter.Wait(metrics), _time, cancellation);
        }
    }

    private bool IsUp => _report?.Decision.Phase is { IsRunning: true } or { IsResizing: true } or { IsDraining: true };

    private static TaskCompletionSource NotUp() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets those go on who wait for the compute to be up, after the report says that it is.</summary>
    private void TellUp()
    {
        if (IsUp)
        {
            _up.TrySetResult();
        }
        else if (_up.Task.IsCompleted)
        {
            _up = NotUp();
        }
    }

    private void Take(IReadOnlyList<Event> events, int epoch)
    {
        if (epoch != _epoch)
        {
            return;
        }

        foreach (Event one in events)
        {
            Tell(at => new Input(at, one));
        }
    }

    /// <summary>The machine that it is on may be another one by now.</summary>
    private bool SeeWithCapacity(ComputeView view)
    {
        ComputeSize now = _parts.Compute.Capacity;
        if (now != _capacity)
        {
            _capacity = now;
            Tell(at => Inputs.Capacity(at, now.CpuMillicores, now.MemoryBytes));
        }

        return See(view);
    }

    /// <summary>Nothing was begun since it was looked at that it may have seen half of.</summary>
    private bool LooksAt(int epoch)
    {
        if (_running is not null)
        {
            LookAfterEffect();
            return false;
        }

        return epoch == _epoch;
    }

    /// <returns>A compute was found that nobody of us started: sessions can be let to it.</returns>
    private bool See(ComputeView view)
    {
        Phase? before = _decision?.Phase;
        switch (view.State)
        {
            case ComputeState.Serving:
                Tell(at => Inputs.Serves(at, OtherSize(view)));
                return before is null or { IsSuspended: true } or { IsFailed: true } && _decision!.Phase.IsRunning;
            case ComputeState.Starting:
                Lose("the compute is being started by somebody else", before);
                Tell(Inputs.Starting);
                return false;
            default:
                Lose(view.Detail ?? "the compute is gone", before);
                Tell(Inputs.Gone);
                return false;
        }
    }

    private void Lose(string reason, Phase? before)
    {
        if (before is { IsRunning: true })
        {
            _parts.Gateway.Close(reason);
        }
    }

    /// <summary>The size that was found when it is another one than was set; a size of ours comes back to the same scalar only where it divides.</summary>
    private long? OtherSize(ComputeView view)
    {
        ComputeUnit unit = _rules.Policy.Unit;
        return view.Size is { } found && found != Sizes.ToMachine(Kernel.View(_state, Now).SizeMcu, unit) ? Sizes.FromMachine(found, unit) : null;
    }

    /// <summary>Lets sessions to a compute that was found, once clients can be greeted and authenticated; what fails is tried again with the next look.</summary>
    private async Task AttachAsync(Mysql.BackendAddress address, CancellationToken cancellation)
    {
        try
        {
            await _parts.Memory.RefreshAsync(cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            if (!_parts.Memory.IsKnown)
            {
                _parts.Gateway.FailHeld($"the compute runs and could not be used: {e.Message}");
                throw;
            }

            LogNotMeasured(Name, e.Message);
        }

        await AskAsync(() =>
        {
            // it may have gone meanwhile, and a drain has closed the gate for good reason
            if (_unattached == _epoch && _running is not { Effect.IsDoSuspend: true })
            {
                _unattached = -1;
                _parts.Gateway.Open(address);
                LogAttached(Name);
            }

            return true;
        });
    }

    private void OnChanged() => _changes.Writer.TryWrite(true);

    /// <summary>While an effect is under way what is seen may be its doing; what somebody else did meanwhile is seen after it.</summary>
    private void LookAfterEffect()
    {
        _looksAfterEffect = true;
        if (_running is null)
        {
            OnChanged();
        }
    }

    private void OnLost(string reason)
    {
        _parts.Gateway.Close(reason);
        // if it serves again with the next look, without having crashed, sessions are let to it anew
        Post(() => _unattached = _epoch);
    }

    private void OnCrashed(string reason)
    {
        // first of all, so that no session waits for an answer that cannot come
        _parts.Gateway.Close(reason);
        Post(() =>
        {
            LogCrashed(Name, reason);
            _report = _report! with { Crashes = _report.Crashes + 1 };
            Tell(at => Inputs.Crashed(at, reason));
        });
    }

    /// <summary>Notes that the compute came up or went down.</summary>
    private void Follow(Phase phase)
    {
        bool up = phase.IsRunning || phase.IsResizing || phase.IsDraining;
        if (up != IsUp)
        {
            Interlocked.Increment(ref _epoch);
        }
    }
}
