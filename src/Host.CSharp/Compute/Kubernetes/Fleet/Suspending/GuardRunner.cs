using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Fence;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>
/// Does what <see cref="GateGuard"/> says for one database: asks the server, moves the gate, promises. Inputs come from any thread, are taken one after the other, and nothing waits within one.
/// </summary>
internal sealed partial class GuardRunner : IDisposable
{
    private readonly string _database;
    private readonly FenceCalls _calls;
    private readonly GatewayLease _lease;
    private readonly GatewayIdentity _identity;
    private readonly IGuardedGate _gate;
    private readonly FleetOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _guard = new();
    private readonly CancellationTokenSource _end = new();
    private readonly ITimer _retry;
    private readonly ITimer _overdue;
    private readonly ITimer _orphan;
    private readonly Func<SuspendIntent, string?> _whyOrphan;
    private GuardState _state;
    private SuspendIntent? _heard;
    private CancellationTokenSource? _asking;
    private CancellationTokenSource? _draining;
    private string _why = "";
    private int _failures;

    /// <param name="database">As the gateways call it among each other.</param>
    /// <param name="whyOrphan">Why nothing comes of an intent any more; null: something may.</param>
    public GuardRunner(string database, FenceCalls calls, GatewayLease lease, GatewayIdentity identity, IGuardedGate gate, Func<SuspendIntent, string?> whyOrphan, FleetOptions options, TimeProvider time, ILogger logger)
    {
        (_database, _calls, _lease, _identity, _gate, _whyOrphan, _options, _time, _logger) = (database, calls, lease, identity, gate, whyOrphan, options, time, logger);
        _retry = TimerOf(() => Tell(new GuardInput(GuardInputKind.Retry)), Timeout.InfiniteTimeSpan);
        _overdue = TimerOf(TellOverdue, Timeout.InfiniteTimeSpan);
        _orphan = TimerOf(LookForOrphan, options.OrphanPeriod);
        lease.MembershipChanged += OnMembership;
        if (lease.IsMember)
        {
            OnMembership(isMember: true);
        }
    }

    public GuardState State
    {
        get
        {
            lock (_guard)
            {
                return _state;
            }
        }
    }

    /// <summary>The StatefulSet was heard of, by a watch or in an answer to somebody else's question.</summary>
    public void Hear(StatefulSet set)
    {
        lock (_guard)
        {
            if (!_end.IsCancellationRequested)
            {
                _heard = SuspendIntent.Of(set);
                Step(new GuardInput(GuardInputKind.Heard, SuspendIntent.View(set)), "");
            }
        }
    }

    /// <param name="why">Why an intent is taken back, if it is.</param>
    public void Tell(GuardInput input, string why = "")
    {
        lock (_guard)
        {
            if (!_end.IsCancellationRequested)
            {
                Step(input, why);
            }
        }
    }

    public void Dispose()
    {
        lock (_guard)
        {
            if (_end.IsCancellationRequested)
            {
                return;
            }

            _lease.MembershipChanged -= OnMembership;
            _lease.Forget(_database, _state.Intent);
            _end.Cancel();
            _retry.Dispose();
            _overdue.Dispose();
            _orphan.Dispose();
            _end.Dispose();
        }
    }

