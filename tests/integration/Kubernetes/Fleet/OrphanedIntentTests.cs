using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>An intent that nobody carries out any more: its time, 90 s and what it gives the drains, is not waited for.</summary>
internal sealed class OrphanedIntentTests
{
    private static SuspendTerms ByOperator => new(ByOperator: true, null, null, TimeSpan.FromSeconds(20));

    [Test]
    public async Task Intent_OfAnOperator_WhoseLeaderDied_HoldsStatementsUntilThatIsNotHeardOf()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(ByOperator, default), Is.Null);
        await rig.KillAsync(all[0]);
        all[1].Statement();
        await Task.Delay(200);
        Assert.That(all[1].Held, Is.EqualTo(1), "its leader may be about to stop the compute");
        await rig.UntilAsync(() => all[1].Passed == 1);
        Assert.That((await rig.ReadAsync()).Metadata.Annotations[FleetNames.SuspendRefused], Does.Contain("b: gateway a, which intended it, is not heard of any more"));
    }

    [Test]
    public async Task Intent_OfAnOperator_WhoseLeaderStartedAnew_IsTakenBackAtOnce()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(ByOperator, default), Is.Null);
        await rig.KillAsync(all[0]);
        rig.Mend("a");
        PlayedGateway again = rig.Add("a", options: FleetRig.Quick with { SilenceLimit = TimeSpan.FromHours(1) });
        again.Statement();
        all[1].Statement();
        await rig.UntilAsync(() => again.Passed == 1 && all[1].Passed == 1);
    }

    [Test]
    public async Task Intent_OfAnOperator_ThatIsSpent_HoldsNothingAfterARestart()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = (await rig.AddAsync("a"))[0];
        Assert.That(await a.Database.ProposeAsync(ByOperator, default), Is.Null);
        await a.ScaleAsync(await rig.ReadAsync(), 0);
        await rig.KillAsync(a);
        rig.Mend("a");
        PlayedGateway again = rig.Add("a");
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Not.Null);
        again.Statement();
        await again.WakeAsync();
        await rig.UntilAsync(() => again.Passed == 1);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Null);
    }

    /// <summary>It wrote nothing, so there is nothing of it to take off.</summary>
    [Test]
    public async Task Intent_OfAnother_IsNotTakenBackByALeaderWhoseFirstQuestionFails()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a", options: FleetRig.Quick with { SilenceLimit = TimeSpan.FromHours(1) });
        await rig.UntilAsync(() => a.IsOpen && a.Fleet.Election.Current.IsHere);
        rig.Server.Put(FleetRig.Leases, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "serverless-gateway-c", ["labels"] = new JsonObject { [FleetNames.FleetLabel] = "serverless" } },
            ["spec"] = new JsonObject { ["holderIdentity"] = "c_1" },
        });
        await rig.UntilAsync(() => a.Fleet.Peers.All.Count == 2);
        var intent = new SuspendIntent(Guid.NewGuid(), "c", "c_1", new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)));
        rig.Server.Change($"{FleetRig.Sets}/db", set => set["metadata"]!["annotations"] = new JsonObject { [FleetNames.Suspend] = intent.Text });
        rig.Refuses = async context =>
        {
            if (context.Request is not { Method: "GET", Path.Value: $"{FleetRig.Sets}/db" }) return false;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "not now");
            return true;
        };
        Assert.That(await a.SuspendAsync(), Does.Contain("not now"));
        await Task.Delay(300);
        rig.Refuses = _ => Task.FromResult(false);
        StatefulSet found = await rig.ReadAsync();
        Assert.That(SuspendIntent.Of(found)?.Id, Is.EqualTo(intent.Id));
    }

    [Test]
    public async Task Questions_OfOneKind_DoNotPileUpOnASlowServer()
    {
        int asked = 0;
        var answers = new SemaphoreSlim(0);
        var flight = new SingleFlight(async () =>
        {
            asked++;
            await answers.WaitAsync();
        });
        for (int i = 0; i < 10; i++) flight.Ask();
        Assert.That(asked, Is.EqualTo(1));
        answers.Release();
        await DoubleRig.UntilAsync(() => asked == 2, () => $"asked {asked} times");
        answers.Release();
        await Task.Delay(50);
        Assert.That(asked, Is.EqualTo(2));
        flight.Ask();
        Assert.That(asked, Is.EqualTo(3));
    }
}
