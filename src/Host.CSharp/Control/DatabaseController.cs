using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Policies;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>
/// One database's loop: everything that happens becomes an input of the kernel, one at a time; the effect it answers with is carried out, and
/// how that ended is an input again. There is no decision about scaling here.
/// </summary>
internal sealed partial class DatabaseController : IDisposable
{
    /// <summary>The gateway does not tell when a statement ends: its activity is looked at this often.</summary>
    private static readonly TimeSpan ActivityPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Milliseconds that a clock may be set back without a word: time services do so.</summary>
    private const long ClockHair = 1_000;

    /// <summary>What is to be done, and what instead where nobody does it any more.</summary>
    private readonly Channel<(Action Do, Action? Abandon)> _inbox = Channel.CreateUnbounded<(Action Do, Action? Abandon)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly DecisionHistory _history = new();
    private readonly ActivityComposer _composer;
    private readonly ControllerParts _parts;
    private readonly ILogger<DatabaseController> _logger;
    private readonly TimeProvider _time;
    private readonly KernelClock _clock;
    private readonly ITimer _timer;
    private readonly Action _onHeld;
    private readonly Action _onTimer;
    private bool _clockIsBack;
    private int _heldPosted;
    private long _heldAt;

    private State _state;
    private PolicySource _rules;
    private PolicySource _rulesOfState;
    private Decision? _decision;
    private Activity? _told;
    private string? _refusing;
    private long _revision;
    private volatile ControllerReport? _report;

    public DatabaseController(ControllerParts parts, PolicySource rules, State state, ILogger<DatabaseController> logger)
    {
        (_parts, _rules, _rulesOfState, _state, _logger, _time) = (parts, rules, rules, state, logger, parts.Time);
        _clock = new KernelClock(_time);
        _composer = new ActivityComposer(_time);
        _onHeld = LookAtHeld;
        _onTimer = () => Tell(Inputs.Tick);
        _timer = _time.CreateTimer(_ => Post(_onTimer), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public string Name => _parts.Gateway.Name;

    public bool IsShadow => _parts.Shadow;

    /// <summary>As of the last step; null before the first one.</summary>
    public ControllerReport? Report => _report;

    public DecisionHistory History => _history;

    /// <summary>The kernel's time, in milliseconds of Unix time: what the state and the decisions are to be seen by, and mostly what the machine's clock shows.</summary>
    public long Now => _clock.Now;

    /// <summary>Handles one thing after another until the cancellation. Who asks afterwards, or was not answered by then, is told that nobody answers.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _parts.Gateway.StatementHeld += OnStatementHeld;
        _parts.Compute.Lost += OnLost;
        _parts.Compute.Crashed += OnCrashed;
        _parts.Compute.Changed += OnChanged;
        try
        {
            while (await _inbox.Reader.WaitToReadAsync(cancellation))
            {
                while (_inbox.Reader.TryRead(out (Action Do, Action? Abandon) next))
                {
                    Handle(next.Do);
                }
            }
        }
        finally
        {
            _parts.Gateway.StatementHeld -= OnStatementHeld;
            _parts.Compute.Lost -= OnLost;
            _parts.Compute.Crashed -= OnCrashed;
            _parts.Compute.Changed -= OnChanged;
            _inbox.Writer.TryComplete();
            while (_inbox.Reader.TryRead(out (Action Do, Action? Abandon) left))
            {
                left.Abandon?.Invoke();
            }
        }
    }

    /// <summary>Tells the kernel something now, from any thread.</summary>
    /// <param name="input">Makes the input of the time it is told at.</param>
    /// <exception cref="ControlEndedException">Nobody hears it any more.</exception>
    public Task<Decision> TellAsync(Func<long, Input> input) => AskAsync(() => Tell(input));

    /// <summary>Puts another policy in force.</summary>
    public void UseRules(PolicySource rules) => Post(() =>
    {
        _rules = rules;
        Tell(Inputs.PolicyChanged);
    });

    public void Dispose()
    {
        _inbox.Writer.TryComplete();
        _timer.Dispose();
        _hurried.Dispose();
    }

    private void Post(Action action) => _inbox.Writer.TryWrite((action, null));

    private Task<T> AskAsync<T>(Func<T> ask)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Ask()
        {
            try
            {
                answer.SetResult(ask());
            }
            catch (Exception e)
            {
                answer.SetException(e);
                throw;
            }
        }

        void Abandon() => answer.SetException(new ControlEndedException(Name));

        if (!_inbox.Writer.TryWrite((Ask, Abandon)))
        {
            Abandon();
        }

        return answer.Task;
    }

