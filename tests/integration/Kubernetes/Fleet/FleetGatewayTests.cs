using System.Net;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Gateway;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Control;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>The gate that a controller drives, as one of several, and what is kept for the next leader.</summary>
internal sealed class FleetGatewayTests
{
    private static readonly BackendAddress Backend = new(UnixSocket: null, new IPEndPoint(IPAddress.Loopback, 1), ReadsProxyHeader: false);
    private static readonly BackendAddress Other = new(UnixSocket: null, new IPEndPoint(IPAddress.Loopback, 2), ReadsProxyHeader: false);
    private static readonly DrainRequest Gently = new(ByOperator: false, null, null, TimeSpan.FromSeconds(20));

    [Test]
    public async Task Gate_ThatTheControllerOpens_IsOpenWhenTheFleetAgrees_AndReadsWhatAllDo()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway other = (await rig.AddAsync("a"))[0];
        var own = new FakeGateway(new CallLog());
        await using GatewayFleet fleet = Join(rig, "b");
        using var gate = new FleetGateway(own, fleet, FleetRig.Set, TimeProvider.System);
        gate.Open(Backend);
        await rig.UntilAsync(() => own.IsOpen && other.IsOpen && gate.Read().UnknownPeers == 0 && fleet.Peers.All.Count == 2);
        other.Running = 2;
        await rig.UntilAsync(() => gate.Read().Running == 2);
        Assert.That((await gate.DrainAsync(Gently, default)).Refused, Does.StartWith("gateway a_").And.Contain("leads"));
        Assert.That(own.IsOpen, Is.True);
        rig.CutOff("a");
        await rig.UntilAsync(() => gate.Read().UnknownPeers == 1);
    }

    [Test]
    public async Task Statement_ThatWasNotToldOfYet_RefusesASuspendOfAnother()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a");
        var own = new FakeGateway(new CallLog());
        // it tells of nothing after the first time
        await using GatewayFleet fleet = Join(rig, "b", FleetRig.Quick with { ActivityPeriod = TimeSpan.FromHours(1), RenewPeriod = TimeSpan.FromHours(1), SilenceLimit = TimeSpan.FromHours(1) });
        using var gate = new FleetGateway(own, fleet, FleetRig.Set, TimeProvider.System);
        gate.Open(Backend);
        await rig.UntilAsync(() => own.IsOpen && all[0].Fleet.Peers.All.Count == 2);
        own.RunStatement();
        gate.Fleet.Hear(await rig.ReadAsync());
        Task<string?> suspend = all[0].SuspendAsync();
        await HearingAsync(rig, gate, suspend);
        Assert.That(await suspend, Does.Contain("b: a statement ended that had not been told of yet"));
        Assert.That(own.IsOpen, Is.True);
    }

    [Test]
    public async Task Suspend_ThatAllAgreeOn_ClosesThisGate_AndAHeldStatementTakesItBack()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a");
        var own = new FakeGateway(new CallLog());
        await using GatewayFleet fleet = Join(rig, "b");
        using var gate = new FleetGateway(own, fleet, FleetRig.Set, TimeProvider.System);
        int held = 0;
        gate.StatementHeld += () => held++;
        gate.Open(Backend);
        await rig.UntilAsync(() => own.IsOpen && all[0].Fleet.Peers.All.Count == 2);
        Task<string?> agreed = all[0].Database.ProposeAsync(new(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default);
        await HearingAsync(rig, gate, agreed);
        Assert.That((await agreed, own.IsOpen), Is.EqualTo(((string?)null, false)));
        own.HoldStatement();
        await rig.UntilAsync(() => own.IsOpen);
        Assert.That(held, Is.EqualTo(1));
        Assert.That(all[0].Database.WhyNotStop(await rig.ReadAsync()), Does.Contain("b: a statement waits"));
    }

    /// <summary>A gate that its controller or a drain moved by itself would be open while its guard has it shut.</summary>
    [Test]
    public async Task Gate_IsMovedByItsGuardAlone()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a");
        var own = new FakeGateway(new CallLog());
        await using GatewayFleet fleet = Join(rig, "b");
        using var gate = new FleetGateway(own, fleet, FleetRig.Set, TimeProvider.System);
        gate.Open(Backend);
        await rig.UntilAsync(() => own.IsOpen && all[0].Fleet.Peers.All.Count == 2);
        gate.Open(Other);
        Assert.That(own.Backend, Is.EqualTo(Other), "the compute is at another address");
        var drain = new TaskCompletionSource<DrainResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        own.Drain = (_, _) => drain.Task;
        Task<string?> agreed = all[0].Database.ProposeAsync(new(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default);
        await HearingAsync(rig, gate, Task.Run(() => rig.UntilAsync(() => own.DrainsBegun == 1)));
        gate.Open(Backend);
        Assert.That(own.Backend, Is.EqualTo(Other), "not while it is drained for an intent");
        drain.SetResult(new DrainResult(null));
        await HearingAsync(rig, gate, agreed);
        gate.Open(Backend);
        Assert.That((await agreed, own.IsOpen), Is.EqualTo(((string?)null, false)));
        own.HoldStatement();
        await rig.UntilAsync(() => own.IsOpen);
        Assert.That(own.Backend, Is.EqualTo(Backend));
        gate.Close("it is gone");
        Assert.That(own.IsOpen, Is.False);
    }

    /// <summary>A gateway that starts again begins to count at nothing.</summary>
    [Test]
    public async Task Totals_OfAllGateways_RiseOn_WhenOneIsGone()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway other = (await rig.AddAsync("a"))[0];
        var own = new FakeGateway(new CallLog());
        await using GatewayFleet fleet = Join(rig, "b");
        using var gate = new FleetGateway(own, fleet, FleetRig.Set, TimeProvider.System);
        for (int i = 0; i < 3; i++) other.Statement();
        await rig.UntilAsync(() => gate.Read().StatementsTotal == 3);
        await rig.KillAsync(other);
        rig.Server.Delete(FleetRig.Leases, "serverless-gateway-a");
        await rig.UntilAsync(() => fleet.Peers.All.Count == 1);
        Assert.That(gate.Read().StatementsTotal, Is.EqualTo(3));
        own.RunStatement();
        Assert.That(gate.Read().StatementsTotal, Is.EqualTo(4));
    }

    [Test]
    public void Totals_NeverFall_AndCountNoProcessTwice()
    {
        var totals = new FleetTotals();
        PeerCount before = new("a_1", 60, TimeSpan.FromSeconds(6)), again = new("a_2", 1, TimeSpan.FromSeconds(1));
        Assert.That(totals.Of(Counted(40, 4), [before]), Is.EqualTo(Counted(100, 10)));
        Assert.That(totals.Of(Counted(41, 5), []), Is.EqualTo(Counted(101, 11)), "it is gone");
        Assert.That(totals.Of(Counted(41, 5), [before]), Is.EqualTo(Counted(101, 11)), "its Lease had been deleted while it ran");
        Assert.That(totals.Of(Counted(41, 5), [before with { Statements = 0, Latency = default }]), Is.EqualTo(Counted(101, 11)), "it does not tell of a database that it opens again");
        Assert.That(totals.Of(Counted(41, 5), [again]), Is.EqualTo(Counted(102, 12)), "started anew it begins at nothing");
        Assert.That(totals.Of(Counted(41, 5), [again with { Statements = 3 }]).Statements, Is.EqualTo(104));
        Assert.That(totals.Risen, Is.EqualTo(Counted(2, 0)), "what they had counted when they were heard of first ended before");
        for (int i = 0; i < 2 * FleetTotals.MostProcesses; i++) totals.Of(Counted(41, 5), [new PeerCount($"b_{i}", 1, default)]);
        Assert.That(totals.Of(Counted(41, 5), []).Statements, Is.EqualTo(104 + (2 * FleetTotals.MostProcesses)));
    }

    private static StatementCount Counted(long statements, int seconds) => new(statements, TimeSpan.FromSeconds(seconds));

    [Test]
    public async Task State_IsWrittenByTheLeaderAlone_AndNeverOverALaterTerm()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway[] all = await rig.AddAsync("a", "b");
        var maps = all.Select(one => new StateMap(one.Fleet.States, FleetRig.Set, () => one.Fleet.Election.Current)).ToArray();
        Assert.That(await maps[0].ReadAsync(default), Is.Null);
        Assert.That(await maps[0].WriteAsync("one", term: null, default), Is.True);
        Assert.That(await maps[1].WriteAsync("two", term: null, default), Is.False);
        Assert.That(await maps[1].ReadAsync(default), Is.EqualTo("one"));
        var before = all[0].Fleet.Election.Current;
        var stale = new StateMap(all[0].Fleet.States, FleetRig.Set, () => before);
        await all[0].Fleet.LeaveAsync();
        await rig.UntilAsync(() => all[1].Fleet.Election.Current.IsHere);
        Assert.That(await maps[1].WriteAsync("three", term: null, default), Is.True);
        Assert.That(await stale.WriteAsync("four", term: null, default), Is.False, "a leader that does not know yet that it is none");
        Assert.That(await maps[1].WriteAsync("five", StateMap.TermOf(before), default), Is.False, "what was so in an earlier term of another");
        Assert.That(await maps[1].ReadAsync(default), Is.EqualTo("three"));
    }

    /// <summary>Promises are by StatefulSet: a second database's would be taken for the first's.</summary>
    [Test]
    public async Task StatefulSet_IsAddedOnce_UntilItIsLeft()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        await using GatewayFleet fleet = Join(rig, "one");
        using (var first = new FleetGateway(new FakeGateway(new CallLog()), fleet, FleetRig.Set, TimeProvider.System))
        {
            Assert.That(() => new FleetGateway(new FakeGateway(new CallLog()), fleet, FleetRig.Set, TimeProvider.System), Throws.InvalidOperationException.With.Message.Contains("already"));
        }

        using var again = new FleetGateway(new FakeGateway(new CallLog()), fleet, FleetRig.Set, TimeProvider.System);
    }

    private static GatewayFleet Join(FleetRig rig, string name, FleetOptions? options = null)
    {
        var fleet = new GatewayFleet(
            rig.Connect(name), new FleetNames("default"), new(name, $"{name}_{Guid.NewGuid():N}", Owner: null), DoubleRig.Quick, options ?? FleetRig.Quick, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        fleet.Start();
        return fleet;
    }

    /// <summary>Nobody watches for this gate, so it is told what is there.</summary>
    private static async Task HearingAsync(FleetRig rig, FleetGateway gate, Task until)
    {
        while (!until.IsCompleted)
        {
            gate.Fleet.Hear(await rig.ReadAsync());
            await Task.Delay(20);
        }
    }
}
