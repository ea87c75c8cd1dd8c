using NUnit.Framework;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Net;

[CancelAfter(60_000)]
public sealed class EventLoopTests
{
    [Test]
    public async Task Await_OrdinaryTaskOnTheLoop_ComesBackToTheLoop()
    {
        using var loop = new EventLoop();
        var (before, after) = await loop.RunAsync(async () =>
        {
            var first = EventLoop.Current;
            await Task.Run(() => Thread.Sleep(1));
            return (first, EventLoop.Current);
        });
        Assert.That((before, after), Is.EqualTo((loop, loop)));
    }

    [Test]
    public async Task RunAsync_AwaitedFromOutside_DoesNotContinueOnTheLoop()
    {
        using var loop = new EventLoop();
        await loop.RunAsync(() => Task.CompletedTask).ConfigureAwait(false);
        Assert.That(EventLoop.Current, Is.Null);
    }

    [Test]
    public async Task Post_FromManyThreads_RunsEverythingOnceInTheOrderOfEach()
    {
        using var loop = new EventLoop();
        var seen = new List<int>[8];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            seen[thread] = [];
            for (var i = 0; i < 20_000; i++)
            {
                var number = i;
                loop.Post(() => seen[thread].Add(number));
                // Gaps let the loop fall asleep, so that waking it is part of what is tested.
                if (i % 1000 == 0) Thread.Sleep(1);
            }
        })));
        await loop.RunAsync(() => Task.CompletedTask);
        Assert.That(seen, Is.All.EqualTo(Enumerable.Range(0, 20_000)));
    }

    [Test]
    public async Task Post_CallbackThrows_IsLoggedAndTheLoopGoesOn()
    {
        var logger = new RecordingLogger();
        using var loop = new EventLoop("broken", logger);
        loop.Post(() => throw new InvalidOperationException());
        Assert.That(await loop.RunAsync(() => Task.FromResult(7)), Is.EqualTo(7));
        Assert.That(logger.Messages, Has.One.Contains("Unhandled exception on broken"));
    }

    [Test]
    public async Task StartTimer_SeveralAndOneCancelled_FireByTimeWithoutIt()
    {
        using var loop = new EventLoop();
        var fired = new List<LoopTimer>();
        var timers = new LoopTimer[4];
        var before = await loop.RunAsync(async () =>
        {
            foreach (var (i, delay) in new[] { 60, 20, 30, 10 }.Index()) timers[i] = loop.StartTimer(TimeSpan.FromMilliseconds(delay), _ => fired.Add(timers[i]));
            var due = timers[3].Due;
            timers[2].Cancel();
            timers[3].Restart(TimeSpan.FromMilliseconds(40));
            await loop.DelayAsync(TimeSpan.FromMilliseconds(100));
            return due;
        });
        // In the order in which they were due: the thread may have had to wait between two starts, for longer than their delays differ.
        Assert.That(fired, Is.EquivalentTo(new[] { timers[1], timers[3], timers[0] }));
        Assert.That(fired.Select(timer => timer.Due), Is.Ordered);
        Assert.That(timers[3].Due - before, Is.GreaterThanOrEqualTo(30), "milliseconds by which it was moved");
    }

    [Test]
    public async Task Timers_ManyStartedAndCancelledAtRandom_AllOthersFireInOrder()
    {
        using var loop = new EventLoop();
        var random = new Random(42);
        var fired = new List<LoopTimer>();
        var kept = await loop.RunAsync(async () =>
        {
            var timers = new LoopTimer[1000];
            for (var i = 0; i < timers.Length; i++)
            {
                var own = i;
                timers[i] = loop.StartTimer(TimeSpan.FromMilliseconds(random.Next(200)), _ => fired.Add(timers[own]));
            }
            var cancelled = timers.Where(_ => random.Next(2) == 0).ToList();
            cancelled.ForEach(timer => timer.Cancel());
            await loop.DelayAsync(TimeSpan.FromMilliseconds(250));
            return timers.Except(cancelled).ToList();
        });
        Assert.That(fired, Is.EquivalentTo(kept));
        Assert.That(fired.Select(timer => timer.Due), Is.Ordered);
    }

    [Test]
    public void DelayAsync_Cancelled_EndsAtOnce()
    {
        using var loop = new EventLoop();
        using var source = new CancellationTokenSource();
        var delay = loop.DelayAsync(TimeSpan.FromHours(1), source.Token);
        source.Cancel();
        Assert.That(async () => await delay, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void StartTimer_FromAnotherThread_IsRefused()
    {
        using var loop = new EventLoop();
        Assert.That(() => loop.StartTimer(TimeSpan.Zero, _ => { }), Throws.InvalidOperationException);
    }

    [Test]
    public async Task Dispose_WithSomebodyWaiting_WakesHimWithConnectionLost()
    {
        using var loops = new EventLoopGroup(1);
        var loop = new EventLoop();
        using var pair = await SocketPair.CreateAsync(loop, loops);
        var waiting = loop.RunAsync(async () => await pair.Near.WaitReadableAsync());
        await loop.RunAsync(() => Task.CompletedTask);
        loop.Dispose();
        Assert.That(async () => await waiting, Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task Post_AfterTheEnd_StillRuns()
    {
        var loop = new EventLoop();
        loop.Dispose();
        loop.Dispose();
        var ran = new TaskCompletionSource();
        loop.Post(ran.SetResult);
        await ran.Task;
    }

    [Test]
    public async Task Next_SocketsOnOneLoop_PrefersTheOther()
    {
        using var loops = new EventLoopGroup(2);
        using var single = new EventLoopGroup(1);
        using var pair = await SocketPair.CreateAsync(loops.Loops[0], single);
        Assert.That(Enumerable.Range(0, 4).Select(_ => loops.Next()), Is.All.SameAs(loops.Loops[1]));
    }
}
