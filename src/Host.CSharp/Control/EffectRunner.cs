using System.Globalization;
using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>
/// Carries out one effect: the order of steps between gateway and compute that keeps clients whole. It decides nothing; a failure of any
/// kind is an outcome.
/// </summary>
internal sealed partial class EffectRunner(
    IGatewayDatabase gateway, ICompute compute, EngineMemoryKeeper memory, TimeSpan drainLimit, TimeProvider time, ILogger<EffectRunner> logger)
{
    private static readonly TimeSpan GuardLimit = TimeSpan.FromSeconds(10);

    /// <param name="drained">Tells the kernel that all is drained; true: it wants to go on, false: it took the suspend back.</param>
    /// <param name="hurry">Cancelled when the stop of the compute, once begun, shall take no longer than it must.</param>
    public async Task<EffectEnd> SuspendAsync(Drain drain, Func<Task<bool>> drained, CancellationToken cancelled, CancellationToken hurry)
    {
        var request = new DrainRequest(drain.ByOperator, Milliseconds(drain.Breaking.Transactions?.Value), Milliseconds(drain.Breaking.PinnedSessions?.Value), drainLimit);
        if (await WhyNotStopAsync(cancelled) is { } hindrance)
        {
            return cancelled.IsCancellationRequested ? EffectEnd.Cancelled : EffectEnd.Refused(hindrance);
        }

        bool goesOn = false;
        try
        {
            DrainResult result = await gateway.DrainAsync(request, cancelled);
            if (result.Refused is { } refused)
            {
                return cancelled.IsCancellationRequested ? EffectEnd.Cancelled : EffectEnd.Refused(refused);
            }

            if (await FindForeignWorkAsync(cancelled) is { } foreign)
            {
                return EffectEnd.Refused(foreign);
            }

            await RememberAsync(cancelled);
            goesOn = await drained();
            if (!goesOn)
            {
                return EffectEnd.Cancelled;
            }
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            return EffectEnd.Cancelled;
        }
        finally
        {
            if (!goesOn)
            {
                gateway.Reopen();
            }
        }

        return await StopAsync(hurry);
    }

    /// <summary>Stops the compute in order; from the cancellation on as quickly as can be.</summary>
    public async Task<EffectResult> StopComputeAsync(CancellationToken hurry)
    {
        if (!hurry.IsCancellationRequested)
        {
            try
            {
                return await compute.StopAsync(hurry: false, hurry);
            }
            catch (OperationCanceledException) when (hurry.IsCancellationRequested)
            {
                // then once more, and quickly
            }
        }

        return await compute.StopAsync(hurry: true, CancellationToken.None);
    }

    /// <summary>Past the point of no return. An engine that could not be stopped serves on.</summary>
    private async Task<EffectEnd> StopAsync(CancellationToken hurry)
    {
        EffectEnd end = ToEnd(await StopComputeAsync(hurry));
        if (end.Outcome is { IsSucceeded: true })
        {
            gateway.Close("the database sleeps");
        }
        else
        {
            await ReopenIfServingAsync(end.Reason ?? end.Word);
        }

        return end;
    }

    /// <param name="asked">Timestamp of what asked for it.</param>
    public async Task<EffectEnd> ResumeAsync(ComputeSize size, long asked, CancellationToken cancelled)
    {
        long begun = time.GetTimestamp();
        EffectResult result = await compute.StartAsync(size, cancelled);
        if (result is not EffectResult.Done done)
        {
            EffectEnd end = ToEnd(result);
            gateway.FailHeld($"the compute could not be started: {end.Reason}");
            return end;
        }

        long started = time.GetTimestamp();
        try
        {
            bool known = memory.IsKnown;
            if (!known)
            {
                await memory.RefreshAsync(cancelled);
            }

            ComputeView view = await compute.ObserveAsync(cancelled);
            if (view.Address is null)
            {
                return await UnusableAsync(view.Detail ?? $"it is {view.State}");
            }

            long connected = time.GetTimestamp();
            gateway.Open(view.Address);
            long opened = time.GetTimestamp();
            if (known)
            {
                // Nobody could change accounts while it slept, so clients need not wait for them to be read again.
                memory.RefreshSoon();
            }

            var phases = new Dictionary<string, double>(StringComparer.Ordinal)
            {
                ["decide"] = Ms(asked, begun),
                ["start"] = Ms(begun, started),
                ["connect"] = Ms(started, connected),
                ["restore"] = await RestoredAsync(opened),
            };
            foreach ((string phase, double took) in done.PhasesMs)
            {
                phases["start." + phase] = Math.Round(took, 2);
            }

            return EffectEnd.Succeeded(new ResumeTimes(time.GetUtcNow(), Ms(asked, time.GetTimestamp()), phases));
        }
        catch (Exception e) when (e is not OperationCanceledException || cancelled.IsCancellationRequested)
        {
            return await UnusableAsync(e.Message);
        }
    }

    /// <summary>
    /// It started, and clients cannot be let to it. One of the gateway's own is stopped again, so that what is told is true. Any other is left: it may have been there before, with clients of its own, and
    /// nobody asked whether it may be stopped. The next look finds it.
    /// </summary>
    private async Task<EffectEnd> UnusableAsync(string why)
    {
        string reason = $"the compute started and could not be used: {why}";
        gateway.FailHeld(reason);
        if (compute.EndsWithGateway)
        {
            await compute.StopAsync(hurry: true, CancellationToken.None);
        }

        return EffectEnd.Failed(reason);
    }

    public async Task<EffectEnd> ResizeAsync(ComputeSize size, CancellationToken cancelled) => ToEnd(await compute.ResizeAsync(size, cancelled));

    private Task<string?> WhyNotStopAsync(CancellationToken cancelled) => AskAsync(compute.WhyNotStopAsync, "whether it may be stopped", cancelled);

    private Task<string?> FindForeignWorkAsync(CancellationToken cancelled) => AskAsync(compute.FindForeignWorkAsync, "whether others use it", cancelled);

    private static async Task<string?> AskAsync(Func<CancellationToken, ValueTask<string?>> ask, string what, CancellationToken cancelled)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        limit.CancelAfter(GuardLimit);
        try
        {
            return await ask(limit.Token);
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the compute did not say within {GuardLimit.TotalSeconds} s {what}");
        }
    }

    /// <summary>Accounts and profile as they are last: while it sleeps they are what clients are let in by. What is known already does when they cannot be read.</summary>
    private async Task RememberAsync(CancellationToken cancelled)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        limit.CancelAfter(GuardLimit);
        try
        {
            await memory.RefreshAsync(limit.Token);
        }
        catch (Exception e) when (!cancelled.IsCancellationRequested)
        {
            LogAccountsNotRead(gateway.Name, e.Message);
        }
    }

    private async Task ReopenIfServingAsync(string reason)
    {
        ComputeView view = await compute.ObserveAsync(CancellationToken.None);
        if (view is { State: ComputeState.Serving, Address: { } address })
        {
            gateway.Open(address);
        }
        else
        {
            gateway.Close(reason);
        }
    }

    /// <summary>How long the statements that were held took to be sent on; a look each millisecond, for a second at most.</summary>
    private async Task<double> RestoredAsync(long opened)
    {
        while (gateway.Read().Held > 0 && time.GetElapsedTime(opened) < TimeSpan.FromSeconds(1))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), time);
        }

        return Ms(opened, time.GetTimestamp());
    }

    private double Ms(long from, long to) => Math.Round(time.GetElapsedTime(from, to).TotalMilliseconds, 2);

    private static TimeSpan? Milliseconds(long? value) => value is { } ms ? TimeSpan.FromMilliseconds(ms) : null;

    private static EffectEnd ToEnd(EffectResult result) => result switch
    {
        EffectResult.Done done => EffectEnd.Succeeded() with { Reason = done.Remark },
        EffectResult.Deferred deferred => EffectEnd.Deferred(deferred.Reason),
        EffectResult.Infeasible infeasible => EffectEnd.Infeasible(infeasible.Reason),
        EffectResult.Failed failed => EffectEnd.Failed(failed.Reason),
        _ => throw new InvalidOperationException($"an effect cannot end as {result.GetType().Name}"),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: its accounts could not be read before it was suspended, those read before stay in use: {Reason}")]
    private partial void LogAccountsNotRead(string database, string reason);
}
