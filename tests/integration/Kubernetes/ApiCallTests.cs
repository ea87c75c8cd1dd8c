using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Single calls against the double: what is asked, and what is refused before it is asked.</summary>
internal sealed class ApiCallTests
{
    private DoubleRig _rig = null!;

    [SetUp]
    public async Task StartAsync() => _rig = await DoubleRig.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _rig.DisposeAsync();

    [Test]
    public async Task Objects_MadeReadChangedAndDeleted_AreAsTheServerHasThem()
    {
        ConfigMap made = await _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one") with { Data = new Dictionary<string, string> { ["a"] = "1" } }, default);
        ConfigMap replaced = await _rig.Api.ReplaceAsync(Resources.ConfigMaps, made with { Data = new Dictionary<string, string> { ["a"] = "2" } }, default);
        ConfigMap patched = await _rig.Api.PatchAsync(Resources.ConfigMaps, One, Patch.Merge(new JsonObject { ["data"] = new JsonObject { ["b"] = "3" } }), default);
        Assert.That(replaced.Metadata.ResourceVersion, Is.Not.EqualTo(made.Metadata.ResourceVersion));
        Assert.That(patched.Data, Is.EqualTo(new Dictionary<string, string> { ["a"] = "2", ["b"] = "3" }));
        Assert.That(_rig.Server.Asked.Last().ContentType, Is.EqualTo("application/merge-patch+json"));
        await _rig.Api.DeleteAsync(Resources.ConfigMaps, One, patched.Metadata.Uid, default);
        Assert.That(JsonNode.Parse(_rig.Server.Asked.Last().Body)!["preconditions"]!["uid"]!.ToString(), Is.EqualTo(patched.Metadata.Uid));
        Assert.That(await _rig.Api.FindAsync(Resources.ConfigMaps, One, default), Is.Null);
        await FailAsync(() => _rig.Api.DeleteAsync(Resources.ConfigMaps, One, null, default));
        Assert.That(_rig.Server.Asked.Last().Body, Is.EqualTo("""{"kind":"DeleteOptions","apiVersion":"v1"}"""), "never without a body");
        Assert.That(_rig.Statistics.Counts[new ApiCallKind("create", "configmaps", "201")], Is.EqualTo(1));
        Assert.That(_rig.Statistics.Counts[new ApiCallKind("get", "configmaps", "404")], Is.EqualTo(1));
    }

