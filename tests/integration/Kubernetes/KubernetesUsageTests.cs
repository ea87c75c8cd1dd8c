using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Compute.Kubernetes.Metrics;
using Serverless.Tests.Integration.Authentication.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A sample of the Metrics Server counts once, for the container that it is of, while it is of now; anything else is missing, and never zero.</summary>
internal sealed class KubernetesUsageTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public void Sample_CountsOnce()
    {
        var reader = new UsageReader("mysql");
        Assert.That(reader.Read(Metrics(Noon, "250m", "300Mi"), Pod(), Noon.AddSeconds(3)), Is.EqualTo(new ContainerUsage(250, 300L << 20)));
        Assert.That(reader.Read(Metrics(Noon, "250m", "300Mi"), Pod(), Noon.AddSeconds(8)), Is.Null);
        Assert.That(reader.Read(Metrics(Noon.AddSeconds(-15), "1", "1Gi"), Pod(), Noon.AddSeconds(9)), Is.Null, "an older one, of another Metrics Server");
        Assert.That(reader.Read(Metrics(Noon.AddSeconds(15), "12345678n", "1Ki"), Pod(), Noon.AddSeconds(16)), Is.EqualTo(new ContainerUsage(12.345678, 1024)));
    }

    [Test]
    public void Sample_ThatIsOld_IsMissing() => Assert.That(new UsageReader("mysql").Read(Metrics(Noon, "1", "1Gi"), Pod(), Noon.AddSeconds(91)), Is.Null);

    [Test]
    public void Sample_OfOtherContainers_IsNotOurs()
    {
        Assert.That(new UsageReader("mariadb").Read(Metrics(Noon, "1", "1Gi"), Pod(), Noon), Is.Null);
        Assert.That(new UsageReader("mysql").Read(Metrics(Noon, "1", "1Gi", """, {"name": "exporter", "usage": {"cpu": "3", "memory": "5Gi"}}"""), Pod(), Noon), Is.EqualTo(new ContainerUsage(1000, 1L << 30)));
    }

    [Test]
    public void Sample_OfThePodBefore_IsNotOurs()
    {
        var reader = new UsageReader("mysql");
        Assert.That(reader.Read(Metrics(Noon, "1", "1Gi"), Pod(started: Noon.AddSeconds(-10)), Noon), Is.Null, "its window of 15 s began before the pod");
        Assert.That(reader.Read(Metrics(Noon.AddSeconds(15), "1", "1Gi"), Pod(started: Noon.AddSeconds(-10)), Noon.AddSeconds(15)), Is.Not.Null);
        Assert.That(reader.Read(Metrics(Noon.AddSeconds(15), "1", "1Gi"), Pod("other"), Noon.AddSeconds(15)), Is.Not.Null, "another pod has samples of its own");
    }

    [Test]
    public void Sample_ThatIsNotWhole_IsMissing()
    {
        var reader = new UsageReader("mysql");
        Assert.That(reader.Read(null, Pod(), Noon), Is.Null);
        Assert.That(reader.Read(Metrics(Noon, "1", null), Pod(), Noon), Is.Null);
        Assert.That(reader.Read(Metrics(Noon, "1", "1Gi") with { Timestamp = null }, Pod(), Noon), Is.Null);
        Assert.That(reader.Read(Metrics(Noon, "0", "0"), Pod(), Noon), Is.EqualTo(new ContainerUsage(0, 0)), "nothing is a sample too");
    }

    /// <summary>The memory of before would be held against the pool of now.</summary>
    [Test]
    public void Sample_WhoseWindowBeganBeforeTheSizeChanged_IsNotCounted([Values] bool isThePool)
    {
        var reader = new UsageReader("mysql");
        ComputeSize small = ComputeRig.Small;
        reader.Note(Pod(), small, 100, Noon);
        Assert.That(reader.Read(Metrics(Noon, "1", "1Gi"), Pod(), Noon), Is.Not.Null);
        reader.Note(Pod(), small, null, Noon.AddSeconds(5));
        reader.Note(Pod(), isThePool ? small : ComputeRig.Large, isThePool ? 200 : 100, Noon.AddSeconds(10));
        Assert.That(reader.Read(Metrics(Noon.AddSeconds(15), "1", "1Gi"), Pod(), Noon.AddSeconds(15)), Is.Null, "its window of 15 s began ten seconds before");
        reader.Note(Pod(), isThePool ? small : ComputeRig.Large, isThePool ? 200 : 100, Noon.AddSeconds(30));
        Assert.That(reader.Read(Metrics(Noon.AddSeconds(30), "1", "1Gi"), Pod(), Noon.AddSeconds(30)), Is.Not.Null);
    }

    /// <summary>Each database would wait in turn for a server that hangs, and its engine's own samples with it.</summary>
    [Test]
    public async Task Server_ThatGivesNoAnswer_IsAskedOnceForAllWhoWait()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(server: server => server.MetricsVersion = "v1");
        var time = new ManualTime();
        using var feed = new UsageFeed(rig.Cluster.Api, rig.Cluster.ServedAsync, PlayedSet.Space, time, rig.Log);
        rig.Server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/pods", StringComparison.Ordinal) || !context.Request.Path.Value.Contains("metrics.k8s.io", StringComparison.Ordinal)) return false;
            await Task.Delay(100);
            time.Advance(TimeSpan.FromSeconds(5));
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "it thought about it for long");
            return true;
        };
        int Questions() => rig.Server.Asked.Count(asked => asked.Path.Contains("/metrics.k8s.io/v1/", StringComparison.Ordinal));
        Assert.That(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => feed.FindAsync("db-0", default))), Is.All.Null);
        Assert.That(Questions(), Is.EqualTo(1));
        time.Advance(TimeSpan.FromSeconds(4.5));
        await feed.FindAsync("db-0", default);
        Assert.That(Questions(), Is.EqualTo(2), "with the next beat of five seconds, which may come a little early, it is asked again");
    }

    [Test]
    public async Task Cluster_ThatDoesNotSayWhatItServes_IsNotAskedByEverybody()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        var time = new ManualTime();
        KubeconfigFile file = KubeconfigFile.Parse("/tmp/kubeconfig", $$"""
            clusters: [{name: double, cluster: {server: "{{rig.Server.Address}}"} }]
            users: [{name: me, user: {token: secret} }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        await using KubernetesCluster cluster = await KubernetesCluster.OpenAsync(new Kubeconfig([file], time).Choose(null), DoubleRig.Quick, time, NullLoggerFactory.Instance, default);
        int questions = 0;
        rig.Server.Instead = async context =>
        {
            if (context.Request.Path != "/version") return false;
            questions++;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "not now");
            return true;
        };
        time.Advance(TimeSpan.FromMinutes(11));
        string version = (await cluster.ServedAsync(default)).Version;
        Assert.That((await cluster.ServedAsync(default)).Version, Is.EqualTo(version), "as it was");
        Assert.That(questions, Is.EqualTo(1));
        time.Advance(TimeSpan.FromSeconds(31));
        await cluster.ServedAsync(default);
        Assert.That(questions, Is.EqualTo(2));
    }

    [Test]
    public async Task Samples_ThatAreFarApart_AreSaidOnce()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(server: server => server.MetricsVersion = "v1");
        await rig.ServesAsync();
        DateTimeOffset now = DateTimeOffset.UtcNow;
        foreach (int ago in new[] { 61, 1, 0 })
        {
            rig.Server.Put($"/apis/metrics.k8s.io/v1/namespaces/{PlayedSet.Space}/pods", Sample(now.AddSeconds(-ago), "100m", "200Mi", ""));
            await DoubleRig.UntilAsync(() => rig.Compute.MeasureAsync(default).AsTask().Result.CpuMillicores is not null, () => $"the sample of {ago} s ago does not come");
        }

        Assert.That(rig.Log.Messages.Count(message => message.Contains("two samples of its usage are 60 s apart", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [TestCase("v1beta1")]
    [TestCase("v1")]
    public async Task Usage_IsThatOfTheMetricsServer_BesideTheEnginesOwn(string version)
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(server: server => server.MetricsVersion = version);
        await rig.ServesAsync();
        Put(rig, version, "100m", "200Mi");
        long began = TimeProvider.System.GetTimestamp();
        ComputeUsage usage = await rig.Compute.MeasureAsync(default);
        Assert.That((usage.CpuMillicores, usage.ResidentBytes), Is.EqualTo(((double?)100, (long?)(200L << 20))));
        Assert.That(usage.BufferPoolBytes, Is.GreaterThan(0));
        Assert.That(usage.Samples, Contains.Key("threads.running"));
        Assert.That((await rig.Compute.MeasureAsync(default)).CpuMillicores, Is.Null, "it was counted");
        int asked = rig.Server.Asked.Count(one => one.Path.Contains("metrics.k8s.io", StringComparison.Ordinal));
        Assert.That(asked, Is.InRange(1, 1 + (TimeProvider.System.GetElapsedTime(began).TotalSeconds / 4)), "it is asked for every few seconds only");
    }

    [Test]
    public async Task Usage_WithoutAMetricsServer_IsMissing_AndTheEnginesOwnIsNot()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        ComputeUsage usage = await rig.Compute.MeasureAsync(default);
        Assert.That((usage.CpuMillicores, usage.ResidentBytes), Is.EqualTo(((double?)null, (long?)null)));
        Assert.That(usage.BufferPoolBytes, Is.GreaterThan(0));
    }

    /// <summary>What could not be given back would be in the way, whatever the pool gives.</summary>
    [Test]
    public async Task Shrink_BelowWhatIsInUse_IsPutOff()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(
            set => set["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"] = JsonNode.Parse("""{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}"""),
            server: server => server.MetricsVersion = "v1beta1");
        await rig.ServesAsync();
        Put(rig, "v1beta1", "100m", "900Mi");
        await rig.Compute.MeasureAsync(default);
        EffectResult result = await rig.Compute.ResizeAsync(ComputeRig.Small, default);
        Assert.That((result as EffectResult.Deferred)?.Reason, Does.Contain("in use beside its smaller buffer pool"), $"{result}");
        Assert.That(rig.Server.Asked.Any(asked => asked.Path.EndsWith("/resize", StringComparison.Ordinal)), Is.False);
    }

    private static void Put(ComputeRig rig, string version, string cpu, string memory) => rig.Server.Put($"/apis/metrics.k8s.io/{version}/namespaces/{PlayedSet.Space}/pods", Sample(DateTimeOffset.UtcNow, cpu, memory, ""));

    private static PodMetrics Metrics(DateTimeOffset at, string cpu, string? memory, string more = "") => Sample(at, cpu, memory, more).Deserialize(KubernetesJson.Default.PodMetrics)!;

    private static JsonObject Sample(DateTimeOffset at, string cpu, string? memory, string more) => JsonNode.Parse($$$"""
        {"metadata": {"name": "db-0"}, "timestamp": "{{{at:yyyy-MM-dd'T'HH:mm:ss'Z'}}}", "window": "15s",
         "containers": [{"name": "mysql", "usage": {"cpu": "{{{cpu}}}"{{{(memory is null ? "" : $", \"memory\": \"{memory}\"")}}}} }{{{more}}}]}
        """)!.AsObject();

    private static Pod Pod(string uid = "one", DateTimeOffset? started = null) =>
        new() { Metadata = new ObjectMeta { Name = "db-0", Uid = uid }, Status = new PodStatus { StartTime = started } };
}
