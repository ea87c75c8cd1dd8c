using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Tests.Integration.Support;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The client against a real API server.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LabClusterTests
{
    private const string Space = "default";
    private readonly string _name = $"t{Guid.NewGuid():N}"[..16];

    private ObjectName Name => new(Space, _name);

    [Test]
    public async Task Objects_MadeReadChangedAndDeleted_AreAsTheServerHasThem()
    {
        using KubernetesApi api = (await LabCluster.RequireAsync()).Connect();
        ConfigMap made = await api.CreateAsync(Resources.ConfigMaps, Space, Map(("a", "1")), default);
        ApiException exists = await FailAsync(() => api.CreateAsync(Resources.ConfigMaps, Space, Map(), default));
        Assert.That(exists.Failure, Is.EqualTo(ApiFailure.AlreadyExists));
        ConfigMap patched = await api.PatchAsync(Resources.ConfigMaps, Name, Patch.Merge(new JsonObject { ["data"] = new JsonObject { ["b"] = "2" } }), default);
        Assert.That(patched.Data, Is.EquivalentTo(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }));
        ApiException conflict = await FailAsync(() => api.ReplaceAsync(Resources.ConfigMaps, made with { BinaryData = new Dictionary<string, byte[]> { ["x"] = [1] } }, default));
        Assert.That(conflict.Failure, Is.EqualTo(ApiFailure.Conflict));
        ConfigMap changed = (await api.ChangeAsync(Resources.ConfigMaps, Name, map => map! with { Data = new Dictionary<string, string> { ["c"] = "3" } }, TimeProvider.System, default))!;
        Assert.That(changed.Data.Keys, Is.EqualTo(new[] { "c" }));
        ApiException other = await FailAsync(() => api.DeleteAsync(Resources.ConfigMaps, Name, "11111111-1111-1111-1111-111111111111", default));
        Assert.That(other.Failure, Is.EqualTo(ApiFailure.Conflict), "another one has its name");
        await api.DeleteAsync(Resources.ConfigMaps, Name, changed.Metadata.Uid, default);
        Assert.That(await api.FindAsync(Resources.ConfigMaps, Name, default), Is.Null);
    }

    [Test]
    public async Task Kinds_ThatAreWritten_ComeBackAsTheyWere()
    {
        using KubernetesApi api = (await LabCluster.RequireAsync()).Connect();
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var lease = new Lease { Metadata = new ObjectMeta { Name = _name }, Spec = new LeaseSpec { HolderIdentity = "me", LeaseDurationSeconds = 15, RenewTime = now, AcquireTime = now, LeaseTransitions = 1 } };
        Lease leased = await api.CreateAsync(Resources.Leases, Space, lease, default);
        Assert.That((leased.Spec.RenewTime!.Value - now).Duration(), Is.LessThan(TimeSpan.FromMicroseconds(1)));
        Lease renewed = await api.ReplaceAsync(Resources.Leases, leased with { Spec = leased.Spec with { RenewTime = now.AddSeconds(5) } }, default);
        Assert.That(renewed.Metadata.ResourceVersion, Is.Not.EqualTo(leased.Metadata.ResourceVersion));
        var secret = new Secret { Metadata = new ObjectMeta { Name = _name }, Type = "Opaque", Data = new Dictionary<string, byte[]> { ["k"] = [0, 255, 7] } };
        Assert.That((await api.CreateAsync(Resources.Secrets, Space, secret, default)).Data["k"], Is.EqualTo(new byte[] { 0, 255, 7 }));
        var told = new ClusterEvent
        {
            Metadata = new ObjectMeta { Name = $"{_name}.1" }, InvolvedObject = new ObjectReference { Kind = "ConfigMap", Name = _name, Namespace = Space },
            Reason = "Suspended", Message = "idle for 5m", Type = "Normal", FirstTimestamp = now, LastTimestamp = now, Count = 1, Source = new EventSource { Component = "serverless" },
        };
        Assert.That((await api.CreateAsync(Resources.Events, Space, told, default)).Reason, Is.EqualTo("Suspended"));
        await api.DeleteAsync(Resources.Leases, Name, null, default);
        await api.DeleteAsync(Resources.Secrets, Name, null, default);
    }

    [Test]
    public async Task StatefulSet_ScaledByItsSubresource_HasSoManyPods()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        using KubernetesApi api = cluster.Connect();
        await cluster.PostAsAdminAsync($"/apis/apps/v1/namespaces/{Space}/statefulsets", """
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "NAME"}, "spec": {"replicas": 0, "serviceName": "NAME",
             "selector": {"matchLabels": {"app": "NAME"}}, "template": {"metadata": {"labels": {"app": "NAME"}},
             "spec": {"containers": [{"name": "mysql", "image": "mysql", "resources": {"requests": {"cpu": "250m", "memory": "0.5Gi"}}, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
             "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}
            """.Replace("NAME", _name, StringComparison.Ordinal));
        // the controller has written its status, and writes no more until something changes
        await using ResourceCache<StatefulSet> sets = new(api, Resources.StatefulSets, Space, Selection.ByName(_name), new ApiOptions(), TimeProvider.System, new RecordingLogger());
        await DoubleRig.UntilAsync(() => sets.Items.TryGetValue(Name, out StatefulSet? one) && one.Status.ObservedGeneration == one.Metadata.Generation, () => $"{sets.Freshness}");
        StatefulSet set = await api.GetAsync(Resources.StatefulSets, Name, default);
        Container container = set.Spec.Template.Spec.Containers[0];
        Assert.That((container.Resources.Requests[Amounts.Cpu].MilliValue, container.Resources.Requests[Amounts.Memory].Value), Is.EqualTo((250L, 1L << 29)));
        Assert.That((set.Spec.VolumeClaimTemplates[0].Metadata.Name, set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests["storage"].Value), Is.EqualTo(("data", 1L << 30)));
        Scale zero = await api.GetAsync(Resources.StatefulSetScale, Name, default);
        Assert.That((zero.Spec.Replicas, zero.Status.Selector), Is.EqualTo((0, $"app={_name}")));
        await using ResourceCache<Pod> pods = new(api, Resources.Pods, Space, new Selection(Labels: $"app={_name}"), new ApiOptions(), TimeProvider.System, new RecordingLogger());
        await pods.SyncedAsync(default);
        Scale scaled = await api.ReplaceAsync(Resources.StatefulSetScale, zero with { Spec = new ScaleSpec { Replicas = 1 } }, default);
        Assert.That(scaled.Spec.Replicas, Is.EqualTo(1));
        Assert.That((await FailAsync(() => api.ReplaceAsync(Resources.StatefulSetScale, zero with { Spec = new ScaleSpec { Replicas = 3 } }, default))).Failure, Is.EqualTo(ApiFailure.Conflict));
        await DoubleRig.UntilAsync(() => pods.Items.Count == 1, () => $"{pods.Freshness}");
        Assert.That(pods.Items.Single().Value.Metadata.OwnerReferences![0].Uid, Is.EqualTo(set.Metadata.Uid));
        await api.PatchAsync(Resources.StatefulSetScale, Name, Patch.Merge(new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 0 } }), default);
        await DoubleRig.UntilAsync(() => pods.Items.Count == 0, () => $"{pods.Freshness}");
        await api.DeleteAsync(Resources.StatefulSets, Name, set.Metadata.Uid, default);
    }

    [Test]
    public async Task ServedApis_OfTheServer_AreWhatItsVersionHas()
    {
        using KubernetesApi api = (await LabCluster.RequireAsync()).Connect();
        ServedApis served = await ServedApis.ReadAsync(api, default);
        Assert.That(served.Major, Is.EqualTo(1));
        Assert.That(served.EndpointSlices, Is.EqualTo(served.Minor >= 21 ? Resources.EndpointSlices : Resources.EndpointSlicesBeta));
        Assert.That(served.HasPodResize, Is.EqualTo(served.Minor >= 33));
        await api.ListAsync(served.EndpointSlices!, null, Selection.All, default);
        Assert.That((await FailAsync(() => api.GetResourcesAsync("no.such.group/v1", default))).Failure, Is.EqualTo(ApiFailure.NotFound));
    }

    [Test]
    public async Task Account_WithFewRights_IsToldWhatIsMissing()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        string account = await AccountAsync(cluster);
        using KubernetesApi api = cluster.Connect(account);
        Assert.That((await api.ListAsync(Resources.ConfigMaps, Space, Selection.All, default)).ResourceVersion, Is.Not.Empty);
        ApiException failure = await FailAsync(() => api.PatchAsync(Resources.StatefulSetScale, Name, Patch.Merge([]), default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.Forbidden));
        Assert.That(failure.Message, Does.Contain("system:serviceaccount:default:" + _name).And.Contain("the verb `patch` on `statefulsets/scale` of the API group `apps` in the namespace `default`"));
        Assert.That((await FailAsync(() => api.ListAsync(Resources.ConfigMaps, null, Selection.All, default))).Message, Does.Contain("in the whole cluster"));
    }

    /// <summary>The token is taken away from the server's knowledge, and another one is put into the file.</summary>
    [Test]
    public async Task Account_WhoseTokenRotates_GoesOn()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        string account = await AccountAsync(cluster);
        string token = Path.Combine(cluster.Folder, _name + ".token"), good = File.ReadAllText(token);
        File.WriteAllText(token, "not-a-token");
        using KubernetesApi api = cluster.Connect(account);
        Assert.That((await FailAsync(() => api.ListAsync(Resources.ConfigMaps, Space, Selection.All, default))).Failure, Is.EqualTo(ApiFailure.Unauthorized));
        File.WriteAllText(token, good);
        Assert.That((await api.ListAsync(Resources.ConfigMaps, Space, Selection.All, default)).ResourceVersion, Is.Not.Empty);
    }

    [Test]
    public async Task Cache_WhileTheServerIsAwayAndItsStoreForgets_EndsAsTheServerIs()
    {
        LabCluster cluster = await LabCluster.RequireAsync(own: true);
        using KubernetesApi api = cluster.Connect();
        await using ResourceCache<ConfigMap> cache = new(api, Resources.ConfigMaps, Space, Selection.All, new ApiOptions(), TimeProvider.System, new RecordingLogger());
        await using ResourceCache<ConfigMap> single = new(api, Resources.ConfigMaps, Space, Selection.ByName(_name), new ApiOptions(), TimeProvider.System, new RecordingLogger());
        await api.CreateAsync(Resources.ConfigMaps, Space, Map(), default);
        await DoubleRig.UntilAsync(() => cache.Items.ContainsKey(Name) && single.Items.Count == 1, () => $"{cache.Freshness} {single.Freshness}");
        await cluster.WithoutApiAsync(async () =>
        {
            await DoubleRig.UntilAsync(() => !cache.Freshness.IsLive, () => $"{cache.Freshness}");
            ApiException away = await FailAsync(() => api.DeleteAsync(Resources.ConfigMaps, Name, null, default));
            Assert.That(away.Failure, Is.EqualTo(ApiFailure.Unreachable));
            Assert.That(cache.Items.ContainsKey(Name), Is.True, "what was known last");
            await cluster.CompactAsync();
        });
        await api.DeleteAsync(Resources.ConfigMaps, Name, null, default);
        await DoubleRig.UntilAsync(() => !cache.Items.ContainsKey(Name) && cache.Freshness.IsLive && single.Items.Count == 0, () => $"{cache.Freshness} {single.Freshness}");
        ApiList<ConfigMap> list = await api.ListAsync(Resources.ConfigMaps, Space, Selection.All, default);
        Assert.That(cache.Items.Keys.Select(name => name.Name).Order(StringComparer.Ordinal), Is.EqualTo(list.Items.Select(one => one.Metadata.Name).Order(StringComparer.Ordinal)));
    }

    [Test]
    public async Task Watch_FromAVersionThatTheStoreForgot_IsGone()
    {
        LabCluster cluster = await LabCluster.RequireAsync(own: true);
        using KubernetesApi api = cluster.Connect();
        ApiList<ConfigMap> list = await api.ListAsync(Resources.ConfigMaps, Space, Selection.All, default);
        Assert.That(list.ResourceVersion, Is.Not.Empty);
        await api.CreateAsync(Resources.ConfigMaps, Space, Map(), default);
        await api.DeleteAsync(Resources.ConfigMaps, Name, null, default);
        // a server that starts remembers nothing itself, and the store nothing from before
        await cluster.WithoutApiAsync(cluster.CompactAsync);
        ApiException failure = await FailAsync(async () =>
        {
            await foreach (WatchEvent<ConfigMap> _ in api.WatchAsync(Resources.ConfigMaps, Space, Selection.All, list.ResourceVersion, default))
            {
                // opened, or what is remembered
            }
        });
        Assert.That((failure.Failure, failure.IsVersionUnknown), Is.EqualTo((ApiFailure.Gone, true)), failure.Message);
    }

    private ConfigMap Map(params ReadOnlySpan<(string Key, string Value)> data)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in data) values[key] = value;
        return new ConfigMap { Metadata = new ObjectMeta { Name = _name }, Data = values };
    }

    /// <summary>A service account that may only look at ConfigMaps of its namespace.</summary>
    private Task<string> AccountAsync(LabCluster cluster) => cluster.AccountAsync(_name, """{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}""");
}
