using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Gateways of one database that come, go, and are not heard of: who is waited for, and who leads.</summary>
internal sealed class FleetMembershipTests
{
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

    /// <summary>What is heard while the gateways are listed would be heard of once only.</summary>
    [Test]
    public async Task Gateway_ThatPromises_OrLeaves_WhileTheyAreListed_IsNotWaitedFor()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b", "c");
        await rig.KillAsync(all[2]);
        // its watches were cut, and what it asks for from here on is not for them
        long cut = TimeProvider.System.GetTimestamp();
        await rig.UntilAsync(() => all[0].Fleet.Peers.All["serverless-gateway-b"].HeardAt > cut);
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

    /// <summary>WeScale loses its leader for good.</summary>
    [Test]
    public async Task Leader_ThatLosesItsLeaseAgainAndAgain_IsElectedAgain()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = rig.Add("a", skew: TimeSpan.FromDays(-400)), b = rig.Add("b", skew: TimeSpan.FromDays(400));
        int together = 0;
        foreach (PlayedGateway one in new[] { a, b })
        {
            one.Fleet.Election.Changed += now =>
            {
                if (now.IsHere && a.Fleet.Election.Current.IsHere && b.Fleet.Election.Current.IsHere) Interlocked.Increment(ref together);
            };
        }

        for (int i = 0; i < 3; i++)
        {
            await rig.UntilAsync(() => a.Fleet.Election.Current.IsHere || b.Fleet.Election.Current.IsHere);
            PlayedGateway leader = a.Fleet.Election.Current.IsHere ? a : b, other = leader == a ? b : a;
            rig.CutOff(leader.Fleet.Identity.Replica);
            await rig.UntilAsync(() => !leader.Fleet.Election.Current.IsHere);
            await rig.UntilAsync(() => other.Fleet.Election.Current.IsHere);
            // it stepped down by its own clock, before the other took over
            Assert.That(together, Is.Zero, "two would have led");
            rig.Mend(leader.Fleet.Identity.Replica);
        }
    }

    [Test]
    public async Task Leader_ThatEnds_LetsAnotherLeadAtOnce()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        ElectionOptions patient = FleetRig.Quick.Election with { LeaseDuration = TimeSpan.FromSeconds(30), RenewDeadline = TimeSpan.FromSeconds(20) };
        PlayedGateway[] all = await rig.AddAsync(FleetRig.Quick with { Election = patient }, "a", "b");
        long began = TimeProvider.System.GetTimestamp();
        await all[0].Fleet.LeaveAsync();
        await rig.UntilAsync(() => all[1].Fleet.Election.Current.IsHere);
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(patient.LeaseDuration));
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
