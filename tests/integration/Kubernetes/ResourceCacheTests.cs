using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>List and watch: whatever becomes of the watch, the cache ends as the server is, and tells each difference.</summary>
internal sealed class ResourceCacheTests
{
    [Test]
    public async Task Changes_WhileWatched_AreHeardOfAndKept()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        rig.Server.Put(Maps, Map("one"));
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await using Follower follower = new(cache);
        await cache.SyncedAsync(default);
        Assert.That(cache.Items.Keys, Is.EqualTo(new[] { One }));
        await UntilAsync(() => cache.Freshness.IsLive, () => "no watch");
        rig.Server.Put(Maps, Map("two"));
        rig.Server.Put(Maps, Map("one", "changed"));
        rig.Server.Delete(Maps, "two");
        await EndsAsServerAsync(rig, cache);
        await follower.EndsAsAsync(cache);
        Assert.That(cache.Items[One].Data["value"], Is.EqualTo("changed"));
        Assert.That(rig.Server.Asked.Count(asked => !asked.Query.Contains("watch", StringComparison.Ordinal)), Is.EqualTo(1), "listed once");
    }

    /// <summary>A bookmark alone moves the place from which a watch goes on.</summary>
    [Test]
    public async Task Watch_CutAfterABookmark_GoesOnFromTheBookmark()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { ShortestWatch = TimeSpan.FromMilliseconds(1), LongestGap = TimeSpan.FromSeconds(60) });
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => cache.Freshness.IsLive, () => "no watch");
        await Task.Delay(TimeSpan.FromMilliseconds(20));
        long began = TimeProvider.System.GetTimestamp();
        string version = rig.Server.Bookmark();
        await ConfirmedAsync(cache, began);
        rig.Server.CutWatches();
        await UntilAsync(() => rig.Server.Asked.Any(asked => asked.Query.Contains($"resourceVersion={version}&", StringComparison.Ordinal)), () => string.Join('\n', rig.Server.Asked));
        Assert.That(Lists(rig), Is.EqualTo(1), "listed once");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Deletion_WhileTheServerForgot_IsToldAfterTheNextList(bool inside)
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        rig.Server.TellsGoneInside = inside;
        foreach (string name in new[] { "stays", "goes", "changes", "replaced" }) rig.Server.Put(Maps, Map(name));
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await using Follower follower = new(cache);
        await UntilAsync(() => rig.Server.Watchers == 1, () => "no watch");
        rig.Server.Instead = async context =>
        {
            await ApiDouble.RefuseAsync(context, 500, "InternalError", "away");
            return true;
        };
        rig.Server.CutWatches();
        await UntilAsync(() => cache.Freshness is { IsLive: false, SinceLost: not null, Problem: { } }, () => $"{cache.Freshness}");
        string before = cache.Items[new ObjectName("default", "replaced")].Metadata.Uid!;
        rig.Server.Delete(Maps, "goes");
        rig.Server.Delete(Maps, "replaced");
        rig.Server.Put(Maps, Map("replaced"));
        rig.Server.Put(Maps, Map("changes", "yes"));
        rig.Server.Put(Maps, Map("comes"));
        rig.Server.Compact();
        Assert.That(cache.Items.ContainsKey(new ObjectName("default", "goes")), Is.True, "what was known last stays while nothing is heard");
        rig.Server.Instead = null;
        await EndsAsServerAsync(rig, cache);
        await follower.EndsAsAsync(cache);
        Assert.That(follower.Deleted, Does.Contain("goes").And.Not.Contain("stays"));
        Assert.That(cache.Items[new ObjectName("default", "replaced")].Metadata.Uid, Is.Not.EqualTo(before));
        Assert.That(follower.Replaced, Is.EqualTo(new[] { "replaced" }));
        await UntilAsync(() => cache.Freshness.IsLive, () => "no watch");
        Assert.That(rig.Log.Messages, Has.Some.Contains("is not heard of"));
    }

    [Test]
    public async Task Cache_DisposedOfTwice_EndsItsReaders()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        rig.Server.Put(Maps, Map("one"));
        ResourceCache<ConfigMap> cache = rig.Cache();
        await using (cache)
        {
            await cache.SyncedAsync(default);
            await using IAsyncEnumerator<CacheChange<ConfigMap>> reader = cache.ChangesAsync(default).GetAsyncEnumerator();
            Assert.That(await reader.MoveNextAsync(), Is.True);
            Task<bool> next = reader.MoveNextAsync().AsTask();
            await cache.DisposeAsync();
            Assert.That(await next.WaitAsync(TimeSpan.FromSeconds(20)), Is.False);
        }
    }

    [TestCase("{\"type\":\"ADDED\",\"object\":", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(cut)")]
    [TestCase("garbage", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(garbage)")]
    [TestCase("""{"type":"NEWS","object":{"metadata":{"name":"x","resourceVersion":"9"}}}""", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(type)")]
    [TestCase("""{"type":"ADDED"}""", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(object)")]
    [TestCase("""{"type":"MODIFIED","object":{"metadata":{"name":7}}}""", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(head)")]
    [TestCase("""{"type":"BOOKMARK","object":null}""", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(bookmark)")]
    [TestCase("""{"type":"ERROR","object":{"kind":"Status","code":500,"message":"storage"}}""", TestName = "Watch_OfGarbage_IsGivenUpAndListedAgain(error)")]
    public async Task Watch_OfGarbage_IsGivenUpAndListedAgain(string line)
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => rig.Server.Watchers == 1, () => "no watch");
        rig.Server.Say(line);
        await UntilAsync(() => rig.Log.Messages.Any(message => message.Contains("is not heard of", StringComparison.Ordinal)), () => "not told");
        rig.Server.Compact();
        rig.Server.Put(Maps, Map("one"));
        await EndsAsServerAsync(rig, cache);
    }

    [Test]
    public async Task Watch_WithAGiantLine_IsGivenUpAndListedAgain()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { LargestEvent = 10_000 });
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => rig.Server.Watchers == 1, () => "no watch");
        rig.Server.Put(Maps, Map("large", new string('x', 30_000)));
        await EndsAsServerAsync(rig, cache);
        Assert.That(rig.Log.Messages, Has.Some.Contains("at most 10000 bytes"));
    }

    [Test]
    public async Task Object_ThatCannotBeRead_IsToldAndTheOthersAreNotLost()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        JsonObject bad = Map("bad");
        bad["immutable"] = "perhaps";
        rig.Server.Put(Maps, bad);
        rig.Server.Put(Maps, Map("good"));
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await cache.SyncedAsync(default);
        CacheSnapshot<ConfigMap> listed = cache.Snapshot;
        Assert.That(listed.Items.Keys.Select(name => name.Name), Is.EqualTo(new[] { "good" }));
        Assert.That(listed.Unreadable.Keys.Select(name => name.Name), Is.EqualTo(new[] { "bad" }));
        await UntilAsync(() => rig.Server.Watchers == 1, () => "no watch");
        JsonObject worse = Map("good");
        worse["immutable"] = 3;
        rig.Server.Put(Maps, worse);
        rig.Server.Put(Maps, Map("next"));
        await UntilAsync(() => cache.Items.Count == 2, () => "the next is missing");
        Assert.That(cache.Items.ContainsKey(new ObjectName("default", "good")), Is.True, "it is still there, as it was");
        Assert.That(cache.Snapshot.Unreadable[new ObjectName("default", "good")], Does.Contain("immutable"));
        Assert.That(rig.Log.Messages, Has.Some.Contains("default/bad cannot be read").And.Some.Contains("default/good cannot be read"));
        rig.Server.Put(Maps, Map("good", "again"));
        rig.Server.Delete(Maps, "bad");
        await UntilAsync(() => cache.Snapshot.Unreadable.Count == 0, () => string.Join(", ", cache.Snapshot.Unreadable));
    }

    /// <summary>Which one it is, nobody knows: to take the list without it would look like a deletion.</summary>
    [Test]
    public async Task List_WithAnObjectWithoutAHead_DeletesNothing()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        rig.Server.Put(Maps, Map("one"));
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await UntilAsync(() => rig.Server.Watchers == 1, () => "no watch");
        rig.Server.Instead = async context =>
        {
            await ApiDouble.SayAsync(context, 200, JsonNode.Parse("""{"metadata": {"resourceVersion": "5000"}, "items": [{"metadata": {"name": 7}}]}""")!);
            return true;
        };
        rig.Server.Compact();
        rig.Server.CutWatches();
        await UntilAsync(() => cache.Freshness.Problem?.Contains("to have a name", StringComparison.Ordinal) == true, () => $"{cache.Freshness}");
        Assert.That(cache.Items.ContainsKey(One), Is.True);
    }

    /// <summary>Connections that break at any byte of any event, versions that are forgotten, readers that are slow: the end is what the server has, for the cache and for each reader.</summary>
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    public async Task Watch_CutAtAnyPoint_EndsAsTheServerIs(int seed)
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        var random = new Random(seed);
        var breaks = new Random(seed + 100);
        rig.Server.BreaksAt = length =>
        {
            // a watch that is cut may be at its last event while the next one begins
            lock (breaks) return breaks.Next(12) == 0 ? breaks.Next(length + 1) : null;
        };
        rig.Server.TellsGoneInside = seed % 2 == 0;
        await using ResourceCache<ConfigMap> cache = rig.Cache();
        await using Follower quick = new(cache);
        await using Follower slow = new(cache, TimeSpan.FromMilliseconds(2));
        HashSet<string> there = [];
        for (int i = 0; i < 600; i++)
        {
            string name = $"m{random.Next(12)}";
            if (there.Contains(name) && random.Next(3) == 0)
            {
                there.Remove(name);
                rig.Server.Delete(Maps, name);
            }
            else
            {
                there.Add(name);
                rig.Server.Put(Maps, Map(name, $"{i}"));
            }

            if (random.Next(60) == 0) rig.Server.Compact();
            if (random.Next(40) == 0) rig.Server.CutWatches();
            if (random.Next(10) == 0) rig.Server.Bookmark();
            if (random.Next(4) == 0) await Task.Delay(1);
        }

        await EndsAsServerAsync(rig, cache);
        await quick.EndsAsAsync(cache);
        await slow.EndsAsAsync(cache);
    }
}