    /// <summary>A timer that has nobody to tell of a failure: it says so, and tries again. What a cluster's object says must not end the process.</summary>
    /// <param name="period">That it goes on at after a failure, as it does without one.</param>
    private ITimer TimerOf(Action elapsed, TimeSpan period)
    {
        ITimer timer = null!;
        timer = _time.CreateTimer(_ =>
        {
            try
            {
                elapsed();
            }
            catch (Exception e)
            {
                LogTimerFailed(e, _database);
                // disposed of it takes no notice
                timer.Change(_options.LongestRetry, period);
            }
        }, state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return timer;
    }

    private void OnMembership(bool isMember) => Tell(
        new GuardInput(isMember ? GuardInputKind.Joined : GuardInputKind.Expelled), isMember ? "" : "this gateway has no Lease any more, so that the others would not wait for what runs here");

    private void TellOverdue()
    {
        lock (_guard)
        {
            Tell(new GuardInput(GuardInputKind.Overdue, Intent: _state.Intent), "its time is over");
        }
    }

    /// <summary>An intent that nobody carries out any more is not waited for: an operator's holds every statement.</summary>
    private void LookForOrphan()
    {
        lock (_guard)
        {
            if (_end.IsCancellationRequested)
            {
                return;
            }

            if (_state.Phase is not (GuardPhase.Draining or GuardPhase.Drained))
            {
                _orphan.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
            else if (_heard is { } intent && intent.Id == _state.Intent && _whyOrphan(intent) is { } why)
            {
                Tell(new GuardInput(GuardInputKind.Overdue, Intent: intent.Id), why);
            }
        }
    }

    private void Step(GuardInput input, string why)
    {
        if (_state.Waits && input.Kind != GuardInputKind.Held && _gate.Held == 0)
        {
            _state = GateGuard.Step(_state, new GuardInput(GuardInputKind.Eased)).State;
        }

        GuardState before = _state;
        (_state, GuardCommands commands) = GateGuard.Step(before, input);
        _why = why.Length > 0 ? why : _state.Waits ? "a statement waits" : _why;
        if (commands != GuardCommands.None)
        {
            LogStepped(_database, input.Kind, before.Phase, _state.Phase, commands);
        }

        Carry(commands);
        if (before.Phase == GuardPhase.Drained && _state.Phase != GuardPhase.Drained)
        {
            _lease.Forget(_database, before.Intent);
        }

        if (_state.Phase is GuardPhase.Draining or GuardPhase.Drained
            && (before.Phase is GuardPhase.Shut or GuardPhase.Open || before.Intent != _state.Intent || (input.Kind == GuardInputKind.Overdue && input.Intent == _state.Intent)))
        {
            TimeSpan drain = _heard is { } intent && intent.Id == _state.Intent ? intent.Terms.Limit : TimeSpan.Zero;
            _overdue.Change(_options.IntentLimit + drain, Timeout.InfiniteTimeSpan);
            _orphan.Change(_options.OrphanPeriod, _options.OrphanPeriod);
        }

        Arrange(input.Kind);
    }

    private void Carry(GuardCommands commands)
    {
        if (commands.HasFlag(GuardCommands.Disown))
        {
            Drop(ref _asking);
        }

        if (commands.HasFlag(GuardCommands.CancelDrain))
        {
            Drop(ref _draining);
        }

        if (commands.HasFlag(GuardCommands.OpenGate))
        {
            _gate.Pass();
        }

        if (commands.HasFlag(GuardCommands.CloseGate))
        {
            _gate.Close(_why);
        }

        if (commands.HasFlag(GuardCommands.Drain))
        {
            _ = DrainAsync(_draining = CancellationTokenSource.CreateLinkedTokenSource(_end.Token));
        }

        if (commands.HasFlag(GuardCommands.Promise))
        {
            _lease.Promise(_database, _state.Intent);
        }

        if ((commands & (GuardCommands.Ask | GuardCommands.Withdraw)) != 0)
        {
            _ = AskAsync(commands.HasFlag(GuardCommands.Withdraw), _asking = CancellationTokenSource.CreateLinkedTokenSource(_end.Token));
        }

        if (commands.HasFlag(GuardCommands.TellGone))
        {
            _gate.TellGone();
        }
    }

    /// <summary>What would be done again is done again in a while, later with each failure.</summary>
    private void Arrange(GuardInputKind after)
    {
        _failures = after switch
        {
            // what fails ahead of need keeps nobody waiting longer
            GuardInputKind.Failed when _state.IsServing || _state.Phase != GuardPhase.Shut => _failures + 1,
            GuardInputKind.Answered => 0,
            _ => _failures,
        };
        if (after is GuardInputKind.Failed or GuardInputKind.Answered or GuardInputKind.Joined or GuardInputKind.Retry && GateGuard.Step(_state, new GuardInput(GuardInputKind.Retry)).Commands != GuardCommands.None)
        {
            TimeSpan pause = _options.FirstRetry * Math.Pow(2, Math.Min(_failures, 10)) * (0.5 + (Random.Shared.NextDouble() / 2));
            _retry.Change(pause < _options.LongestRetry ? pause : _options.LongestRetry, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task AskAsync(bool withdraw, CancellationTokenSource owned)
    {
        try
        {
            string? refusal = withdraw ? $"{_state.Refused} {_identity.Replica}: {_why}" : null;
            // not on the thread of whoever told, which may be an event loop's
            await Task.Yield();
            StatefulSet set = withdraw ? await _calls.WithdrawAsync(refusal, owned.Token) : await _calls.AskAsync(_gate.Held > 0, owned.Token);
            Answer(owned, new GuardInput(GuardInputKind.Answered, SuspendIntent.View(set)), SuspendIntent.Of(set));
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException)
        {
            if (e is ApiException)
            {
                LogNotAnswered(_database, withdraw ? "taken back" : "asked for", e.Message);
            }

            Answer(owned, new GuardInput(GuardInputKind.Failed), null);
        }
    }

    /// <summary>Only what was not disowned meanwhile is an answer.</summary>
    private void Answer(CancellationTokenSource owned, GuardInput input, SuspendIntent? found)
    {
        lock (_guard)
        {
            if (_asking == owned && !_end.IsCancellationRequested)
            {
                _asking = null;
                _heard = found ?? _heard;
                Step(input, "");
            }

            owned.Dispose();
        }
    }

    private async Task DrainAsync(CancellationTokenSource owned)
    {
        string? refused;
        SuspendIntent? intent = _heard;
        CancellationToken cancelled = owned.Token;
        try
        {
            await Task.Yield();
            refused = intent is null
                ? "the intent is not known any more"
                : await _gate.DrainAsync(intent.Terms, intent.By == _identity.Replica, cancelled);
        }
        catch (OperationCanceledException)
        {
            refused = "the drain was taken back";
        }

        lock (_guard)
        {
            if (_draining == owned && !_end.IsCancellationRequested)
            {
                _draining = null;
                Step(new GuardInput(refused is null ? GuardInputKind.DrainEnded : GuardInputKind.DrainRefused), refused ?? "");
            }

            owned.Dispose();
        }
    }

    private static void Drop(ref CancellationTokenSource? source)
    {
        CancellationTokenSource? dropped = source;
        source = null;
        dropped?.Cancel();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: fence: {Input} in {Before}, now {After}: {Commands}")]
    private partial void LogStepped(string database, GuardInputKind input, GuardPhase before, GuardPhase after, GuardCommands commands);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: a step of its gate's guard failed, and it is tried again")]
    private partial void LogTimerFailed(Exception exception, string database);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: whether its gate may open could not be {What}, and is again: {Reason}")]
    private partial void LogNotAnswered(string database, string what, string reason);
}