    [Test]
    public async Task Resize_OfAPod_IsAStrategicPatchOfItsSubresource()
    {
        _rig.Server.Instead = async context =>
        {
            await ApiDouble.SayAsync(context, 200, JsonNode.Parse("""
                {"metadata": {"name": "db-0"}, "status": {"conditions": [{"type": "PodResizePending", "status": "True", "reason": "Deferred", "message": "node is full", "observedGeneration": 3}],
                 "containerStatuses": [{"name": "mysql", "resources": {"limits": {"memory": "1Gi"}}, "allocatedResources": {"cpu": "250m"}}]}}
                """)!);
            return true;
        };
        var change = new JsonObject { ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "mysql" }) } };
        Pod pod = await _rig.Api.PatchAsync(Resources.PodResize, new ObjectName("default", "db-0"), Patch.Strategic(change), default);
        AskedOfDouble asked = _rig.Server.Asked.Single();
        Assert.That((asked.Method, asked.Path, asked.ContentType), Is.EqualTo(("PATCH", "/api/v1/namespaces/default/pods/db-0/resize", "application/strategic-merge-patch+json")));
        Assert.That(pod.Status.Conditions[0] is { Type: "PodResizePending", IsTrue: true, Reason: "Deferred", ObservedGeneration: 3 }, Is.True);
        Assert.That(pod.Status.ContainerStatuses[0].Resources!.Limits[Amounts.Memory].Value, Is.EqualTo(1L << 30));
        Assert.That(pod.Status.ContainerStatuses[0].AllocatedResources[Amounts.Cpu].MilliValue, Is.EqualTo(250));
    }

    [Test]
    public async Task Forbidden_SaysWhatToAllow()
    {
        _rig.Server.Instead = async context =>
        {
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "User \"me\" cannot patch resource");
            return true;
        };
        ApiException failure = await FailAsync(() => _rig.Api.PatchAsync(Resources.StatefulSetScale, One, Patch.Merge([]), default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.Forbidden));
        Assert.That(failure.Message, Does.Contain("User \"me\" cannot").And.Contain("the verb `patch` on `statefulsets/scale` of the API group `apps` in the namespace `default`"));
    }

    /// <summary>No role mends what a quota refuses.</summary>
    [Test]
    public async Task Forbidden_ByAQuota_SaysNothingOfRoles()
    {
        _rig.Server.Instead = async context =>
        {
            JsonObject status = ApiDouble.Status(403, "Forbidden", "configmaps \"one\" is forbidden: exceeded quota: small");
            status["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "FieldValueInvalid", ["field"] = "data" }) };
            await ApiDouble.SayAsync(context, 403, status);
            return true;
        };
        ApiException failure = await FailAsync(() => _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default));
        Assert.That(failure.Message, Does.Contain("exceeded quota").And.Not.Contain("Allow this account"));
        Assert.That((failure.Reason, failure.Causes.Single().Field), Is.EqualTo(("Forbidden", "data")));
    }

    [Test]
    public async Task Change_OfWhatOthersChangeToo_LosesNoChange()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (int i = 0; i < 10; i++)
            {
                while (true)
                {
                    try
                    {
                        await _rig.Api.ChangeAsync(Resources.ConfigMaps, One, Increment, TimeProvider.System, default);
                        break;
                    }
                    catch (ApiException e) when (e.Failure is ApiFailure.Conflict or ApiFailure.AlreadyExists)
                    {
                        // others wrote each time
                    }
                }
            }
        }));
        Assert.That((await _rig.Api.GetAsync(Resources.ConfigMaps, One, default)).Data["n"], Is.EqualTo("40"));

        static ConfigMap Increment(ConfigMap? found)
        {
            ConfigMap map = found ?? New("one");
            return map with { Data = new Dictionary<string, string> { ["n"] = $"{int.Parse(map.Data.GetValueOrDefault("n", "0"), CultureInfo.InvariantCulture) + 1}" } };
        }
    }

    [Test]
    public void Replace_OfWhatIsNotKnownWhole_IsRefused() =>
        Assert.That(() => ApiRequests.Replace(Resources.StatefulSets, new StatefulSet { Metadata = new ObjectMeta { Name = "db" } }), Throws.ArgumentException);

    [Test]
    public void Replace_OfWhatWasNotRead_IsRefused() =>
        Assert.That(() => ApiRequests.Replace(Resources.ConfigMaps, New("one")), Throws.ArgumentException.With.Message.Contains("resourceVersion"));

    [Test]
    public void Name_ThatWouldClimb_IsRefused()
    {
        Assert.That(() => ApiRequests.Get(Resources.ConfigMaps, new ObjectName("default", "..")), Throws.ArgumentException);
        Assert.That(ApiRequests.Get(Resources.ConfigMaps, new ObjectName("a/../b", "c?d#e")).Path, Is.EqualTo("/api/v1/namespaces/a%2F..%2Fb/configmaps/c%3Fd%23e"));
    }

    [Test]
    public async Task ServedApis_OfANewCluster_AreItsNewest()
    {
        _rig.Server.Instead = async context =>
        {
            string? answer = context.Request.Path.Value switch
            {
                "/version" => """{"major": "1", "minor": "33+", "gitVersion": "v1.33.1-eks"}""",
                "/apis" => """{"groups": [{"name": "discovery.k8s.io", "versions": [{"groupVersion": "discovery.k8s.io/v1"}]}, {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1"}]}]}""",
                "/api/v1" => """{"groupVersion": "v1", "resources": [{"name": "pods", "verbs": ["get"]}, {"name": "pods/resize", "verbs": ["get", "patch", "update"]}]}""",
                _ => null,
            };
            if (answer is null) return false;
            await ApiDouble.SayAsync(context, 200, JsonNode.Parse(answer)!);
            return true;
        };
        ServedApis served = await ServedApis.ReadAsync(_rig.Api, default);
        Assert.That((served.Major, served.Minor, served.HasPodResize), Is.EqualTo((1, 33, true)));
        Assert.That((served.EndpointSlices, served.PodMetrics), Is.EqualTo((Resources.EndpointSlices, Resources.PodMetricsBeta)));
    }
}
