using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Gateways of a fleet beside a real API server.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FleetLabTests
{
    private readonly string _name = $"f{Guid.NewGuid():N}"[..16];

    [Test]
    public async Task Suspend_IsAgreedOn_TakenBackByAStatement_AndCarriedOut()
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        using KubernetesApi one = cluster.Connect(), two = cluster.Connect();
        await MakeAsync(cluster);
        await using PlayedGateway a = Add(one, "a");
        await UntilAsync(() => a.IsOpen && a.Fleet.Election.Current.IsHere, a);
        await using PlayedGateway b = Add(two, "b");
        await UntilAsync(() => b.IsOpen && a.Fleet.Peers.All.Count == 2, a, b);
        Assert.That(await a.Database.ProposeAsync(Terms, default), Is.Null);
        StatefulSet judged = await one.GetAsync(Resources.StatefulSets, Set, default);
        // bound to its version, whoever writes it meanwhile
        Assert.That(a.Database.WhyNotStop(judged), Is.Null);
        b.Statement();
        await UntilAsync(() => b.Passed == 1, a, b);
        Assert.That(await a.StopAsync(judged), Is.EqualTo("conflict"));
        a.Database.End("refused");
        await UntilAsync(() => a.IsOpen, a, b);
        await UntilAsync(() => a.Database.Peers.Activity.Statements == 1, a, b);
        Assert.That(await a.SuspendAsync(), Is.Null, $"{a}\n{b}");
        Assert.That((await one.GetAsync(Resources.StatefulSets, Set, default)).Spec.Replicas, Is.Zero);
        await UntilAsync(() => !a.IsOpen && !b.IsOpen, a, b);
        b.Statement();
        await b.WakeAsync();
        await UntilAsync(() => b.Passed == 2 && a.IsOpen, a, b);
    }

    [Test]
    public async Task Outage_DepositsTheLeader_StopsNoClient_AndOneLeadsAfterwards()
    {
        LabCluster cluster = await LabCluster.RequireAsync(own: true);
        using KubernetesApi one = cluster.Connect(), two = cluster.Connect();
        await MakeAsync(cluster);
        await using PlayedGateway a = Add(one, "a"), b = Add(two, "b");
        await UntilAsync(() => a.IsOpen && b.IsOpen && a.Fleet.Peers.All.Count == 2 && (a.Fleet.Election.Current.IsHere || b.Fleet.Election.Current.IsHere), a, b);
        await cluster.WithoutApiAsync(async () =>
        {
            await UntilAsync(() => !a.Fleet.Election.Current.IsHere && !b.Fleet.Election.Current.IsHere, a, b);
            a.Statement();
            b.Statement();
            Assert.That((a.Passed, b.Passed), Is.EqualTo((1, 1)), "gates stay open");
            await UntilAsync(() => a.Database.Peers.Unknown.Count > 0 && b.Database.Peers.Unknown.Count > 0, a, b);
            Assert.That(await a.SuspendAsync(), Does.Contain("lead"));
        });
        await UntilAsync(() => a.Fleet.Election.Current.IsHere || b.Fleet.Election.Current.IsHere, a, b);
        PlayedGateway leader = a.Fleet.Election.Current.IsHere ? a : b;
        await UntilAsync(() => leader.Database.Peers is { Unknown.Count: 0, Activity.Statements: 1 }, a, b);
        Assert.That(await leader.SuspendAsync(), Is.Null, $"{a}\n{b}");
    }

    private static SuspendTerms Terms => new(ByOperator: false, null, null, TimeSpan.FromSeconds(20));

    private ObjectName Set => new("default", _name);

    private static Task UntilAsync(Func<bool> holds, params PlayedGateway[] gateways) => DoubleRig.UntilAsync(holds, () => string.Join("\n\n", (object[])gateways));

    private PlayedGateway Add(KubernetesApi api, string name) => new(
        api, new FleetNames("default", _name), name, Set,
        FleetRig.Quick with { Election = new ElectionOptions { LeaseDuration = TimeSpan.FromSeconds(6), RenewDeadline = TimeSpan.FromSeconds(4), RetryPeriod = TimeSpan.FromMilliseconds(500), CallLimit = TimeSpan.FromSeconds(3) } },
        new ApiOptions(), TimeProvider.System);

    private Task<string> MakeAsync(LabCluster cluster) => cluster.PostAsAdminAsync("/apis/apps/v1/namespaces/default/statefulsets", new JsonObject
    {
        ["apiVersion"] = "apps/v1", ["kind"] = "StatefulSet", ["metadata"] = new JsonObject { ["name"] = _name },
        ["spec"] = new JsonObject
        {
            ["replicas"] = 1, ["serviceName"] = _name, ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = _name } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = _name } },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "mysql", ["image"] = "mysql" }) },
            },
        },
    }.ToJsonString());
}
