using Microsoft.AspNetCore.Http;
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

    /// <summary>WeScale takes a gateway that does not answer for one without clients.</summary>
    [Test]
    public async Task Gateway_ThatIsNotReached_CountsAsActive_AndNothingIsSuspendedWithoutItsPromise()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        rig.CutOff("b");
        await rig.UntilAsync(() => all[0].Database.Peers.Unknown is ["serverless-gateway-b"]);
        Assert.That(await all[0].SuspendAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(1))), Does.Contain("not all gateways had promised"));
        Assert.That(all[1].IsOpen, Is.True, "its clients notice nothing");
        rig.Mend("b");
        await rig.UntilAsync(() => all[0].Database.Peers.Unknown.Count == 0);
        Assert.That(await all[0].SuspendAsync(), Is.Null);
    }

    /// <summary>Its pod is gone, and the cluster has deleted its Lease.</summary>
    [Test]
    public async Task Gateway_WhoseLeaseIsDeleted_IsNotWaitedFor()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        await rig.KillAsync(all[1]);
        Task<string?> suspend = all[0].SuspendAsync();
        await Task.Delay(200);
        Assert.That(suspend.IsCompleted, Is.False);
        rig.Server.Delete(FleetRig.Leases, "serverless-gateway-b");
        Assert.That(await suspend, Is.Null);
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
    public async Task Gateway_ThatJoinsInTheMiddle_DoesNotOpenItsGate()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        PlayedGateway late = rig.Add("c");
        await rig.UntilAsync(() => late.Fleet.Peers.All.GetValueOrDefault("serverless-gateway-c")?.Promises.Count == 1);
        Assert.That(late.IsOpen, Is.False);
        Assert.That(await all[0].StopAsync(await rig.ReadAsync()), Is.Null);
        Assert.That(late.IsOpen, Is.False);
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
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { IntentLimit = TimeSpan.FromSeconds(3) });
        await rig.UntilAsync(() => b.IsOpen && a.Fleet.Peers.All.Count == 2);
        Assert.That(await a.Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromMilliseconds(500)), default), Is.Null);
        await rig.KillAsync(a);
        int refused = 0;
        rig.Refuses = context => Task.FromResult(
            FleetRig.IsBy(context, "b") && context.Request is { Method: "PATCH", Path.Value: $"{FleetRig.Sets}/db" } && Interlocked.Increment(ref refused) <= 2 && FleetRig.Unavailable(context));
        await rig.UntilAsync(() => refused > 0);
        long began = TimeProvider.System.GetTimestamp();
        await rig.UntilAsync(() => b.IsOpen);
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(2.5)), "not after its time once more");
    }

    [Test]
    public async Task Intent_OfALeaderThatDied_IsOverAfterItsTime()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a");
        await rig.UntilAsync(() => a.Fleet.Election.Current.IsHere && a.IsOpen);
        PlayedGateway b = rig.Add("b", options: FleetRig.Quick with { IntentLimit = TimeSpan.FromSeconds(1) });
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

    /// <summary>What is heard while the gateways are listed would be heard of once only.</summary>
    [Test]
    public async Task Gateway_ThatPromises_OrLeaves_WhileTheyAreListed_IsNotWaitedFor()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b", "c");
        await rig.KillAsync(all[2]);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        all[0].DrainsAfter = all[1].DrainsAfter = asked.Task;
        using var client = new HttpClient { BaseAddress = rig.Server.Address };
        bool isIntended = false;
        rig.Refuses = async context =>
        {
            isIntended |= FleetRig.IsBy(context, "a") && context.Request.Method == "PATCH";
            if (!isIntended || !FleetRig.IsBy(context, "a") || context.Request is not { Method: "GET", Path.Value: FleetRig.Leases } || context.Request.Query["watch"] == "true") return false;
            // what it is answered is as it was when it asked
            string then = await client.GetStringAsync($"{context.Request.Path}{context.Request.QueryString}");
            asked.TrySetResult();
            await listed.Task;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(then);
            return true;
        };
        Task<string?> suspend = all[0].SuspendAsync();
        await rig.UntilAsync(() => all[0].Fleet.Peers.All.Values.Count(one => one.Promises.Count > 0) == 2);
        rig.Server.Delete(FleetRig.Leases, "serverless-gateway-c");
        await rig.UntilAsync(() => all[0].Fleet.Peers.All.Count == 2);
        rig.Refuses = _ => Task.FromResult(false);
        listed.SetResult();
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
    public async Task Suspend_OfADatabaseThatItsGatewayServesNoMore_IsTakenBack_AndNothingIsDoneAfterwards()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        Assert.That(await all[0].Database.ProposeAsync(new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default), Is.Null);
        StatefulSet intended = await rig.ReadAsync();
        all[0].Database.Dispose();
        await rig.UntilAsync(() => all[1].IsOpen);
        Assert.That(SuspendIntent.Of(await rig.ReadAsync()), Is.Null);
        all[1].Database.Dispose();
        var another = new SuspendIntent(Guid.NewGuid(), "a", Process: null, new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)));
        all[1].Database.Hear(intended with { Metadata = intended.Metadata with { Annotations = new Dictionary<string, string> { [FleetNames.Suspend] = another.Text } } });
        await Task.Delay(100);
        Assert.That((all[1].DrainsBegun, all[1].IsOpen), Is.EqualTo((1, true)));
    }

    /// <summary>It is no member that counts as active: the others do not know of it.</summary>
    [Test]
    public async Task Gateway_ThatCannotJoin_KeepsItsGateClosed_AndSaysSo()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = (await rig.AddAsync("a"))[0];
        rig.Refuses = context => Task.FromResult(FleetRig.IsBy(context, "b") && context.Request is { Method: "POST", Path.Value: FleetRig.Leases } && FleetRig.Unavailable(context));
        PlayedGateway b = rig.Add("b");
        await rig.UntilAsync(() => b.Log.Messages.Any(message => message.Contains("its gates stay closed", StringComparison.Ordinal)));
        Assert.That(b.Log.Messages, Has.None.Contains("counts as active"));
        Assert.That(b.IsOpen, Is.False);
        Assert.That(await a.SuspendAsync(), Is.Null);
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

    /// <summary>WeScale loses its leader for good.</summary>
    [Test]
    public async Task Leader_ThatLosesItsLeaseAgainAndAgain_IsElectedAgain()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a", skew: TimeSpan.FromDays(-400)), b = rig.Add("b", skew: TimeSpan.FromDays(400));
        for (int i = 0; i < 3; i++)
        {
            await rig.UntilAsync(() => a.Fleet.Election.Current.IsHere || b.Fleet.Election.Current.IsHere);
            PlayedGateway leader = a.Fleet.Election.Current.IsHere ? a : b, other = leader == a ? b : a;
            Assert.That(other.Fleet.Election.Current.IsHere, Is.False);
            rig.CutOff(leader.Fleet.Identity.Replica);
            // it steps down by its own clock, before the other takes over
            await rig.UntilAsync(() => !leader.Fleet.Election.Current.IsHere);
            Assert.That(other.Fleet.Election.Current.IsHere, Is.False, "two would have led");
            await rig.UntilAsync(() => other.Fleet.Election.Current.IsHere);
            rig.Mend(leader.Fleet.Identity.Replica);
        }
    }

    [Test]
    public async Task Leader_ThatEnds_LetsAnotherLeadAtOnce()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        long began = TimeProvider.System.GetTimestamp();
        await all[0].Fleet.LeaveAsync();
        await rig.UntilAsync(() => all[1].Fleet.Election.Current.IsHere);
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(FleetRig.Quick.Election.LeaseDuration));
        await rig.UntilAsync(() => all[1].Fleet.Peers.All.Count == 1);
        Assert.That(await all[1].SuspendAsync(), Is.Null, "who left is not waited for");
    }

    [Test]
    public async Task Gateway_WhoseLeaseAnotherProcessTook_ClosesItsGateUntilItHasOneAgain()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        bool mayJoin = false;
        rig.Refuses = context => Task.FromResult(!Volatile.Read(ref mayJoin) && FleetRig.IsBy(context, "b") && context.Request is { Method: "POST", Path.Value: FleetRig.Leases } && FleetRig.Unavailable(context));
        all[1].Running = 1;
        rig.Server.Delete(FleetRig.Leases, "serverless-gateway-b");
        await rig.UntilAsync(() => all[1].Log.Messages.Any(message => message.Contains("is not this gateway's any more: it was deleted", StringComparison.Ordinal)));
        await rig.UntilAsync(() => !all[1].IsOpen);
        Assert.That(all[1].Broken, Is.EqualTo(1), "nobody would wait for what runs there");
        all[1].Statement();
        await Task.Delay(300);
        Assert.That((all[1].Held, all[1].IsOpen), Is.EqualTo((1, false)));
        Volatile.Write(ref mayJoin, true);
        await rig.UntilAsync(() => all[1].Passed == 1);
        Assert.That(await all[0].SuspendAsync(), Is.Null);
    }
}
