using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A StatefulSet as a compute, in the double of a cluster, with a real engine behind the pod's address.</summary>
internal sealed class KubernetesComputeTests
{
    [Test]
    public async Task Stopped_IsAtZero_AndStartedItAnswersWithItsData()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        ComputeView view = await rig.ServesAsync();
        Assert.That((view.Size, view.Address!.Tcp), Is.EqualTo((ComputeRig.Small, (IPEndPoint?)rig.Set.Engine.TcpAddress)));
        await rig.AskAsync("CREATE DATABASE kept");
        Assert.That(await rig.Compute.WhyNotStopAsync(default), Is.Null);
        Assert.That(await rig.Compute.FindForeignWorkAsync(default), Is.Null);
        EffectResult stopped = await rig.Compute.StopAsync(hurry: false, default);
        Assert.That(stopped, Is.InstanceOf<EffectResult.Done>(), $"{stopped}");
        Assert.That(rig.Set.Replicas, Is.Zero);
        Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Gone));
        await rig.Set.GoneAsync();
        EffectResult started = await rig.Compute.StartAsync(ComputeRig.Small, default);
        Assert.That(started, Is.InstanceOf<EffectResult.Done>(), $"{started}");
        Assert.That(rig.Set.Replicas, Is.EqualTo(1));
        Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving));
        Assert.That(await rig.AskAsync("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'kept'"), Is.EqualTo("1"));
        Assert.That(rig.Crashes, Is.Empty, "an end that was asked for is no crash");
        await UntilAsync(() => rig.Events().Count() >= 2, () => string.Join("; ", rig.Events()));
        Assert.That(rig.Events().Select(one => one.Reason), Is.EqualTo(new[] { "Suspended", "Resumed" }));
    }

    [Test]
    public async Task Started_WhileThePodIsStillEnding_WaitsForTheNextOne()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        var breath = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Set.LastBreath = breath.Task;
        await rig.Compute.StopAsync(hurry: false, default);
        Assert.That(rig.Set.Pod(0), Is.Not.Null, "a stop does not wait for the last breath of it");
        string before = rig.Set.Pod(0)!["metadata"]!["uid"]!.ToString();
        Task<EffectResult> start = rig.Compute.StartAsync(ComputeRig.Small, default).AsTask();
        await UntilAsync(() => rig.Set.Replicas == 1, () => "it is not scaled up");
        await Task.Delay(200);
        Assert.That(start.IsCompleted, Is.False, "the engine that ends still answers");
        breath.SetResult();
        Assert.That(await start, Is.InstanceOf<EffectResult.Done>());
        Assert.That(rig.Set.Pod(0)!["metadata"]!["uid"]!.ToString(), Is.Not.EqualTo(before));
    }

    [Test]
    public async Task Size_OfTheNextStart_IsInTheTemplateWhileThereIsNoPod()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        await rig.Compute.StopAsync(hurry: false, default);
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Large, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That((await rig.Compute.ObserveAsync(default)).Size, Is.EqualTo(ComputeRig.Large));
        Assert.That(await rig.AskAsync("SELECT @@innodb_buffer_pool_size > 400 * 1024 * 1024") is "1" || await PoolGrowsAsync(rig), Is.True, "the buffer pool follows");
        Assert.That(rig.Server.Find(PlayedSet.PathOfSet)!["spec"]!["template"]!["spec"]!["containers"]![0]!["volumeMounts"], Is.Not.Null, "nothing else of the container is touched");
    }

    [Test]
    public async Task ThreeReplicas_AreThreeAgain()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["replicas"] = 3);
        await rig.ServesAsync();
        await UntilAsync(() => rig.Set.Pod(2) is not null, () => "the third pod does not come");
        await rig.Compute.StopAsync(hurry: false, default);
        Assert.That(rig.Set.Replicas, Is.Zero);
        // another gateway, which never saw it run
        await rig.Compute.DisposeAsync();
        await rig.Set.GoneAsync();
        await rig.OpenAsync();
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That(rig.Set.Replicas, Is.EqualTo(3));
    }

    [TestCase("emptyDir", "an emptyDir")]
    [TestCase("whenScaled", "whenScaled: Delete")]
    [TestCase("grace", "terminationGracePeriodSeconds")]
    public async Task Data_ThatWouldBeLost_RefusesTheStop(string kind, string reason)
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set =>
        {
            JsonNode spec = set["spec"]!, pod = spec["template"]!["spec"]!;
            if (kind == "whenScaled") spec["persistentVolumeClaimRetentionPolicy"] = new JsonObject { ["whenScaled"] = "Delete" };
            else if (kind == "grace") pod["terminationGracePeriodSeconds"] = 1;
            else
            {
                spec["volumeClaimTemplates"] = new JsonArray();
                pod["volumes"] = new JsonArray(new JsonObject { ["name"] = "data", ["emptyDir"] = new JsonObject() });
            }
        });
        await rig.ServesAsync();
        Assert.That(await rig.Compute.WhyNotStopAsync(default), Does.Contain(reason));
        Assert.That(await rig.Compute.WhyNotStopAsync(default), Does.Contain(reason));
        EffectResult stopped = await rig.Compute.StopAsync(hurry: true, default);
        Assert.That((stopped as EffectResult.Infeasible)?.Reason, Does.Contain(reason));
        Assert.That(rig.Set.Replicas, Is.EqualTo(1));
        await UntilAsync(() => rig.Events().Count() >= 2, () => string.Join("; ", rig.Events()));
        Assert.That(rig.Events().Select(one => one.Reason), Is.EqualTo(new[] { "SuspendRefused", "SuspendFailed" }), "the same is told once");
    }

    [Test]
    public async Task Storage_ThatIsTrusted_IsNotLookedAt()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["volumeClaimTemplates"] = new JsonArray(), options => options with { TrustsStorage = true });
        await rig.ServesAsync();
        Assert.That(await rig.Compute.WhyNotStopAsync(default), Is.Null);
    }

    [Test]
    public async Task WorkOfOthers_IsFound_AndTheGatewaysOwnAccountIsNot()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        await rig.AskAsync("GRANT ALL ON *.* TO mallory@'127.0.0.1' IDENTIFIED BY 'secret'");
        await using EngineSql idleGateway = rig.Connect();
        await idleGateway.QueryAsync("SELECT 1", default);
        Assert.That(await rig.Compute.FindForeignWorkAsync(default), Is.Null, "another gateway's own connection");
        await using EngineSql backup = rig.Connect();
        string? id = (await backup.QueryAsync("SELECT CONNECTION_ID()", default)).Scalar;
        Task running = backup.QueryAsync("SELECT SLEEP(600)", default);
        string? work = null;
        await Eventually.HoldsAsync(
            async () => (work = await rig.Compute.FindForeignWorkAsync(default)) is not null, TimeSpan.FromSeconds(60), () => Task.FromResult("a statement that somebody runs by that account is found"));
        Assert.That(work, Does.Contain("SELECT SLEEP(600)"));
        await rig.AskAsync($"KILL QUERY {id}");
        await Assert.ThatAsync(() => running, Throws.Exception);

        await using EngineSql mallory = rig.Connect("mallory", "secret");
        await mallory.QueryAsync("SELECT 1", default);
        Assert.That(await rig.Compute.FindForeignWorkAsync(default), Does.Contain("mallory"));
    }

    /// <summary>The commonest name of a migration: the same StatefulSet in the namespace, or the cluster, that one comes from.</summary>
    [Test]
    public async Task Source_OfTheSameNameElsewhere_IsWorkOfOthers()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        await rig.AskAsync("CHANGE MASTER TO MASTER_HOST = 'db-0.db.old-namespace.svc', MASTER_USER = 'replicator', MASTER_PASSWORD = 'secret'");
        await rig.AskAsync("START SLAVE");
        try
        {
            Assert.That(await rig.Compute.FindForeignWorkAsync(default), Does.Contain("it replicates from db-0.db.old-namespace.svc"));
        }
        finally
        {
            await rig.AskAsync("STOP SLAVE");
        }
    }

    /// <summary>After a failover the pod lives on, as a replica of the new primary.</summary>
    [Test]
    public async Task Primary_ThatBecomesAReplica_IsLeftForTheOneThatTakesWrites()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["replicas"] = 2, options => options with { RolePause = TimeSpan.FromMilliseconds(20) });
        using MariaDbServer other = await MariaDbServer.StartAsync("--bind-address=127.0.0.2", $"--port={rig.Set.Port}", "--read-only=1");
        rig.Set.AddressOf = ordinal => $"127.0.0.{ordinal + 1}";
        rig.Set.Engines = 2;
        await UntilAsync(() => rig.Set.Pod(1)?["status"]?["podIP"] is not null, () => "the second pod does not come");
        Assert.That((await rig.ServesAsync()).Address!.Tcp!.Address, Is.EqualTo(IPAddress.Loopback));
        await rig.AskAsync("SET GLOBAL read_only = 1");
        for (int looks = 0; looks < 20; looks++)
        {
            await Task.Delay(25);
            Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving), "while nobody takes writes it can at least be read");
        }

        await using EngineSql sql = rig.Connect(address: "127.0.0.2");
        await sql.QueryAsync("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'nobody'", default);
        await sql.QueryAsync("SET GLOBAL read_only = 0", default);
        for (int looks = 0; looks < 20; looks++)
        {
            await Task.Delay(25);
            Assert.That((await rig.Compute.ObserveAsync(default)).State, Is.EqualTo(ComputeState.Serving), "one whose replication is only stopped is no primary");
        }

        await sql.QueryAsync("RESET SLAVE ALL", default);
        await UntilAsync(() => rig.Compute.ObserveAsync(default).AsTask().Result.State != ComputeState.Serving || rig.Crashes.Count > 0, () => "sessions stay on a pod that takes no writes any more");
        await UntilAsync(() => rig.Crashes.Count > 0, () => "it was not told");
        Assert.That(rig.Crashes[0], Is.EqualTo("pod db-0 takes no writes any more, and db-1 does"));
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That((await rig.Compute.ObserveAsync(default)).Address!.Tcp!.Address, Is.EqualTo(IPAddress.Parse("127.0.0.2")));
    }

    [Test]
    public async Task Pods_ThatCannotBeAsked_Refuse()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["replicas"] = 2);
        await rig.ServesAsync();
        await UntilAsync(() => rig.Set.Pod(1) is not null, () => "the second pod does not come");
        await UntilAsync(() => rig.Compute.FindForeignWorkAsync(default).AsTask().Result is null, () => "nothing has run in a pod that waits for its node");
        rig.Server.Change(PlayedSet.PathOfPod(1), pod => pod["status"] = new JsonObject { ["phase"] = "Running" });
        await UntilAsync(() => rig.Compute.FindForeignWorkAsync(default).AsTask().Result is not null, () => "a pod that runs, and whose address is not known, was passed over");
        Assert.That(await rig.Compute.FindForeignWorkAsync(default), Does.Contain("pod db-1: it could not be asked"));
        rig.Set.IsAsleep = true;
        rig.Server.Delete(PlayedSet.PathOfPod(1)[..PlayedSet.PathOfPod(1).LastIndexOf('/')], "db-1");
        string? why = null;
        await UntilAsync(() => (why = rig.Compute.FindForeignWorkAsync(default).AsTask().Result)?.Contains("db-1", StringComparison.Ordinal) == false, () => $"it is still seen: {why}");
        Assert.That(why, Does.Contain("of the 2 pods that StatefulSet default/db wants 1 could be asked"));
    }

    [Test]
    public async Task GatewaysAccount_IsNoClients()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        Assert.That((await rig.Compute.ReadAccountsAsync(default)).Accounts.Select(one => one.User), Has.No.Member("root"));
    }

    [Test]
    public async Task Pod_ThatIsDeletedByHand_IsACrash_AndTheNextOneServes()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        rig.Set.DeletePod(0);
        await UntilAsync(() => rig.Crashes.Count == 1, () => $"no crash was told; {string.Join("; ", rig.Log.Messages)}");
        Assert.That(rig.Crashes[0], Does.Contain("db-0"));
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
        Assert.That(await rig.AskAsync("SELECT 1"), Is.EqualTo("1"));
    }

    [Test]
    public async Task Engine_ThatDiesInItsPod_IsACrash()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        rig.Set.KillEngine();
        await UntilAsync(() => rig.Crashes.Count == 1, () => "no crash was told");
        Assert.That(rig.Crashes[0], Does.Contain("The container mysql of the pod db-0 ended"));
        Assert.That(await rig.Compute.StartAsync(ComputeRig.Small, default), Is.InstanceOf<EffectResult.Done>());
    }

    [Test]
    public async Task Scaled_ByHand_IsRespectedAndTold()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        int before = rig.Changes;
        rig.Set.Scale(2);
        await rig.SeenAsync(view => view.State == ComputeState.Serving && view.Detail?.Contains("2 replicas", StringComparison.Ordinal) == true);
        await UntilAsync(() => rig.Changes > before, () => "no change was told");
        before = rig.Changes;
        int lost = -1;
        rig.Server.Instead = context =>
        {
            if (HttpMethods.IsGet(context.Request.Method) && context.Request.Path.Value == PlayedSet.PathOfSet && lost < 0) lost = rig.Losses;
            return Task.FromResult(false);
        };
        rig.Set.Scale(0);
        await UntilAsync(() => rig.Changes > before, () => "no change was told");
        await rig.IsAsync(ComputeState.Gone);
        await UntilAsync(() => lost >= 0, () => "nobody asked who did it");
        Assert.That(lost, Is.EqualTo(1), "that it is gone is told before it is asked who did it");
        await rig.Set.GoneAsync();
        Assert.That(rig.Crashes, Is.Empty, "somebody's hand is no crash");
        Assert.That(rig.Set.Replicas, Is.Zero, "and is not fought");
        await rig.Compute.StartAsync(ComputeRig.Small, default);
        Assert.That(rig.Set.Replicas, Is.EqualTo(2), "what it had last");
    }

    [Test]
    public async Task ScaledUp_ByHandWhileItSlept_IsFound()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        await rig.Compute.StopAsync(hurry: false, default);
        await rig.Set.GoneAsync();
        int before = rig.Changes;
        rig.Set.Scale(1);
        await UntilAsync(() => rig.Changes > before && rig.Set.Pod(0)?["status"]?["podIP"] is not null, () => "no change was told");
        await rig.ServesAsync();
    }

    [Test]
    public async Task StatefulSet_ThatIsDeleted_IsGone_AndItsStartFailsWithTheReason()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync();
        await rig.ServesAsync();
        rig.Server.Delete(PlayedSet.PathOfSet[..PlayedSet.PathOfSet.LastIndexOf('/')], PlayedSet.Name);
        await rig.IsAsync(ComputeState.Gone);
        Assert.That((await rig.Compute.StartAsync(ComputeRig.Small, default) as EffectResult.Failed)?.Reason, Does.Contain("there is no StatefulSet default/db"));
        Assert.That(await rig.Compute.WhyNotStopAsync(default), Does.Contain("there is no StatefulSet default/db"));
        Assert.That(await rig.Compute.StopAsync(hurry: false, default), Is.InstanceOf<EffectResult.Done>());
    }

    [Test]
    public async Task Start_ThatComesToNothing_SaysWhatTheClusterSays()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(with: options => options with { StartLimit = TimeSpan.FromSeconds(3) });
        await rig.ServesAsync();
        await rig.Compute.StopAsync(hurry: false, default);
        await rig.Set.GoneAsync();
        rig.Set.IsAsleep = true;
        string reason = ((EffectResult.Failed)await rig.Compute.StartAsync(ComputeRig.Small, default)).Reason;
        Assert.That(reason, Does.Contain("no pod of StatefulSet default/db answered within 3 s").And.Contain("has no pod yet"));
    }

    [Test]
    public async Task Account_ThatIsRefused_IsSaid()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(with: options => options with { Password = "wrong", RefusalLimit = TimeSpan.FromMilliseconds(200) });
        string reason = ((EffectResult.Failed)await rig.Compute.StartAsync(ComputeRig.Small, default)).Reason;
        Assert.That(reason, Does.Contain("refuses the gateway's own account `root`"));
    }

    [Test]
    public void StatefulSet_ThatIsNotThere_IsSaidBeforeAnythingElse() => Assert.That(
        async () =>
        {
            await using ComputeRig rig = await ComputeRig.StartAsync(with: options => options with { StatefulSet = "other" });
        },
        Throws.InstanceOf<ComputeException>().With.Message.Contains("expected a StatefulSet default/other").And.Message.Contains("kubernetes:statefulSet"));

    [TestCase("statefulsets")]
    [TestCase("pods")]
    public void Right_ThatIsMissing_IsSaidBeforeAnythingElse(string resource) => Assert.That(
        async () =>
        {
            await using ComputeRig rig = await ComputeRig.StartAsync(server: server => server.Instead = async context =>
            {
                if (!context.Request.Path.Value!.EndsWith("/" + resource, StringComparison.Ordinal)) return false;
                await ApiDouble.RefuseAsync(context, 403, "Forbidden", $"{resource} is forbidden: User \"me\" cannot list resource \"{resource}\" in API group \"\"");
                return true;
            });
        },
        Throws.InstanceOf<ComputeException>().With.Message.Contains($"Allow this account the verb `list` on `{resource}`"));

    [Test]
    public void Containers_OfWhichNoneIsNamed_AreSaid() => Assert.That(
        async () =>
        {
            await using ComputeRig rig = await ComputeRig.StartAsync(set => set["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Add(new JsonObject { ["name"] = "exporter" }));
        },
        Throws.InstanceOf<ComputeException>().With.Message.Contains("`mysql`, `exporter`").And.Message.Contains("kubernetes:container"));

    private static async Task<bool> PoolGrowsAsync(ComputeRig rig)
    {
        await Eventually.HoldsAsync(
            async () => await rig.AskAsync("SELECT @@innodb_buffer_pool_size > 400 * 1024 * 1024") == "1", TimeSpan.FromSeconds(60), () => Task.FromResult("the buffer pool follows"));
        return true;
    }
}
