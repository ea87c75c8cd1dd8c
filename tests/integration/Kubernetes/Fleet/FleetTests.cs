using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Several gateways of one database, beside a double of the API server.</summary>
internal sealed class FleetTests
{
    [Test]
    public async Task Suspend_WithAllQuiet_IsAgreedOnAndCarriedOut()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b", "c");
        Assert.That(await all[0].SuspendAsync(), Is.Null, string.Join("\n\n", (object[])all));
        await rig.UntilAsync(() => all.All(one => !one.IsOpen));
        StatefulSet set = await rig.ReadAsync();
        Assert.That(set.Spec.Replicas, Is.Zero);
        Assert.That(all.Select(one => one.DrainsBegun), Is.All.EqualTo(1));
    }

    [Test]
    public async Task Suspend_ByOneThatDoesNotLead_IsRefusedAndNothingIsWritten()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        string before = (await rig.ReadAsync()).Metadata.ResourceVersion!;
        Assert.That(await all[1].SuspendAsync(), Does.StartWith("gateway a_").And.Contain("leads"));
        Assert.That((await rig.ReadAsync()).Metadata.ResourceVersion, Is.EqualTo(before));
    }

    [Test]
    public async Task Suspend_WhileAStatementRunsAtAnotherGateway_IsRefusedByIt()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        all[1].Running = 1;
        Assert.That(await all[0].SuspendAsync(), Does.Contain("b: a statement runs"));
        await rig.UntilAsync(() => all.All(one => one.IsOpen));
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Null);
    }

    /// <summary>The race between the leader's look and the stop: the other gateway has promised, and is handed a statement.</summary>
    [Test]
    public async Task Statement_AtAnotherGateway_AfterItPromised_TakesTheSuspendBackAndPasses()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        string? refused = await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default);
        Assert.That(refused, Is.Null);
        StatefulSet judged = await rig.ReadAsync();
        Assert.That(all[0].Database.WhyNotStop(judged), Is.Null, "nobody has taken it back");
        all[1].Statement();
        await rig.UntilAsync(() => all[1].Passed == 1);
        Assert.That(await all[0].StopAsync(judged), Is.EqualTo("conflict"), "a stop that is late is bound to the version that was judged");
        Assert.That(all[0].Database.WhyNotStop(await rig.ReadAsync()), Does.Contain("b: a statement waits"));
        all[0].Database.End("refused");
        await rig.UntilAsync(() => all[0].IsOpen);
        Assert.That((await rig.ReadAsync()).Spec.Replicas, Is.EqualTo(1));
    }

    [Test]
    public async Task Statement_AtAnotherGateway_WhileItDrains_PassesAtOnce()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        all[1].DrainsAfter = new TaskCompletionSource().Task;
        Task<string?> suspend = all[0].SuspendAsync();
        await rig.UntilAsync(() => all[1].DrainsBegun == 1);
        all[1].Statement();
        Assert.That(all[1].Passed, Is.EqualTo(1), "no server needs to be asked before a promise");
        Assert.That(await suspend, Does.Contain("b: a statement waits"));
    }

    [Test]
    public async Task Statement_InASuspendByAnOperator_WaitsForItsEnd()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: true, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        all[1].Statement();
        await Task.Delay(200);
        Assert.That(all[1].Held, Is.EqualTo(1));
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Not.Null);
        Assert.That(await all[0].StopAsync(await rig.ReadAsync()), Is.Null);
        await all[1].WakeAsync();
        await rig.UntilAsync(() => all[1].Passed == 1);
    }

    /// <summary>While the compute starts there is time to ask whether a suspend is intended; once it serves, the statement would wait for the answer.</summary>
    [Test]
    public async Task Statement_ThatWaitsForAStart_PassesOnceTheComputeServes_WithoutAnotherQuestion()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        KubernetesApi somebody = rig.Connect("somebody");
        Task ScaleAsync(int replicas) => somebody.PatchAsync(Resources.StatefulSets, FleetRig.Set, Patch.Merge(new() { ["spec"] = new JsonObject { ["replicas"] = replicas } }), default);
        await ScaleAsync(0);
        PlayedGateway a = rig.Add("a");
        await rig.UntilAsync(() => a.SeesZero && a.Fleet.Lease.IsMember);
        var serves = new TaskCompletionSource();
        var answered = new TaskCompletionSource();
        a.ServesAfter = serves.Task;
        rig.Refuses = context =>
        {
            if (FleetRig.IsBy(context, "a") && context.Request is { Method: "GET", Path.Value: $"{FleetRig.Sets}/db" }) context.Response.OnCompleted(() => Task.FromResult(answered.TrySetResult()));
            return Task.FromResult(false);
        };
        a.Statement();
        await ScaleAsync(1);
        await answered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        rig.CutOff("a");
        Assert.That(a.Held, Is.EqualTo(1));
        serves.SetResult();
        await rig.UntilAsync(() => a.Passed == 1);
    }

    /// <summary>WeScale asks for activity every five seconds.</summary>
    [Test]
    public async Task Activity_OfAnotherGateway_IsToldWhenItBegins_AndNotWhenItIsAskedFor()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a", options: FleetRig.Quick with { RenewPeriod = TimeSpan.FromHours(1), SilenceLimit = TimeSpan.FromHours(2) });
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { RenewPeriod = TimeSpan.FromHours(1), SilenceLimit = TimeSpan.FromHours(2) });
        await rig.UntilAsync(() => a.IsOpen && b.IsOpen && a.Fleet.Peers.All.Count == 2);
        b.Running = 3;
        await rig.UntilAsync(() => a.Database.Peers.Activity.Running == 3);
        b.Running = 0;
        b.Statement();
        await rig.UntilAsync(() => a.Database.Peers.Activity is { Running: 0, Statements: 1, QuietMs: >= 0 });
    }

    [Test]
    public async Task Intent_OfALeaderThatDied_IsTakenBackByAStatement()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        await rig.KillAsync(all[0]);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Not.Null);
        all[1].Statement();
        await rig.UntilAsync(() => all[1].Passed == 1);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Null);
    }

    /// <summary>Statements wait for the end of an operator's suspend. That end is the compute at zero, and not the last word of who proposed it.</summary>
    [Test]
    public async Task Intent_OfAnOperator_WhoseLeaderDiedAfterTheStop_HoldsNoStatementOnceTheComputeIsUp()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: true, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        StatefulSet judged = await rig.ReadAsync();
        Assert.That(all[0].Database.WhyNotStop(judged), Is.Null);
        all[1].Statement();
        await all[1].ScaleAsync(judged, 0);
        await rig.KillAsync(all[0]);
        await all[1].WakeAsync();
        await rig.UntilAsync(() => all[1].Passed == 1);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Null);
    }

    /// <summary>Its time is over while nobody can be told so.</summary>
    [Test]
    public async Task Intent_WhoseTimeEndsInAnOutage_IsTakenBackSoonAfterIt()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a");
        await rig.UntilAsync(() => a.Fleet.Election.Current.IsHere && a.IsOpen);
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { IntentLimit = TimeSpan.FromSeconds(6), SilenceLimit = TimeSpan.FromHours(1) });
        await rig.UntilAsync(() => b.IsOpen && a.Fleet.Peers.All.Count == 2);
        Assert.That(await a.Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromMilliseconds(500)), default), Is.Null);
        await rig.KillAsync(a);
        int refused = 0;
        rig.Refuses = context => Task.FromResult(
            FleetRig.IsBy(context, "b") && context.Request is { Method: "PATCH", Path.Value: $"{FleetRig.Sets}/db" } && Interlocked.Increment(ref refused) <= 2 && FleetRig.Unavailable(context));
        await rig.UntilAsync(() => refused > 0);
        long began = TimeProvider.System.GetTimestamp();
        await rig.UntilAsync(() => b.IsOpen);
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(5.5)), "not after its time once more");
    }

    [Test]
    public async Task Intent_OfALeaderThatDied_IsOverAfterItsTime()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a");
        await rig.UntilAsync(() => a.Fleet.Election.Current.IsHere && a.IsOpen);
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { IntentLimit = TimeSpan.FromSeconds(3), SilenceLimit = TimeSpan.FromHours(1) });
        await rig.UntilAsync(() => b.IsOpen && a.Fleet.Peers.All.Count == 2);
        Assert.That(await a.Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(1)), default), Is.Null);
        await rig.KillAsync(a);
        await rig.UntilAsync(() => b.IsOpen);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Null);
    }

    /// <summary>A drain may take as long as it says, and the others' patience begins when that is over.</summary>
    [Test]
    public async Task Intent_IsNotOver_BeforeTheTimeThatItGivesTheDrains()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a");
        await rig.UntilAsync(() => a.Fleet.Election.Current.IsHere && a.IsOpen);
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { IntentLimit = TimeSpan.FromMilliseconds(100) });
        await rig.UntilAsync(() => b.IsOpen && a.Fleet.Peers.All.Count == 2);
        var slow = new TaskCompletionSource();
        a.DrainsAfter = slow.Task;
        Task<string?> agreed = a.Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default);
        await rig.UntilAsync(() => b.DrainsBegun == 1);
        await Task.Delay(500);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Not.Null);
        slow.SetResult();
        Assert.That(await agreed, Is.Null);
    }

    /// <summary>To the gateway that leads now, an intent that it finds is no reason to hurry: who wrote it may be about to stop the compute.</summary>
    [Test]
    public async Task Intent_OfTheLeaderBefore_IsNotTakenBackByTheNextOnesSuspend()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = (await rig.AddAsync("a"))[0];
        // which does not take the other for gone so soon
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { SilenceLimit = TimeSpan.FromHours(1) });
        await rig.UntilAsync(() => b.IsOpen && a.Fleet.Peers.All.Count == 2);
        Assert.That(await a.Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        Guid intent = SuspendIntent.Of(await rig.ReadAsync())!.Id;
        await rig.KillAsync(a);
        await rig.UntilAsync(() => b.Fleet.Election.Current.IsHere);
        Assert.That(await b.SuspendAsync(), Is.EqualTo("gateway a intends to suspend it too"));
        await Task.Delay(300);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync())?.Id, Is.EqualTo(intent));
    }

    /// <summary>A watch is late: it tells of what was there before the intent.</summary>
    [Test]
    public async Task Suspend_WhoseLeaderHearsAnOlderVersion_GoesOn()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        StatefulSet before = await rig.ReadAsync();
        var slow = new TaskCompletionSource();
        all[1].DrainsAfter = slow.Task;
        Task<string?> suspend = all[0].SuspendAsync();
        await rig.UntilAsync(() => all[1].DrainsBegun == 1 && !all[0].IsOpen);
        all[0].Database.Hear(before);
        slow.SetResult();
        Assert.That(await suspend, Is.Null);
    }

    [Test]
    public async Task Promise_IsNotToldAnyMore_WhenItsIntentIsOver_AndADatabaseThatIsServedNoMoreNeither()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        all[1].Statement();
        Assert.That(await all[0].SuspendAsync(), Is.Null);
        await rig.UntilAsync(() => all[0].Fleet.Peers.All["serverless-gateway-b"].Activity!.Count == 1);
        await rig.UntilAsync(() => all[0].Fleet.Peers.All.Values.All(one => one.Promises.Count == 0));
        all[1].Database.Dispose();
        await rig.UntilAsync(() => all[0].Fleet.Peers.All["serverless-gateway-b"].Activity!.Count == 0);
    }

    [Test]
    public async Task Outage_AfterAPromise_HoldsTheStatementUntilTheServerSays()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        rig.CutOff("b");
        all[1].Statement();
        await Task.Delay(500);
        Assert.That(all[1].Held, Is.EqualTo(1), "whether it was stopped is not known");
        rig.Mend("b");
        await rig.UntilAsync(() => all[1].Passed == 1);
    }

    [Test]
    public async Task Outage_WithOpenGates_IsNoticedByNoClient()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        rig.CutOff("a");
        rig.CutOff("b");
        await rig.UntilAsync(() => !all[0].Fleet.Election.Current.IsHere);
        foreach (PlayedGateway one in all) one.Statement();
        Assert.That(all.Select(one => (one.Passed, one.IsOpen)), Is.All.EqualTo((1, true)));
        rig.Mend("a");
        rig.Mend("b");
        await rig.UntilAsync(() => all.Count(one => one.Fleet.Election.Current.IsHere) == 1);
    }
}
