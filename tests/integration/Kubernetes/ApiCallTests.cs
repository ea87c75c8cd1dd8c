using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Single calls against the double: what is sent again and what is not, and what is made of answers that are none.</summary>
internal sealed class ApiCallTests
{
    private DoubleRig _rig = null!;

    [SetUp]
    public async Task StartAsync() => _rig = await DoubleRig.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _rig.DisposeAsync();

    private static ConfigMap New(string name) => new() { Metadata = new ObjectMeta { Name = name } };

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

    [TestCase(429, "POST")]
    [TestCase(503, "POST")]
    [TestCase(500, "GET")]
    public async Task Call_PutOffByTheServer_IsSentAgainAsLateAsItSays(int code, string method)
    {
        int left = 2;
        _rig.Server.Instead = async context =>
        {
            if (left-- <= 0) return false;
            context.Response.Headers.RetryAfter = left == 1 ? "1" : "0";
            await ApiDouble.RefuseAsync(context, code, "TooBusy", "later");
            return true;
        };
        long began = TimeProvider.System.GetTimestamp();
        if (method == "POST") await _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default);
        else Assert.That(await _rig.Api.FindAsync(Resources.ConfigMaps, One, default), Is.Null);
        Assert.That(_rig.Server.Asked, Has.Count.EqualTo(3));
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.GreaterThan(TimeSpan.FromMilliseconds(990)));
    }

    [Test]
    public async Task Call_PutOffForTooLong_IsToldAtOnce()
    {
        _rig.Server.Instead = async context =>
        {
            context.Response.Headers.RetryAfter = "3600";
            await ApiDouble.RefuseAsync(context, 429, "TooManyRequests", "later");
            return true;
        };
        ApiException failure = await FailAsync(() => _rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That((failure.Failure, failure.RetryAfter), Is.EqualTo((ApiFailure.TooManyRequests, (TimeSpan?)TimeSpan.FromHours(1))));
        Assert.That(_rig.Server.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Read_WhoseConnectionBreaks_IsSentAgain()
    {
        int left = 3;
        _rig.Server.Instead = context =>
        {
            if (left-- <= 0) return Task.FromResult(false);
            context.Abort();
            return Task.FromResult(true);
        };
        _rig.Server.Put(Maps, Map("one"));
        Assert.That((await _rig.Api.GetAsync(Resources.ConfigMaps, One, default)).Metadata.Name, Is.EqualTo("one"));
    }

    /// <summary>It may have been carried out.</summary>
    [TestCase("create")]
    [TestCase("patch")]
    [TestCase("delete")]
    public async Task Write_WhoseConnectionBreaks_IsNotSentAgain(string verb)
    {
        _rig.Server.Instead = context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        ApiException failure = await FailAsync(() => verb switch
        {
            "create" => _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default),
            "patch" => _rig.Api.PatchAsync(Resources.ConfigMaps, One, Patch.Merge([]), default),
            _ => _rig.Api.DeleteAsync(Resources.ConfigMaps, One, null, default),
        });
        Assert.That((failure.Failure, failure.WasSent), Is.EqualTo((ApiFailure.Unreachable, true)));
        Assert.That(_rig.Server.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Write_ThatReachesNobody_SaysSo()
    {
        await _rig.Server.DisposeAsync();
        ApiException failure = await FailAsync(() => _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default));
        Assert.That((failure.Failure, failure.WasSent, failure.IsPassing), Is.EqualTo((ApiFailure.Unreachable, false, true)));
        Assert.That(failure.Message, Does.Contain("create configmaps default").And.Contain("cannot be reached").And.Contain("refused"));
        Assert.That(_rig.Statistics.Counts[new ApiCallKind("create", "configmaps", "unreachable")], Is.EqualTo(Quick.MostAttempts));
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

    /// <summary>As over a connection that is dead and does not know it.</summary>
    [Test]
    public async Task Read_WithoutAnAnswer_IsSentAgainWithinItsTime()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { AttemptTimeLimit = TimeSpan.FromMilliseconds(200) });
        rig.Server.Put(Maps, Map("one"));
        int asked = 0;
        rig.Server.Instead = async context =>
        {
            if (Interlocked.Increment(ref asked) > 1) return false;
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        Assert.That((await rig.Api.GetAsync(Resources.ConfigMaps, One, default)).Metadata.Name, Is.EqualTo("one"));
    }

    [Test]
    public async Task Call_WithALimitOfItsOwn_EndsWithinIt()
    {
        _rig.Server.Instead = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        ApiException failure = await FailAsync(() => _rig.Api.Within(TimeSpan.FromMilliseconds(300)).CreateAsync(Resources.ConfigMaps, "default", New("one"), default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TimedOut));
        Assert.That(failure.Message, Does.Contain("within 0.3 s"));
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

    [TestCase("""{"type":"\ud800","object":{"metadata":{"name":"x","resourceVersion":"9"}}}""")]
    [TestCase("""{"typ\ud800":"ADDED","object":{}}""")]
    public async Task Watch_OfHalfACharacter_IsToldAsSuch(string line)
    {
        await AnswerAsync(Encoding.ASCII.GetBytes(line + "\n"));
        ApiException failure = await FailAsync(async () =>
        {
            await foreach (WatchEvent<ConfigMap> _ in _rig.Api.WatchAsync(Resources.ConfigMaps, "default", Selection.All, "1", default))
            {
                // opened
            }
        });
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.Malformed));
    }

    [TestCase("null")]
    [TestCase("")]
    [TestCase("{")]
    [TestCase("<html>welcome to the hotel</html>")]
    [TestCase("""{"metadata": {"name": 7}}""")]
    [TestCase("""{"metadata": {"name": "x", "labels": {"a": {}}}}""")]
    [TestCase("\"\\ud800\"")]
    [TestCase("{\"metadata\": {\"name\": \"\xff\xfe\"}, \"data\": [")]
    public async Task Answer_ThatIsNone_IsToldAsSuch(string answer)
    {
        await AnswerAsync(Encoding.Latin1.GetBytes(answer));
        ApiException get = await FailAsync(() => _rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        ApiException list = await FailAsync(() => _rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That((get.Failure, list.Failure), Is.EqualTo((ApiFailure.Malformed, ApiFailure.Malformed)), get.Message);
    }

    [Test]
    public async Task Answer_OfDeepestNesting_IsToldAsSuch()
    {
        await AnswerAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 100_000))));
        Assert.That((await FailAsync(() => _rig.Api.GetAsync(Resources.ConfigMaps, One, default))).Failure, Is.EqualTo(ApiFailure.Malformed));
    }

    /// <summary>Bytes at random, and good answers with bytes changed at random: an object or an <see cref="ApiException"/>, nothing else.</summary>
    [Test]
    public async Task Answer_OfAnyBytes_IsReadOrToldAsSuch()
    {
        var random = new Random(11);
        byte[] good = Encoding.UTF8.GetBytes("""{"kind":"List","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a","labels":{"x":"y"},"creationTimestamp":"2026-01-01T00:00:00Z"},"data":{"k":"v"}}]}""");
        for (int i = 0; i < 400; i++)
        {
            byte[] bytes = [.. good];
            for (int k = random.Next(1, 6); k > 0; k--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (i % 4 == 0) bytes = bytes[..random.Next(bytes.Length)];
            await AnswerAsync(bytes);
            try
            {
                await _rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
            }
            catch (ApiException e)
            {
                Assert.That(e.Failure, Is.EqualTo(ApiFailure.Malformed).Or.EqualTo(ApiFailure.Unreachable).Or.EqualTo(ApiFailure.Gone));
            }
        }
    }

    [Test]
    public async Task Answer_LargerThanAllowed_IsNotTakenIn()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { LargestResponse = 1000 });
        rig.Server.Put(Maps, Map("one", new string('x', 2000)));
        ApiException failure = await FailAsync(() => rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TooLarge));
        Assert.That(failure.Message, Does.Contain("at most 1000 bytes"));
    }

    [TestCase("no head")]
    [TestCase("no end")]
    public async Task Answer_ThatDoesNotCome_EndsWithTheTimeLimit(string kind)
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { CallTimeLimit = TimeSpan.FromMilliseconds(300) });
        rig.Server.Instead = async context =>
        {
            if (kind == "no end")
            {
                await context.Response.WriteAsync("{");
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        ApiException failure = await FailAsync(() => rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TimedOut));
        Assert.That(failure.Message, Does.Contain("within 0.3 s"));
    }

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

    private Task AnswerAsync(byte[] bytes)
    {
        _rig.Server.Instead = async context =>
        {
            await context.Response.Body.WriteAsync(bytes);
            return true;
        };
        return Task.CompletedTask;
    }
}
