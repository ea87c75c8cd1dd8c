using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A StatefulSet and its pods, whatever numbers somebody writes there.</summary>
internal sealed class WorkloadTests
{
    private static readonly ObjectName Db = new("default", "db");

    [TestCase(0, 1, "db-0", "db-0")]
    [TestCase(5, 2, "db-4 db-5 db-6 db-7", "db-5 db-6")]
    [TestCase(int.MaxValue, 1, "db-0 db-2147483647", "db-2147483647")]
    [TestCase(int.MaxValue, 2, "db-2147483648", "db-2147483648")]
    [TestCase(3, int.MaxValue, "db-10 db-9 db-2 db-x db- db db-9-1 dbs-9", "db-9 db-10")]
    [TestCase(int.MaxValue, int.MaxValue, "db-0", "")]
    [TestCase(-1, 1, "db-0 db--1", "db-0")]
    public void Pods_AreThoseThatTheSetNumbers(int start, int replicas, string there, string own)
    {
        var set = new StatefulSet { Metadata = new ObjectMeta { Name = "db", Namespace = "default", Uid = "1" }, Spec = new StatefulSetSpec { Replicas = replicas, Ordinals = new Ordinals { Start = start } } };
        var pods = there.Split(' ').ToDictionary(
            name => new ObjectName("default", name),
            name => new Pod { Metadata = new ObjectMeta { Name = name, Namespace = "default", OwnerReferences = [new OwnerReference { Kind = "StatefulSet", Name = "db", Uid = "1", Controller = true }] } });
        Workload workload = Workload.Of(Db, Live(new Dictionary<ObjectName, StatefulSet> { [Db] = set }), Live(pods));
        Assert.That(string.Join(' ', workload.Pods.Select(pod => pod.Metadata.Name)), Is.EqualTo(own));
    }

    [Test]
    public async Task Reader_ThatFails_KeepsNoOtherFromHearing_AndHearsOfTheNextChange()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync();
        await using var watch = new NamespaceWatch(rig.Api, "default", DoubleRig.Quick, TimeProvider.System, rig.Log);
        (int failed, int heard, int seen) = (0, 0, 0);
        using IDisposable one = watch.Follow("db", () =>
        {
            failed++;
            throw new InvalidOperationException("it cannot be dealt with");
        });
        using IDisposable other = watch.Follow("db", () => heard++);
        watch.SetsChanged += () => seen++;
        for (int i = 1; i <= 2; i++)
        {
            rig.Server.Put("/apis/apps/v1/namespaces/default/statefulsets", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "db" }, ["spec"] = new JsonObject { ["replicas"] = i } });
            await DoubleRig.UntilAsync(() => (failed, heard, seen) == (i, i, i), () => $"{failed} failed, {heard} heard, {seen} seen\n{string.Join('\n', rig.Log.Messages)}");
        }

        Assert.That(rig.Log.Messages, Has.Some.Contains("What changed of default/db could not be dealt with"));
    }

    private static CacheSnapshot<T> Live<T>(Dictionary<ObjectName, T> items) where T : class, IApiObject =>
        new(items, new Freshness(TimeSpan.Zero, SinceLost: null, Problem: null), new Dictionary<ObjectName, string>());
}
