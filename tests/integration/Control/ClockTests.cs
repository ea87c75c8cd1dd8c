using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control;
using Serverless.Tests.Integration.Authentication.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>The machine's clock is set while a database is under control.</summary>
internal sealed class ClockTests
{
    [Test]
    public void ClockThatIsSet_IsFollowedForward_AndWaitedForAtHalfItsSpeed()
    {
        var time = new ManualTime();
        var clock = new KernelClock(time);
        long start = clock.Now;
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(clock.Read(), Is.EqualTo((start + 10_000, 0L)));
        time.SetWallClock(TimeSpan.FromHours(1));
        Assert.That(clock.Read(), Is.EqualTo((start + 3_610_000, 0L)));
        time.SetWallClock(TimeSpan.FromMinutes(-2));
        Assert.That(clock.Read(), Is.EqualTo((start + 3_610_000, 120_000L)));
        for (int i = 0; i < 10_000; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            _ = clock.Now;
        }

        Assert.That(clock.Read(), Is.EqualTo((start + 3_615_000, 115_000L)), "however often it is asked");
        time.SetWallClock(TimeSpan.FromMinutes(-1));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(clock.Now, Is.EqualTo(start + 3_645_000));
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.That(clock.Read(), Is.EqualTo((start + 3_610_000 - 180_000 + 670_000, 0L)));
        clock.Reach(start + 9_000_000);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(clock.Now, Is.EqualTo(start + 9_001_000));
    }

    [Test]
    public async Task ClockThatIsSetBack_KeepsNobodyAwake_AndSendsNobodyToSleepTooEarly()
    {
        var time = new SetTime();
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy.Replace("300ms", "2s", StringComparison.Ordinal), time: time);
        Work(rig, 1, null);
        // with which it is told that a statement runs
        await rig.CommandAsync(Inputs.Tick);
        time.Back = TimeSpan.FromHours(1);
        long ended = time.GetTimestamp();
        Work(rig, 0, time);
        await rig.PhaseIsAsync("suspended");
        Assert.That(time.GetElapsedTime(ended).TotalSeconds, Is.GreaterThan(3.0), "it has been idle for as long as the rule says, and longer while the clock is behind");
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task StartThatFailed_IsTriedAgain_ThoughTheClockWasSetBack()
    {
        var time = new SetTime();
        await using Rig rig = await Rig.StartAsync(time: time);
        await rig.CommandAsync(at => Inputs.Suspend(at, "test"));
        await rig.PhaseIsAsync("suspended");
        Func<EffectResult> works = rig.Compute.Start;
        rig.Compute.Start = () => new EffectResult.Failed("no room");
        rig.Gateway.HoldStatement();
        await Rig.HoldsAsync(() => rig.Status.LastEffect?.Reason?.Contains("no room", StringComparison.Ordinal) == true, () => $"the start fails; the last effect is {rig.Status.LastEffect}");
        time.Back = TimeSpan.FromHours(1);
        Assert.That(rig.Status.Reason, Does.Not.Match(@"tried again in \d{3}"), "it is told by the time that decides");
        rig.Compute.Start = works;
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task StateOfAClockThatWasAhead_IsGoneOnFrom()
    {
        string home = Directory.CreateTempSubdirectory("serverless-control-").FullName;
        try
        {
            await using (Rig before = await Rig.StartAsync(Rig.Sleepy, home, time: new SetTime { Back = TimeSpan.FromHours(-1) }))
            {
                await before.PhaseIsAsync("suspended");
                await before.Database.StopAsync(default);
            }

            await using Rig rig = await Rig.StartAsync(Rig.Sleepy, home);
            rig.Gateway.HoldStatement();
            await rig.CalledAsync("start");
            rig.Gateway.Set(reading => reading with { Held = 0 });
            // it would be idle for no time at all until the clock is where the other one was
            await Rig.HoldsAsync(() => rig.Calls.All.Count(call => call == "stop") == 1 && rig.Phase == "suspended", () => $"it sleeps again, and it is {rig.Phase} after {string.Join(", ", rig.Calls.All)}");
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    private static void Work(Rig rig, int running, TimeProvider? time) =>
        rig.Gateway.Set(reading => reading with { Running = running, LastEnded = time?.GetUtcNow(), StatementsTotal = reading.StatementsTotal + 1 });

    /// <summary>A clock that the test sets back.</summary>
    private sealed class SetTime : TimeProvider
    {
        public TimeSpan Back { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - Back;
    }
}
