using System.Text.Json.Nodes;
using Serverless.Host.Control.Audit;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Several gateways of one database, as users run them: one leads, any wakes, and no statement is lost to a suspend.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HostFleetTests
{
    [Test]
    public async Task OneLeads_AnyWakes_AndALeaderThatIsKilledIsReplaced()
    {
        await using HostFleetRig rig = await HostFleetRig.StartAsync();
        (GatewayProcess a, GatewayProcess b) = await rig.AddTwoAsync();
        using ClientProcess client = ClientProcess.MariaDb(b);
        Assert.That(await HostFleetRig.AskAsync(client, "served"), Is.EqualTo("served"));
        await rig.AsleepAsync();
        Assert.That(Stops(b), Is.Zero, "the one that does not lead suspends nothing");
        // one after the other, with no time between to fall asleep in
        await client.SendAsync("SELECT 'woken'; SELECT SLEEP(6); BEGIN; SELECT 'in a transaction';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("woken"), "and wakes");
        await a.WaitForPhaseAsync("running");
        await rig.StaysAwakeAsync(2.5);
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("0"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("in a transaction"));
        await rig.StaysAwakeAsync(2);

        await rig.KillAsync("a");
        await rig.LeadsAsync(b);
        await client.SendAsync("COMMIT; SELECT 'done';");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("done"));
        await rig.StaysAwakeAsync(2.5);
        string status = (await b.StatusAsync()).ToJsonString();
        Assert.That((string?)(await HostFleetRig.FleetAsync(b))["gateways"]![0]!["replica"], Is.EqualTo("a"), status);
        Assert.That((bool)(await HostFleetRig.FleetAsync(b))["gateways"]![0]!["isKnown"]!, Is.False, "who is not heard of counts as active");
        Assert.That(await b.Admin.GetStringAsync("/metrics"), Does.Contain("serverless_fleet_leads{database=\"default\"} 1\n").And.Contain("serverless_fleet_gateways_unknown{database=\"default\"} 1\n"));
        rig.Server.Delete(FleetRig.Leases, "serverless-gateway-a");
        await rig.AsleepAsync();
        Assert.That(await HostFleetRig.AskAsync(client, "woken again"), Is.EqualTo("woken again"));
    }

    [Test]
    public async Task OperatorsWordAtAnyGateway_HoldsEverywhere_AndIsHandedOverWithTheLease()
    {
        await using HostFleetRig rig = await HostFleetRig.StartAsync();
        (GatewayProcess a, GatewayProcess b) = await rig.AddTwoAsync(idle: 600);
        // whichever gateway an operator's Service leads to
        await AnsweredAsync(b.CommandAsync("suspend"), "suspended");
        Assert.That(rig.Played.Replicas, Is.Zero);
        await rig.AsleepAsync();
        await AnsweredAsync(b.CommandAsync("pause"), "suspended");
        Assert.That(((bool)(await a.StatusAsync())["paused"]!, (bool)(await b.StatusAsync())["paused"]!), Is.EqualTo((true, true)), "it is paused at both gateways");
        using ClientProcess client = ClientProcess.MariaDb(b);
        await client.SendAsync("SELECT 'refused';");
        await rig.HoldsAsync(() => Task.FromResult(client.Errors.Contains("paused", StringComparison.Ordinal)), "the statement is refused");

        Assert.That(await a.TerminateAsync(), Is.Zero);
        Assert.That(rig.Server.Find($"{FleetRig.Leases}/serverless-gateway-a"), Is.Null, "nobody waits for it any more");
        Assert.That(rig.Server.Find($"{FleetRig.Leases}/serverless-leader")!["spec"]!["holderIdentity"]?.ToString(), Does.Not.StartWith("a_"), "its lead is given back");
        await rig.LeadsAsync(b);
        await rig.HoldsAsync(async () => (await b.CommandAsync("unpause")).IsSuccessStatusCode, "the new leader takes commands");
        Assert.That((bool)(await b.StatusAsync())["paused"]!, Is.False);
        using ClientProcess woken = ClientProcess.MariaDb(b);
        Assert.That(await HostFleetRig.AskAsync(woken, "woken"), Is.EqualTo("woken"));
        await b.TerminateAsync();
        IReadOnlyList<string> audit = AuditLog.AuditFiles(Path.Combine(b.Data, "default", "audit"));
        Assert.That(audit, Has.Count.EqualTo(2), "with the lead it took over a state, which begins another file");
        foreach (string file in audit) Assert.That((await AuditReplay.RunAsync(file, default)).Differences, Is.Empty);
    }

    [Test]
    public async Task ApiServerThatIsAway_DisturbsNobody_DepositsTheLeader_AndSuspendsNothing()
    {
        await using HostFleetRig rig = await HostFleetRig.StartAsync();
        (GatewayProcess a, GatewayProcess b) = await rig.AddTwoAsync(idle: 2.5);
        using ClientProcess one = ClientProcess.MariaDb(a), other = ClientProcess.MariaDb(b);
        Assert.That(await HostFleetRig.AskAsync(one, "served"), Is.EqualTo("served"));
        Assert.That(await HostFleetRig.AskAsync(other, "served"), Is.EqualTo("served"));
        // running
        rig.CutOff();
        for (int i = 0; i < 12; i++)
        {
            Assert.That(await HostFleetRig.AskAsync(one, $"{i}", 15), Is.EqualTo($"{i}"));
            Assert.That(await HostFleetRig.AskAsync(other, $"{i}", 15), Is.EqualTo($"{i}"));
            await Task.Delay(i == 6 ? 3500 : 150);
        }

        Assert.That(await HostFleetRig.IsLeaderAsync(a) || await HostFleetRig.IsLeaderAsync(b), Is.False, "it steps down");
        Assert.That(rig.Played.Replicas, Is.EqualTo(1));
        rig.Mend();
        await rig.HoldsAsync(async () => await HostFleetRig.IsLeaderAsync(a) || await HostFleetRig.IsLeaderAsync(b), "one leads again");
        await rig.AsleepAsync();
        // asleep
        rig.CutOff();
        await other.SendAsync("SELECT 'woken';");
        Task<string> woken = other.ReadLineAsync(60);
        await Task.Delay(1000);
        Assert.That(woken.IsCompleted, Is.False);
        rig.Mend();
        Assert.That(await woken, Is.EqualTo("woken"));
        // with an intent written, and nobody sure of what comes of it
        var intended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Refuses = context =>
        {
            if (!rig.Server.Find(PlayedSet.PathOfSet)!.ToJsonString().Contains("serverless.mysql/suspend\"", StringComparison.Ordinal)) return Task.FromResult(false);
            intended.TrySetResult();
            context.Abort();
            return Task.FromResult(true);
        };
        await intended.Task.WaitAsync(TimeSpan.FromSeconds(40));
        rig.Server.CutWatches();
        await one.SendAsync("SELECT 'one';");
        await other.SendAsync("SELECT 'other';");
        await Task.Delay(1500);
        Assert.That(rig.Played.Replicas, Is.EqualTo(1));
        rig.Refuses = _ => Task.FromResult(false);
        Assert.That((await one.ReadLineAsync(), await other.ReadLineAsync()), Is.EqualTo(("one", "other")));
    }

    private static async Task AnsweredAsync(Task<HttpResponseMessage> command, string phase)
    {
        using HttpResponseMessage answer = await command;
        string text = await answer.Content.ReadAsStringAsync();
        Assert.That(answer.IsSuccessStatusCode, text);
        Assert.That((string?)JsonNode.Parse(text)!["phase"], Is.EqualTo(phase), "what was asked for has come about, and is known here");
    }

    private static int Stops(GatewayProcess gateway) => gateway.StatusAsync().Result["compute"]!["stops"]!.GetValue<int>();
}