    private void Handle(Action next)
    {
        try
        {
            next();
        }
        catch (Exception e)
        {
            // one input that cannot be handled must not end the control of the database
            LogStepFailed(e, Name);
            // it may have failed before the next look was arranged for
            Schedule(long.MaxValue);
        }
    }

    private void OnStatementHeld()
    {
        if (Interlocked.Exchange(ref _heldPosted, 1) == 0)
        {
            Volatile.Write(ref _heldAt, _time.GetTimestamp());
            Post(_onHeld);
        }
    }

    private void LookAtHeld()
    {
        Volatile.Write(ref _heldPosted, 0);
        Tell(Inputs.Tick);
    }

    /// <summary>One input, after the activity as it is at the same moment.</summary>
    private Decision Tell(Func<long, Input> input)
    {
        (long at, long ahead) = _clock.Read();
        NoteClock(ahead);
        Activity activity = _composer.Compose(_parts.Gateway.Read(), at, ahead);
        if (_told is null || !activity.Equals(_told))
        {
            _told = activity;
            Step(Inputs.ActivityChanged(at, activity));
        }

        return Step(input(at));
    }

    private void NoteClock(long ahead)
    {
        bool isBack = ahead >= (_clockIsBack ? 1 : ClockHair);
        if (isBack == _clockIsBack)
        {
            return;
        }

        _clockIsBack = isBack;
        if (isBack)
        {
            LogClockIsBack(Name, TimeSpan.FromMilliseconds(ahead));
        }
        else
        {
            LogClockIsCaughtUp(Name);
        }
    }

    private Decision Step(Input input)
    {
        State before = _state;
        (State next, Decision decision) = Kernel.Step(_rules.Policy, before, input);
        bool changed = !ReferenceEquals(before, next) || decision.Effect.IsSome;
        if (changed)
        {
            _parts.Audit.Add(new AuditEntry(before, _rulesOfState, _rules, input, decision, _stateIsNew));
            (_rulesOfState, _stateIsNew) = (_rules, false);
        }

        bool urgent = decision.Revision != _decision?.Revision || !decision.Phase.Equals(_decision.Phase) || input.Event is Event.Commanded;
        Follow(decision.Phase);
        (_state, _decision) = (next, decision);
        _clock.Reach(decision.At);
        if (changed)
        {
            Keep(urgent);
        }

        Volatile.Write(ref _revision, decision.Revision);
        Tell(decision);
        Publish();
        Refuse(decision.RefuseHeld?.Value);
        CancelStale(decision.Revision);
        if (decision.Effect.IsSome)
        {
            Begin(decision.Effect.Value, decision.Revision);
        }

        Schedule(decision.NextCheck);
        return decision;
    }

    private void Tell(Decision decision)
    {
        if (_history.Note(_rules.Policy, decision) is { } text)
        {
            if (decision.Effect.IsSome || !decision.Reasons.IsEmpty)
            {
                LogDecided(Name, text);
            }
            else
            {
                LogNoted(Name, text);
            }
        }
    }

    private void Publish()
    {
        ControllerReport report = _report ?? new ControllerReport(_state, _decision!, _rules);
        if (_ended is { } ended)
        {
            _ended = null;
            report = Count(report, ended.Run, ended.End);
        }

        _report = report with { State = _state, Decision = _decision!, Rules = _rules };
        TellUp();
    }

    private void Refuse(string? reason)
    {
        if (reason == _refusing)
        {
            return;
        }

        _refusing = reason;
        if (reason is null)
        {
            _parts.Gateway.AllowHolding();
        }
        else
        {
            _parts.Gateway.RefuseHeld(reason);
        }
    }

    private void Schedule(long nextCheck)
    {
        long wait = Math.Clamp(nextCheck - Now, 1, (long)ActivityPeriod.TotalMilliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }
}
