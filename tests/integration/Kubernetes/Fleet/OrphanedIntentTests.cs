using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Fence;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;
using Serverless.Tests.Integration.Support;

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

    /// <summary>Whoever may change the StatefulSet may write anything there: no gateway ends of it, and no statement waits for it.</summary>
    [TestCase("""{"id":"0f8fad5b-d9cb-469f-a165-70867728950e"}""")]
    [TestCase("""{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","by":null,"byOperator":true,"limitMs":1000}""")]
    [TestCase("""{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","by":"c","byOperator":true}""")]
    [TestCase("""{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","by":"","byOperator":true,"limitMs":-9223372036854775808,"breakPinnedIdleMs":9223372036854775807}""")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("")]
    public async Task Intent_OfNoGateway_IsTakenBack_WhateverItSays(string text)
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = (await rig.AddAsync("a"))[0];
        rig.Server.Change($"{FleetRig.Sets}/db", set => set["metadata"]!["annotations"] = new JsonObject { [FleetNames.Suspend] = text });
        await rig.UntilAsync(() => a.DrainsBegun > 0);
        await rig.UntilAsync(() => rig.ReadAsync().GetAwaiter().GetResult() is var set && SuspendIntent.Of(set) is null);
        a.Statement();
        await rig.UntilAsync(() => a.Passed == 1 && a.IsOpen);
    }

    /// <summary>What a gateway writes, the others read, whatever it leaves out.</summary>
    [Test]
    public void Intent_ThatAGatewayWrote_IsReadAsItWas()
    {
        foreach (SuspendIntent intent in new[]
        {
            new SuspendIntent(Guid.NewGuid(), "a", "a_1", new SuspendTerms(ByOperator: true, TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromSeconds(20))),
            new SuspendIntent(Guid.NewGuid(), "a", Process: null, new SuspendTerms(ByOperator: false, null, null, TimeSpan.Zero)),
        })
        {
            var set = new StatefulSet { Metadata = new ObjectMeta { Annotations = new Dictionary<string, string> { [FleetNames.Suspend] = intent.Text } } };
            Assert.That(SuspendIntent.Of(set), Is.EqualTo(intent));
        }
    }

    /// <summary>Nobody waits for what a timer does, so nobody would hear that it failed.</summary>
    [Test]
    public async Task Guard_WhoseTimerFails_SaysSo_AndTriesAgain()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = (await rig.AddAsync("a"))[0];
        int asked = 0;
        var log = new RecordingLogger();
        var gate = new PlainGate();
        using var guard = new GuardRunner(
            "default/other", new FenceCalls(a.Api, a.Fleet.SetsOf("default"), FleetRig.Set), a.Fleet.Lease, a.Fleet.Identity, gate, _ => ++asked < 3 ? throw new InvalidOperationException("it cannot be told") : "nobody is there", FleetRig.Quick,
            TimeProvider.System, log);
        guard.Tell(new GuardInput(GuardInputKind.Served));
        await rig.UntilAsync(() => gate.IsOpen);
        var intent = new SuspendIntent(Guid.NewGuid(), "c", "c_1", new SuspendTerms(ByOperator: true, null, null, TimeSpan.FromSeconds(20)));
        StatefulSet set = await rig.ReadAsync();
        guard.Hear(set with { Metadata = set.Metadata with { Annotations = new Dictionary<string, string> { [FleetNames.Suspend] = intent.Text } } });
        await rig.UntilAsync(() => asked >= 3 && gate.IsOpen);
        Assert.That(log.Messages.Count(message => message.Contains("a step of its gate's guard failed", StringComparison.Ordinal)), Is.EqualTo(2));
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
        // at once, or after the second, if that has not quite ended
        flight.Ask();
        await DoubleRig.UntilAsync(() => asked == 3, () => $"asked {asked} times");
    }

    private sealed class PlainGate : IGuardedGate
    {
        public bool IsOpen { get; private set; }

        public int Held => 0;

        public void Pass() => IsOpen = true;

        public void Close(string reason) => IsOpen = false;

        public Task<string?> DrainAsync(SuspendTerms terms, bool isOwn, CancellationToken cancellation)
        {
            IsOpen = false;
            return Task.FromResult<string?>(null);
        }

        public void TellGone()
        {
        }
    }
}
