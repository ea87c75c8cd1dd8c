using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Gateway;

namespace Serverless.Tests.Integration.Control;

/// <summary>What is asked of gateway and compute, and in which order, when a database wakes and sleeps.</summary>
public sealed class WakeAndSleepTests
{
    [Test]
    public async Task HeldStatement_StartsTheComputeAndThenLetsSessionsToIt()
    {
        await using Rig rig = await Rig.AsleepAsync();
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
        Assert.That(rig.Calls.All, Is.EqualTo(new[] { "start", "open" }));
    }

    [Test]
    public async Task ManyHeldStatements_ShareOneStart()
    {
        await using Rig rig = await Rig.AsleepAsync();
        int before = rig.Compute.Starts;
        Parallel.For(0, 500, _ => rig.Gateway.HoldStatement());
        await rig.PhaseIsAsync("running");
        Assert.That(rig.Compute.Starts - before, Is.EqualTo(1));
    }

    [Test]
    public async Task Resume_TellsWhatItTook()
    {
        await using Rig rig = await Rig.AsleepAsync();
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
        Assert.That(rig.Status.LastResume!.PhasesMs.Keys, Is.SupersetOf(new[] { "decide", "start", "connect", "restore" }));
        Assert.That(rig.Status.LastResume.TotalMs, Is.GreaterThanOrEqualTo(rig.Status.LastResume.PhasesMs["start"]));
    }

    [Test]
    public async Task Idle_DrainsThenAsksForOthersThenStopsThenCloses()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy);
        await rig.PhaseIsAsync("suspended");
        Assert.That(rig.Calls.All, Is.EqualTo(new[] { "start", "open", "drain", "guard", "stop", "close" }));
    }

    [Test]
    public async Task WorkOfOthers_RefusesTheSuspendBeforeThePointOfNoReturn()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, prepare: rig => rig.Compute.ForeignWork = "a backup of mallory runs");
        await rig.CalledAsync("reopen");
        await Rig.HoldsAsync(() => rig.Status.Reason?.Contains("a backup of mallory runs", StringComparison.Ordinal) == true, () => $"the reason; it was {rig.Status.Reason}");
        Assert.That(rig.Calls.All, Has.No.Member("stop"));
        rig.Compute.ForeignWork = null;
        await rig.PhaseIsAsync("suspended");
    }

    [Test]
    public async Task DrainThatIsRefused_LeavesTheDatabaseRunningAndSaysWhy()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, prepare: rig => rig.Gateway.Drain = (_, _) => Task.FromResult(new DrainResult("session 7 holds a lock")));
        await Rig.HoldsAsync(() => rig.Status.Reason?.Contains("session 7 holds a lock", StringComparison.Ordinal) == true, () => $"the reason; it was {rig.Status.Reason}");
        Assert.That(rig.Calls.All, Has.No.Member("stop"));
    }

    [Test]
    public async Task StatementHeldWhileDraining_TakesTheSuspendBack()
    {
        var draining = new TaskCompletionSource();
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, prepare: rig => rig.Gateway.Drain = async (_, cancellation) =>
        {
            draining.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return new DrainResult(null);
        });
        await draining.Task;
        rig.Gateway.HoldStatement();
        await rig.CalledAsync("reopen");
        Assert.That(rig.Calls.All, Has.No.Member("stop"));
        Assert.That(rig.Gateway.IsOpen);
    }

    [Test]
    public async Task StatementHeldWhileStopping_WakesItAgain()
    {
        await using Rig rig = await Rig.StartAsync(prepare: rig => rig.Compute.Stop = () =>
        {
            rig.Gateway.HoldStatement();
            return new EffectResult.Done(new Dictionary<string, double>(StringComparer.Ordinal));
        });
        await rig.CommandAsync(at => Inputs.Suspend(at, "test"));
        await Rig.HoldsAsync(() => rig.Compute.Starts == 2, () => "a second start");
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task ResumeThatFails_FailsWhatIsHeldAndIsTriedAgainForTheNext()
    {
        await using Rig rig = await Rig.AsleepAsync();
        Func<EffectResult> works = rig.Compute.Start;
        rig.Compute.Start = () => new EffectResult.Failed("the data directory is on fire");
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("failed");
        Assert.That(rig.Calls.All, Has.Member("fail: the compute could not be started: the data directory is on fire"));
        Assert.That(rig.Status.Reason, Does.Contain("the data directory is on fire"));
        rig.Compute.Start = works;
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task Crash_ClosesTheGateAtOnceAndStartsAgain()
    {
        await using Rig rig = await Rig.StartAsync();
        rig.Calls.Clear();
        rig.Compute.Crash("signal 9");
        Assert.That(rig.Calls.All[0], Is.EqualTo("close"));
        await Rig.HoldsAsync(() => rig.Compute.Starts == 2, () => "a second start");
        await rig.PhaseIsAsync("running");
        Assert.That(rig.Status.Compute.Crashes, Is.EqualTo(1));
        Assert.That(rig.Gateway.IsOpen);
    }

    [Test]
    public async Task EngineThatCannotBeStopped_ServesOn()
    {
        await using Rig rig = await Rig.StartAsync(prepare: rig => rig.Compute.Stop = () => new EffectResult.Failed("it does not die"));
        await rig.CommandAsync(at => Inputs.Suspend(at, "test"));
        await Rig.HoldsAsync(() => rig.Status.Reason?.Contains("it does not die", StringComparison.Ordinal) == true, () => $"the reason; it was {rig.Status.Reason}");
        Assert.That(rig.Gateway.IsOpen);
    }

    [Test]
    public async Task Paused_RefusesStatementsAtOnceUntilUnpaused()
    {
        await using Rig rig = await Rig.AsleepAsync();
        await rig.CommandAsync(at => Inputs.Pause(at, "test"));
        rig.Gateway.HoldStatement();
        await Rig.HoldsAsync(() => rig.Calls.All.Any(call => call.StartsWith("refuse: ", StringComparison.Ordinal)), () => "held statements are refused");
        await rig.CommandAsync(at => Inputs.Unpause(at, "test"));
        await rig.CalledAsync("allow");
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task Resize_IsCarriedOutInMachineTerms()
    {
        await using Rig rig = await Rig.StartAsync();
        await rig.CommandAsync(at => Inputs.Resize(at, 2000, "test"));
        await rig.CalledAsync("resize 1000m");
        await Rig.HoldsAsync(() => rig.Status.Size.Cu == 2, () => $"2 units; it has {rig.Status.Size.Cu}");
    }

    [Test]
    public async Task Shadow_DecidesAndDoesNotCarryOut()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, shadow: true);
        await Rig.HoldsAsync(() => rig.Database.Controller.History.Newest(100).Any(one => one.Decision.Effect.IsSome && one.Decision.Effect.Value.IsDoSuspend), () => "a suspend is decided");
        Assert.That(rig.Calls.All, Is.EqualTo(new[] { "start", "open" }));
    }
}
