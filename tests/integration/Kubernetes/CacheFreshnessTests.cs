using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>How old the news of a cache is, and how it comes back from an outage without pressing on the server.</summary>
internal sealed class CacheFreshnessTests
{
    /// <summary>As behind a proxy that keeps what it should pass on.</summary>
    [Test]
    public async Task Watch_ThatIsSilent_IsTakenForDeadAndListedAgain()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { WatchSilence = TimeSpan.FromMilliseconds(600), ShortestWatch = TimeSpan.FromMilliseconds(50) });
        rig.Server.Instead = async context =>
        {
            if (context.Request.Query["watch"] != "true") return false;
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => cache.Freshness.IsLive, () => $"{cache.Freshness}");
        rig.Server.Put(Maps, Map("one"));
        await EndsAsServerAsync(rig, cache);
        Assert.That(rig.Log.Messages, Is.Empty, "silence is no trouble by itself");
    }

    [Test]
    public async Task Watch_ThatEndsAtOnceEachTime_IsNotOpenedWithoutEnd()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { FirstBackoff = TimeSpan.FromMilliseconds(200), LongestBackoff = TimeSpan.FromSeconds(10) });
        rig.Server.Instead = context => Task.FromResult(context.Request.Query["watch"] == "true");
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => cache.Freshness.Problem?.Contains("expected it to last", StringComparison.Ordinal) == true, () => $"{cache.Freshness}");
        await Task.Delay(1000);
        Assert.That(rig.Server.Asked, Has.Count.LessThan(12));
    }

    /// <summary>What it says does not help: each time it is asked anew, and the server has as much to do.</summary>
    [Test]
    public async Task Watch_ThatSaysSomethingAndIsGoneEachTime_IsNotOpenedWithoutEnd()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { FirstBackoff = TimeSpan.FromMilliseconds(200), LongestBackoff = TimeSpan.FromSeconds(10) });
        rig.Server.Put(Maps, Map("one"));
        rig.Server.Instead = async context =>
        {
            if (context.Request.Query["watch"] != "true") return false;
            await context.Response.WriteAsync($$$$"""
                {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"2000"}}}
                {"type":"ERROR","object":{{{{ApiDouble.Status(410, "Expired", "too old").ToJsonString()}}}}}

                """);
            return true;
        };
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await cache.SyncedAsync(default);
        await Task.Delay(2000);
        Assert.That(rig.Server.Asked, Has.Count.LessThan(16));
        Assert.That(cache.Freshness.SinceLost, Is.GreaterThan(TimeSpan.FromSeconds(1.5)), "a watch that does not last is none");
    }

    /// <summary>Servers take a watch first and say then that its version is too old, or what was missed.</summary>
    [Test]
    public async Task Watch_TakenAfterAGap_IsNotReliedOnUntilAllIsListedAgain()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { LongestGap = TimeSpan.FromSeconds(1) });
        rig.Server.Put(Maps, Map("one"));
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => rig.Server.Watchers == 1 && cache.Freshness.IsLive, () => $"{cache.Freshness}");
        rig.Server.Instead = async context =>
        {
            if (context.Request.Query["watch"] != "true")
            {
                await ApiDouble.RefuseAsync(context, 500, "InternalError", "away");
                return true;
            }

            await Task.Delay(1300);
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        int lists = Lists(rig);
        rig.Server.CutWatches();
        await UntilAsync(() => Lists(rig) > lists, () => $"{cache.Freshness}");
        Assert.That(cache.Freshness.IsLive, Is.False);
        Assert.That(cache.Freshness.SinceConfirmed, Is.GreaterThan(TimeSpan.FromSeconds(1.2)));
        rig.Server.Instead = null;
        await UntilAsync(() => cache.Freshness.IsLive, () => $"{cache.Freshness}");
        Assert.That(cache.Freshness.SinceConfirmed, Is.LessThan(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public async Task List_ThatTakesItsTime_IsAsOldAsItsQuestion()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { ShortestWatch = TimeSpan.FromMilliseconds(1) });
        rig.Server.Instead = async context =>
        {
            if (context.Request.Query["watch"] != "true") await Task.Delay(500);
            return false;
        };
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => cache.Freshness.IsLive, () => $"{cache.Freshness}");
        Assert.That(cache.Freshness.SinceConfirmed, Is.GreaterThan(TimeSpan.FromMilliseconds(450)));
    }

    [Test]
    public async Task Watch_ThatHasLasted_ConfirmsWithWhatComes_AndGoesOnWithoutAListWhenItEnds()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { ShortestWatch = TimeSpan.FromMilliseconds(200), LongestGap = TimeSpan.FromSeconds(60) });
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => rig.Server.Watchers == 1, () => "no watch");
        await UntilAsync(() => cache.Freshness is { IsLive: true, SinceConfirmed.TotalSeconds: > 1.5 }, () => $"{cache.Freshness}");
        long began = TimeProvider.System.GetTimestamp();
        rig.Server.Put(Maps, Map("one"));
        await ConfirmedAsync(cache, began);
        rig.Server.CutWatches();
        rig.Server.Put(Maps, Map("two"));
        await EndsAsServerAsync(rig, cache);
        await UntilAsync(() => cache.Freshness.IsLive, () => $"{cache.Freshness}");
        Assert.That(Lists(rig), Is.EqualTo(1));
    }

    [Test]
    public async Task Outage_WithReasonsThatAlternate_IsOneLineForEach()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { MostAttempts = 1 });
        int asked = 0;
        rig.Server.Instead = async context =>
        {
            if (Interlocked.Increment(ref asked) % 2 == 0) await ApiDouble.RefuseAsync(context, 500, "InternalError", "away");
            else await ApiDouble.RefuseAsync(context, 403, "Forbidden", "no");
            return true;
        };
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => asked > 20, () => $"{asked}");
        Assert.That(rig.Log.Messages.Count(message => message.Contains("is not heard of", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public void Backoff_OfManyWhoAreToldTheSame_Spreads()
    {
        List<TimeSpan> waits = [.. Enumerable.Range(0, 100).Select(_ => Backoff.After(1, TimeSpan.FromSeconds(10), Quick))];
        Assert.That(waits.Min(), Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(10)));
        Assert.That(waits.Max() - waits.Min(), Is.GreaterThan(TimeSpan.FromSeconds(1)));
    }
}
