using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Lists in pages: one moment, bounded in size, pages and time.</summary>
internal sealed class ApiListTests
{
    private DoubleRig _rig = null!;

    [SetUp]
    public async Task StartAsync() => _rig = await DoubleRig.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _rig.DisposeAsync();

    [Test]
    public async Task List_InPages_IsOneListAsOfOneMoment()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { PageSize = 10 });
        for (int i = 0; i < 95; i++) rig.Server.Put(Maps, Map($"m{i:D3}"));
        ApiList<ConfigMap> list = await rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(list.Items.Select(one => one.Metadata.Name), Is.EqualTo(Enumerable.Range(0, 95).Select(i => $"m{i:D3}")));
        Assert.That(rig.Server.Asked, Has.Count.EqualTo(10));
    }

    [Test]
    public async Task List_WhoseRestIsForgotten_IsListedAnewAllAtOnce()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { PageSize = 10 });
        for (int i = 0; i < 25; i++) rig.Server.Put(Maps, Map($"m{i:D3}"));
        rig.Server.Instead = context =>
        {
            if (rig.Server.Asked.Count == 2) rig.Server.Compact();
            return Task.FromResult(false);
        };
        ApiList<ConfigMap> list = await rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(list.Items, Has.Count.EqualTo(25));
        Assert.That(rig.Server.Asked.Last().Query, Does.Not.Contain("limit"));
    }

    /// <summary>A namespace may be full of large ones that nobody asked for.</summary>
    [Test]
    public async Task SharedReads_WhoseListIsNotTaken_AreAnsweredByName()
    {
        for (int i = 0; i < 30; i++) _rig.Server.Put(Maps, Map($"m{i:D3}"));
        _rig.Server.Instead = async context =>
        {
            if (context.Request.Path.Value != Maps) return false;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "no lists");
            return true;
        };
        var reads = new SharedReads<ConfigMap>(_rig.Api, Resources.ConfigMaps, "default", TimeSpan.FromMilliseconds(500), TimeProvider.System);
        ConfigMap?[] found = await Task.WhenAll(Enumerable.Range(0, 31).Select(i => reads.FindAsync($"m{i:D3}", default)));
        Assert.That(found.Select(one => one?.Metadata.Name), Is.EqualTo(Enumerable.Range(0, 30).Select(i => $"m{i:D3}").Append(null)));
        Assert.That(_rig.Server.Asked.Count(one => one.Path == Maps), Is.EqualTo(1));
    }

    [Test]
    public async Task List_OfEndlessPages_IsGivenUp()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { MostPages = 20 });
        rig.Server.Instead = async context =>
        {
            await ApiDouble.SayAsync(context, 200, JsonNode.Parse("""{"metadata": {"resourceVersion": "1", "continue": "more"}, "items": []}""")!);
            return true;
        };
        Assert.That((await FailAsync(() => rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default))).Failure, Is.EqualTo(ApiFailure.Malformed));
        Assert.That(rig.Server.Asked, Has.Count.EqualTo(20));
    }

    [Test]
    public async Task List_LargerThanAllowedInAll_IsGivenUp()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { PageSize = 1, LargestList = 3000 });
        for (int i = 0; i < 10; i++) rig.Server.Put(Maps, Map($"m{i}", new string('x', 1000)));
        Assert.That((await FailAsync(() => rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default))).Failure, Is.EqualTo(ApiFailure.TooLarge));
        Assert.That(rig.Server.Asked, Has.Count.LessThan(5));
    }

    [Test]
    public async Task List_ThatTakesTooLongInAll_IsGivenUp()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { ListTimeLimit = TimeSpan.FromMilliseconds(300), MostPages = 1000 });
        rig.Server.Instead = async context =>
        {
            await Task.Delay(20);
            await ApiDouble.SayAsync(context, 200, JsonNode.Parse("""{"metadata": {"resourceVersion": "1", "continue": "more"}, "items": []}""")!);
            return true;
        };
        Assert.That((await FailAsync(() => rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default))).Failure, Is.EqualTo(ApiFailure.TimedOut));
    }
}
