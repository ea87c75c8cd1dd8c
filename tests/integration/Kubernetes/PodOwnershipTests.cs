using System.Collections.ObjectModel;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Replication between the pods of one StatefulSet is its own; anybody else's keeps it awake, whatever its name begins with.</summary>
internal sealed class PodOwnershipTests
{
    private static readonly StatefulSet s_set = new() { Metadata = new ObjectMeta { Name = "db", Namespace = "shop", Uid = "set" }, Spec = new StatefulSetSpec { Replicas = 2, ServiceName = "db" } };

    [TestCase("10.0.0.5:3306", true)]
    [TestCase("10.0.0.5", true)]
    [TestCase("10.0.0.50:3306", false)]
    [TestCase("db-0", true)]
    [TestCase("db-0.db:3306", true)]
    [TestCase("DB-0.db.shop:3306", true)]
    [TestCase("db-0.db.shop.svc:3306", true)]
    [TestCase("db-0.db.shop.svc.cluster.local:3306", true)]
    [TestCase("db-0.db.shop.svc.example.org.:3306", true)]
    [TestCase("db-0.db.old-namespace.svc:3306", false)]
    [TestCase("db-0.db.shop.example.org:3306", false)]
    [TestCase("db-0.example.org:3306", false)]
    [TestCase("db-0.other.shop.svc:3306", false)]
    [TestCase("db-00:3306", false)]
    [TestCase("db-1.db:3306", false)]
    [TestCase("", false)]
    public void Host_IsThatOfAnotherPodOfTheSet_OrNot(string host, bool isOurs)
    {
        var ownership = new PodOwnership(s_set, [Pod("db-0", "10.0.0.5")], "serverless", _ => false);
        Assert.That(ownership.IsOurSource(host), Is.EqualTo(isOurs));
        Assert.That(ownership.IsOurs(Process("replicator", "Binlog Dump GTID", host)), Is.EqualTo(isOurs));
        Assert.That(ownership.IsOurs(Process("replicator", "Query", host)), Is.False);
    }

    [Test]
    public void OfOnlyOnePod_NoSourceIsOurs() => Assert.That(new PodOwnership(s_set, [], "serverless", _ => false).IsOurSource("db-0.db:3306"), Is.False);

    [Test]
    public void ServiceThatIsNotNamed_MakesNoNames() =>
        Assert.That(new PodOwnership(s_set with { Spec = new StatefulSetSpec() }, [Pod("db-0", "10.0.0.5")], "serverless", _ => false).IsOurSource("db-0..shop:3306"), Is.False);

    [TestCase("Sleep", 8, true)]
    [TestCase("Query", 7, true)]
    [TestCase("Query", 8, false)]
    public void GatewaysAccount_IsNoWorkWhileItIsIdleOrAsks(string command, int id, bool isOurs) =>
        Assert.That(new PodOwnership(s_set, [], "serverless", one => one == 7).IsOurs(Process("serverless", command, "10.0.0.9:40000", id)), Is.EqualTo(isOurs));

    /// <summary>It is not among those that were read, and counts for what is not known.</summary>
    [Test]
    public void PodThatCannotBeRead_IsTrouble()
    {
        var live = new Freshness(TimeSpan.Zero, SinceLost: null, Problem: null);
        var sets = new CacheSnapshot<StatefulSet>(
            new Dictionary<ObjectName, StatefulSet> { [new ObjectName("shop", "db")] = s_set }, live, ReadOnlyDictionary<ObjectName, string>.Empty);
        var pods = new CacheSnapshot<Pod>(
            ReadOnlyDictionary<ObjectName, Pod>.Empty, live, new Dictionary<ObjectName, string> { [new ObjectName("shop", "db-1")] = "its spec is a number", [new ObjectName("shop", "other-0")] = "so is its" });
        Assert.That(Workload.Of(new ObjectName("shop", "db"), sets, pods).Trouble, Is.EqualTo($"{new ObjectName("shop", "db-1")} cannot be read: its spec is a number"));
    }

    private static Pod Pod(string name, string address) => new() { Metadata = new ObjectMeta { Name = name, Namespace = "shop" }, Status = new PodStatus { PodIp = address } };

    private static SqlRow Process(string user, string command, string host, int id = 1)
    {
        string?[] row = [$"{id}", user, host, command];
        return new SqlRow(new QueryResult(["Id", "User", "Host", "Command"], [row], 0, 0, 0, default, ""), row);
    }
}
