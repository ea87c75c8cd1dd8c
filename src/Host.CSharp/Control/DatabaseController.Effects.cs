using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Control.Measuring;

namespace Serverless.Host.Control;

internal sealed partial class DatabaseController
{
    /// <summary>Cancelled when the host ends and shall not take its time: from then on computes are stopped quickly.</summary>
    private readonly CancellationTokenSource _hurried = new();

    private RunningEffect? _running;

    /// <summary>What has ended, and is told to the kernel with the step that is being made.</summary>
    private (RunningEffect Run, EffectEnd End)? _ended;

    private volatile bool _stopping;

    /// <summary>Begins an effect on this thread: nothing stands between a held statement and the start of its compute.</summary>
    private void Begin(Effect effect, long revision)
    {
        if (_stopping && !(effect.IsDoSuspend && _parts.Compute.EndsWithGateway))
        {
            return;
        }

        if (!effect.IsDoResume && (_parts.Shadow ? "shadow mode: decided, and not carried out" : WhyNotLeading) is { } why)
        {
            var withheld = new RunningEffect(effect, revision, _time.GetTimestamp(), _time.GetUtcNow());
            Post(() => Ended(withheld, EffectEnd.Withheld(why)));
            return;
        }

        long asked = effect.IsDoResume && Volatile.Read(ref _heldAt) is not 0 and var held ? held : _time.GetTimestamp();
        Volatile.Write(ref _heldAt, 0);
        Task previous = _running?.Done ?? Task.CompletedTask;
        var run = new RunningEffect(effect, revision, asked, _time.GetUtcNow());
        _running = run;
        _report = _report! with { LastEffect = new EffectReport(run.Name, run.Begun, "underway", Reason: null) };
        run.Done = CarryOutAsync(run, previous);
    }

    /// <summary>Never throws: whatever happens is how it ended.</summary>
    private async Task CarryOutAsync(RunningEffect run, Task previous)
    {
        EffectEnd end;
        try
        {
            await previous;
            end = run.Revision == Volatile.Read(ref _revision) ? await DispatchAsync(run) : Stale(run);
        }
        catch (OperationCanceledException) when (run.Cancelled.IsCancellationRequested)
        {
            // at the end of the host the plan still stands, and the kernel must hear that nothing came of it
            end = _stopping && run.Effect.IsDoResume ? EffectEnd.Failed("the gateway ends") : EffectEnd.Cancelled;
        }
        catch (Exception e)
        {
            LogEffectThrew(e, Name, run.Name);
            end = EffectEnd.Failed(e.Message);
        }

        Post(() => Ended(run, end));
    }

    private Task<EffectEnd> DispatchAsync(RunningEffect run) => run.Effect switch
    {
        Effect.DoResume resume => _parts.Runner.ResumeAsync(Sizes.ToMachine(resume.size, _rules.Policy.Unit), run.Asked, run.Cancelled),
        Effect.DoResize resize => _parts.Runner.ResizeAsync(Sizes.ToMachine(resize.size, _rules.Policy.Unit), run.Cancelled),
        Effect.DoSuspend suspend => _parts.Runner.SuspendAsync(suspend.Item, () => DrainedAsync(run), run.Cancelled, _hurried.Token),
        _ => throw new InvalidOperationException($"nobody carries out {run.Effect}"),
    };

    /// <summary>The plan is not the kernel's any more.</summary>
    private EffectEnd Stale(RunningEffect run)
    {
        LogStale(Name, run.Name, run.Revision, Volatile.Read(ref _revision));
        return EffectEnd.Cancelled;
    }

    /// <summary>The kernel's word before the point of no return.</summary>
    private Task<bool> DrainedAsync(RunningEffect run) => AskAsync(() =>
    {
        Decision decision = Tell(at => Inputs.Outcome(at, run.Revision, Outcome.Drained));
        return decision.Phase.IsSuspending && decision.Revision == run.Revision;
    });

    private void CancelStale(long revision)
    {
        if (_running is { } run && run.Revision != revision)
        {
            run.Cancel();
        }
    }

    private void Ended(RunningEffect run, EffectEnd end)
    {
        if (_running == run)
        {
            _running = null;
            if (_looksAfterEffect)
            {
                _looksAfterEffect = false;
                OnChanged();
            }
        }

        LogEnded(Name, run.Name, end.Word, end.Reason is null ? "" : ": " + end.Reason);
        run.Dispose();
        if (end.Outcome is not { } outcome)
        {
            _report = Count(_report!, run, end);
            return;
        }

        Tell(at =>
        {
            // shown together with what the kernel makes of it, and not a moment before
            _ended = (run, end);
            return Inputs.Outcome(at, run.Revision, outcome);
        });
    }

    private ControllerReport Count(ControllerReport report, RunningEffect run, EffectEnd end) => report with
    {
        // Another may have begun with what was told before this end.
        LastEffect = _running is null || _running == run ? new EffectReport(run.Name, _time.GetUtcNow(), end.Word, end.Reason) : report.LastEffect,
        LastResume = end.Resume ?? report.LastResume,
        Starts = report.Starts + (end.Resume is null ? 0 : 1),
        Stops = report.Stops + (run.Effect.IsDoSuspend && end.Word == "succeeded" ? 1 : 0),
        Resizes = report.Resizes + (run.Effect.IsDoResize && end.Word == "succeeded" ? 1 : 0),
        Refusals = report.Refusals + (end.Word == "refused" ? 1 : 0),
        FailedEffects = report.FailedEffects + (end.Word is "failed" or "infeasible" ? 1 : 0),
    };
}
