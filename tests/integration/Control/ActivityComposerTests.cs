using Serverless.Core;
using Serverless.Host.Control;
using Serverless.Host.Gateway;
using Serverless.Rules;
using Serverless.Tests.Integration.Authentication.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>What the gateway counts, as its kernel is told.</summary>
internal sealed class ActivityComposerTests
{
    /// <summary>
    /// A timer of a second is a few milliseconds early or late, and now and then something else gives reason to look. What is the same as before is not told.
    /// A load that is made of what was told has each statement once all the same.
    /// </summary>
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void StatementsOfEachSecond_AreToldWithTheLookThatEndsIt(int seed)
    {
        var draw = new Random(seed);
        var time = new ManualTime();
        var composer = new ActivityComposer(time);
        var load = new RecordedLoad();
        (long statements, DateTimeOffset? ended, Activity? told, long looks) = (0, null, null, 0);
        void Look(int after, int count)
        {
            time.Advance(TimeSpan.FromMilliseconds(after));
            statements += count;
            ended = count > 0 ? time.GetUtcNow().AddMilliseconds(-5) : ended;
            Activity now = composer.Compose(Reading(statements, ended), time.GetUtcNow().ToUnixTimeMilliseconds(), ahead: 0);
            if (told is null || !now.Equals(told))
            {
                told = now;
                looks++;
                load.Add(Inputs.ActivityChanged(time.GetUtcNow().ToUnixTimeMilliseconds(), now), new ComputeUnit(500, 2L << 30), Phase.Running, 500);
            }
        }

        // What ended before anything was told is not known.
        Look(1000, 0);
        for (int second = 0; second < 1000; second++)
        {
            if (draw.Next(10) == 0)
            {
                Look(draw.Next(100, 900), draw.Next(0, 3));
            }

            Look(draw.Next(990, 1011), draw.Next(2) == 0 ? 0 : draw.Next(1, 7));
        }

        Look(3000, 0);
        Assert.That(looks, Is.GreaterThan(500));
        Assert.That(Count(load), Is.EqualTo((double)statements).Within(0.01).Percent);
    }

    /// <summary>A controller that begins with a gate which has served for long: what was counted before ended at nobody knows when.</summary>
    [Test]
    public void WhatWasCountedBeforeTheFirstReading_IsNoRate()
    {
        var time = new ManualTime();
        var composer = new ActivityComposer(time);
        Activity Look(long statements)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return composer.Compose(Reading(statements, null), time.GetUtcNow().ToUnixTimeMilliseconds(), ahead: 0);
        }

        Assert.That((Look(5_000_000).QueriesRate, Look(5_000_007).QueriesRate), Is.EqualTo((0L, 7_000L)));
        Assert.That(Look(5_000_007).QueriesSince, Is.EqualTo(Microsoft.FSharp.Core.FSharpOption<long>.None));
    }

    /// <summary>However long it takes to count, and whatever the clock says meanwhile.</summary>
    [Test]
    public void TimeOfARate_IsThatBeforeTheReading()
    {
        var time = new ManualTime { StepOnRead = TimeSpan.FromMilliseconds(3) };
        var composer = new ActivityComposer(time);
        long at = time.GetUtcNow().ToUnixTimeMilliseconds();
        composer.Compose(Reading(0, null), at, ahead: 0);
        time.Advance(TimeSpan.FromSeconds(2));
        time.SetWallClock(TimeSpan.FromHours(-1));
        Activity told = composer.Compose(Reading(10, null), at + 2000, ahead: 3_600_000);
        double seconds = (at + 2000 - told.QueriesSince.Value) / 1000.0;
        Assert.That(told.QueriesRate * seconds, Is.EqualTo(10_000).Within(10));
    }

    private static ActivityReading Reading(long statements, DateTimeOffset? lastEnded) =>
        new(Open: 1, Active: 1, Running: 0, Held: 0, Transactions: 0, Parked: 0, lastEnded, TimeSpan.Zero, TimeSpan.Zero, statements, TimeSpan.FromMilliseconds(statements), Pinned: []);

    private static double Count(RecordedLoad recorded)
    {
        LoadSource load = recorded.ToLoad("recorded");
        using LoadReader reader = load.Open();
        (double count, LoadRow row) = (0, LoadRow.Nothing(0));
        long[] values = new long[load.Metrics.Count];
        LoadRow before = row;
        while (reader.Read(ref row, values))
        {
            count += before.Rate > 0 ? before.Rate / 1e9 * (row.At - before.At) : 0;
            count += row.Come;
            before = row;
        }

        return count;
    }
}
