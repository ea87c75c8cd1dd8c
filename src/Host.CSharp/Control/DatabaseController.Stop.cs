using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>The end of the host: the compute is left stopped and clean, whatever the rules say.</summary>
internal sealed partial class DatabaseController
{
    private const string EndOfGateway = "the end of the gateway";

    /// <param name="drainLimit">How long sessions may take to end what they are at.</param>
    /// <param name="hurry">Cancelled when it shall take no longer than it must.</param>
    public async Task StopAsync(TimeSpan drainLimit, CancellationToken hurry)
    {
        await using CancellationTokenRegistration hurried = hurry.Register(_hurried.Cancel);
        if (!_parts.Compute.EndsWithGateway)
        {
            await LeaveAsync(drainLimit, hurry);
            return;
        }

        await AskAsync(() =>
        {
            _stopping = true;
            if (_running is { Effect.IsDoResume: true } unwanted)
            {
                // nobody waits for it any more, and a recovery may take minutes
                unwanted.Cancel();
            }

            return true;
        });
        await EndOfEffectAsync(hurry);
        if (!hurry.IsCancellationRequested)
        {
            await TellAsync(at => Inputs.Suspend(at, EndOfGateway));
            await EndOfEffectAsync(hurry);
        }

        ComputeView view = await _parts.Compute.ObserveAsync(CancellationToken.None);
        if (view.State != ComputeState.Gone)
        {
            await ForceAsync(drainLimit, hurry);
        }
    }

    /// <summary>The compute is left as it is. A stop that is past its point of no return is seen to its end, and so is a resize; all else is broken off.</summary>
    private async Task LeaveAsync(TimeSpan drainLimit, CancellationToken hurry)
    {
        await AskAsync(() =>
        {
            _stopping = true;
            if (_running is { Effect.IsDoResize: false } unwanted)
            {
                unwanted.Cancel();
            }

            return true;
        });
        await EndOfEffectAsync(hurry);
        ComputeView view = await _parts.Compute.ObserveAsync(CancellationToken.None);
        if (view.State == ComputeState.Serving)
        {
            await DrainAsync(drainLimit, hurry);
        }

        _parts.Gateway.Close("the gateway shuts down");
        LogLeft(Name, view.Detail ?? view.State.ToString());
    }

    private async Task EndOfEffectAsync(CancellationToken hurry)
    {
        if (await AskAsync(() => _running) is { } running)
        {
            await using CancellationTokenRegistration hurried = hurry.Register(() => Post(() =>
            {
                if (_running == running)
                {
                    running.Cancel();
                }
            }));
            await running.Done;
            // what came of it was told to the kernel before this
            await AskAsync(() => true);
        }
    }

    /// <summary>What stood in the way of an orderly suspend does not stand in the way of the end.</summary>
    private async Task ForceAsync(TimeSpan drainLimit, CancellationToken hurry)
    {
        await DrainAsync(drainLimit, hurry);
        _parts.Gateway.Close("the gateway shuts down");
        EffectResult result = await _parts.Runner.StopComputeAsync(hurry);
        switch (result)
        {
            case EffectResult.Done:
                await TellAsync(Inputs.Gone);
                break;
            case EffectResult.Infeasible left:
                LogLeft(Name, left.Reason);
                break;
            case EffectResult.Failed failed:
                LogNotStopped(Name, failed.Reason);
                break;
            case EffectResult.Deferred deferred:
                LogNotStopped(Name, deferred.Reason);
                break;
        }
    }

    private async Task DrainAsync(TimeSpan limit, CancellationToken hurry)
    {
        try
        {
            DrainResult drained = await _parts.Gateway.DrainAsync(new DrainRequest(ByOperator: true, BreakTransactionsIdle: null, BreakPinnedIdle: null, limit), hurry);
            if (drained.Refused is { } refused)
            {
                LogBroken(Name, refused);
            }

            await _parts.Memory.RefreshAsync(hurry);
        }
        catch (Exception e)
        {
            // the end is not put off for it
            LogBroken(Name, e.Message);
        }
    }
}
