using System.Collections.Concurrent;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control;
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

    /// <summary>Whoever waits for the one may look at the other.</summary>
    [Test]
    public async Task EndOfAnEffect_IsShownWithThePhaseThatComesOfIt_AndNotBefore()
    {
        await using Rig rig = await Rig.AsleepAsync();
        var seen = new ConcurrentQueue<string>();
        // it is read before each step, and so between the end of an effect and the step that it leads to
        rig.Gateway.Reading = () =>
        {
            ControllerReport report = rig.Database.Controller.Report!;
            if (report.Decision.Phase.IsResuming && report.LastEffect is { Effect: "resume", Outcome: not "underway" })
            {
                seen.Enqueue($"{report.Decision.Phase}: {report.LastEffect}");
            }
        };
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
        Assert.That(seen, Is.Empty);
        Assert.That(rig.Status.LastEffect, Has.Property("Effect").EqualTo("resume").And.Property("Outcome").EqualTo("succeeded"));
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
    public async Task ComputeThatMustNotBeStopped_RefusesBeforeAnybodyIsDrained()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, prepare: rig => rig.Compute.Hindrance = "its data would be lost");
        await Rig.HoldsAsync(() => rig.Status.Reason?.Contains("its data would be lost", StringComparison.Ordinal) == true, () => $"the reason; it was {rig.Status.Reason}");
        Assert.That(rig.Calls.All, Has.No.Member("drain").And.No.Member("stop"));
        rig.Compute.Hindrance = null;
        await rig.PhaseIsAsync("suspended");
    }

    [Test]
    public async Task ComputeThatSomebodyElseChanged_IsLookedAtAtOnce()
    {
        await using Rig rig = await Rig.StartAsync();
        (rig.Compute.IsRunning, rig.Compute.Size) = (false, null);
        rig.Compute.Change();
        await rig.PhaseIsAsync("suspended");
        rig.Compute.IsRunning = true;
        rig.Compute.Change();
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task EndOfTheGateway_LeavesAComputeThatIsNotItsOwn()
    {
        await using Rig rig = await Rig.StartAsync(prepare: rig => rig.Compute.EndsWithGateway = false);
        rig.Calls.Clear();
        await rig.Database.StopAsync(CancellationToken.None);
        Assert.That(rig.Calls.All, Is.EqualTo(new[] { "drain by operator", "close" }), "its clients are told, and it runs on");
        Assert.That(rig.Compute.IsRunning, Is.True);
    }

    [Test]
    public async Task ComputeThatSomebodyElseChangedWhileItWasResized_IsLookedAtAfterwards()
    {
        await using Rig rig = await Rig.StartAsync();
        var resized = new TaskCompletionSource();
        rig.Compute.Resizing = () => resized.Task;
        await rig.CommandAsync(at => Core.Inputs.Resize(at, 2000, "test"));
        await rig.CalledAsync("resize 1000m");
        rig.Compute.IsRunning = false;
        rig.Compute.Change();
        // by then it has been told, and was not looked at
        await Task.Delay(300);
        long told = TimeProvider.System.GetTimestamp();
        resized.SetResult();
        await rig.PhaseIsAsync("suspended");
        Assert.That(TimeProvider.System.GetElapsedTime(told), Is.LessThan(TimeSpan.FromSeconds(8)), "not with the look that comes every ten seconds");
    }

    [Test]
    public async Task ComputeThatIsGone_ClosesTheGateBeforeItIsKnownWhy_AndOpensItAgainIfItServes()
    {
        await using Rig rig = await Rig.StartAsync();
        rig.Compute.Lose("its pod is being deleted");
        Assert.That(rig.Gateway.IsOpen, Is.False, "at once");
        rig.Compute.Change();
        await Rig.HoldsAsync(() => rig.Gateway.IsOpen, () => "it serves, so sessions are let to it");
    }

    /// <summary>It may have been there before, with clients of its own.</summary>
    [Test]
    public async Task ComputeThatStartsAndCannotBeUsed_IsStoppedAgain_UnlessItIsSomebodyElses([Values] bool isOurs)
    {
        await using Rig rig = await Rig.AsleepAsync();
        rig.Compute.EndsWithGateway = isOurs;
        int looks = 0;
        rig.Compute.Observing = () => rig.Compute.IsRunning && Interlocked.Increment(ref looks) == 1 ? throw new IOException("its container restarts") : Task.CompletedTask;
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("failed");
        Assert.That(rig.Calls.All, Has.Member("fail: the compute started and could not be used: its container restarts"), "who waits is told");
        Assert.That(rig.Calls.All.Contains("stop in a hurry"), Is.EqualTo(isOurs));
        if (!isOurs)
        {
            rig.Compute.Change();
            await rig.PhaseIsAsync("running");
            await rig.CalledAsync("open");
        }
    }

    [Test]
    public async Task EndOfTheGatewayWhileItWakesAComputeThatIsNotItsOwn_LeavesThat()
    {
        await using Rig rig = await Rig.AsleepAsync();
        rig.Compute.EndsWithGateway = false;
        var looked = new TaskCompletionSource();
        rig.Compute.Observing = () => rig.Compute.IsRunning && looked.TrySetResult() ? throw new OperationCanceledException("as the end of the gateway cancels it") : Task.CompletedTask;
        // it goes on once the end of the gateway has cancelled it
        var starting = new TaskCompletionSource();
        rig.Compute.Starting = cancellation =>
        {
            cancellation.Register(starting.SetResult);
            return starting.Task;
        };
        rig.Gateway.HoldStatement();
        await rig.CalledAsync("start");
        await rig.Database.StopAsync(CancellationToken.None);
        Assert.That(looked.Task.IsCompleted, Is.True);
        Assert.That(rig.Compute.IsRunning, Is.True);
        Assert.That(rig.Calls.All, Has.No.Member("stop in a hurry"));
    }

    /// <summary>A grant that is missing may be given later.</summary>
    [Test]
    public async Task ComputeThatIsFoundAndCannotBeUsedYet_IsTriedAgainWithTheNextLook()
    {
        bool isAllowed = false;
        await using Rig rig = await Rig.StartAsync(amongOthers: true, prepare: rig =>
        {
            rig.Compute.EndsWithGateway = false;
            rig.Compute.ReadAccounts = () => isAllowed ? rig.Compute.Accounts : throw new IOException("SELECT on mysql.user is denied");
        });
        Assert.That(rig.Compute.IsRunning, Is.True, "it was started, and is left");
        rig.Compute.Change();
        await rig.PhaseIsAsync("running");
        await rig.CalledAsync("fail: the compute runs and could not be used: SELECT on mysql.user is denied");
        Assert.That(rig.Gateway.IsOpen, Is.False);
        isAllowed = true;
        rig.Compute.Change();
        await rig.CalledAsync("open");
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
        await Rig.HoldsAsync(() => Suspends(rig) == 1, () => "a suspend is decided");
        Assert.That(rig.Calls.All, Is.EqualTo(new[] { "start", "open" }));
    }

    [Test]
    public async Task Shadow_WhatIsNotCarriedOutIsNoFailure()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, shadow: true);
        await Rig.HoldsAsync(() => rig.Status.LastEffect!.Outcome == "withheld", () => $"the suspend is withheld; the last effect is {rig.Status.LastEffect}");
        Assert.Multiple(() =>
        {
            Assert.That(rig.Phase, Is.EqualTo("running"));
            Assert.That(rig.Status.Reason, Is.Null);
            Assert.That(rig.Status.Warnings, Is.Empty);
            Assert.That(rig.Database.Controller.Report!.Refusals, Is.Zero);
            Assert.That(rig.Database.Controller.Report!.FailedEffects, Is.Zero);
        });
    }

    [Test]
    public async Task Shadow_DecidesOnceForEachTimeThatItGoesQuiet()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy, shadow: true);
        await Rig.HoldsAsync(() => Suspends(rig) == 1, () => "a suspend is decided");
        // longer than the first pause after a refusal
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.That(Suspends(rig), Is.EqualTo(1));
        rig.Gateway.RunStatement();
        await Rig.HoldsAsync(() => Suspends(rig) == 2, () => "another one, after a statement and a pause");
    }

    [Test]
    public async Task InputThatCannotBeHandled_DoesNotStopTheClock()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy);
        // from here on only the kernel's own clock calls it
        rig.Compute.Observing = () => Task.Delay(Timeout.InfiniteTimeSpan);
        int failures = 3;
        rig.Gateway.Reading = () =>
        {
            if (Interlocked.Decrement(ref failures) >= 0)
            {
                throw new InvalidOperationException("a reading that fails");
            }
        };
        await Rig.HoldsAsync(() => rig.Database.Controller.Report!.Decision.Phase.IsSuspended, () => "it sleeps all the same");
    }

    [Test]
    public async Task LookThatFails_IsFollowedByAnother()
    {
        var time = new HastyTime(50);
        await using Rig rig = await Rig.StartAsync(time: time);
        int looks = 0;
        rig.Compute.Observing = () => Interlocked.Increment(ref looks) < 3 ? throw new IOException("the folder is gone for a moment") : Task.CompletedTask;
        rig.Compute.IsRunning = false;
        await rig.PhaseIsAsync("suspended");
    }

    private static int Suspends(Rig rig) => rig.Database.Controller.History.Newest(1000).Count(one => one.Decision.Effect.IsSome && one.Decision.Effect.Value.IsDoSuspend);
}
