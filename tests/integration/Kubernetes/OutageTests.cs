using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A real API server that is away for longer than a Lease, while there is a database in every phase: with SERVERLESS_TEST_LONG=1 for a minute.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class OutageTests
{
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("SERVERLESS_TEST_LONG") is "1" ? 60 : 20);
    private static readonly string[] Names = ["running", "idle", "asleep", "resuming", "draining", "suspending"];
    private readonly Dictionary<string, LabDatabase> _databases = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _clients = [];
    private GatewayProcess _leader = null!, _other = null!;

    [Test]
    public async Task ApiServerThatIsAway_InEveryPhase_LosesNothing()
    {
        LabCluster cluster = await LabCluster.RequireAsync(own: true);
        using KubernetesApi api = cluster.Connect();
        string run = $"{Guid.NewGuid():N}"[..6];
        try
        {
            LabDatabase[] databases = await Task.WhenAll(Names.Select(name => LabDatabase.StartAsync(cluster, api, $"{name}{run}")));
            for (int i = 0; i < Names.Length; i++) _databases[Names[i]] = databases[i];
            _leader = await GatewayAsync(cluster, run);
            await HoldsAsync(() => LeadsAsync(_leader), "the first gateway leads");
            _other = await GatewayAsync(cluster, run);
            await RunAsync(cluster);
        }
        finally
        {
            foreach (IDisposable client in _clients) client.Dispose();
            foreach (GatewayProcess gateway in new[] { _leader, _other }.OfType<GatewayProcess>()) await gateway.DisposeAsync();
            foreach (LabDatabase database in _databases.Values) await database.DisposeAsync();
        }
    }

    private async Task RunAsync(LabCluster cluster)
    {
        using var end = new CancellationTokenSource();
        Task<(int Answers, TimeSpan Slowest)>[] busy = [KeepAskingAsync(_leader, end.Token), KeepAskingAsync(_other, end.Token)];
        ClientProcess idle = Connect("idle"), asleep = Connect("asleep"), resuming = Connect("resuming"), draining = Connect("draining"), suspending = Connect("suspending");
        foreach (ClientProcess client in new[] { asleep, resuming, suspending }) await AskAsync(client, "SELECT COUNT(*) FROM kept.t;", "0");
        await Task.WhenAll(SuspendAsync("asleep"), SuspendAsync("resuming"));

        // after the scale call, with a pod that is not there yet
        _databases["resuming"].Kubelet.IsAsleep = true;
        await resuming.SendAsync("SELECT 'resumed', COUNT(*) FROM kept.t;");
        await HoldsAsync(() => Task.FromResult(_databases["resuming"].Replicas == 1), "resuming is scaled up");
        // before the scale call, which waits for a transaction
        await AskAsync(draining, "BEGIN; INSERT INTO kept.t VALUES (1); SELECT 'open';", "open");
        await CommandAsync("draining", "suspend");
        await HoldsAsync(async () => await PhaseAsync("draining") == "draining", "draining drains");
        // after the scale call
        await CommandAsync("suspending", "suspend");
        await HoldsAsync(() => Task.FromResult(_databases["suspending"].Replicas == 0), "suspending is scaled down");
        // last, since it must not be suspended before the server is away
        await AskAsync(idle, "SELECT COUNT(*) FROM kept.t;", "0");

        Task<string> woken = Task.FromResult(""), back = woken, drained = woken;
        await cluster.WithoutApiAsync(async () =>
        {
            long began = Stopwatch.GetTimestamp();
            // before the scale call of a resume, and while nobody knows what came of that of a suspend
            woken = AnswerAsync(asleep, "SELECT 'woken', COUNT(*) FROM kept.t;");
            back = AnswerAsync(suspending, "SELECT 'back', COUNT(*) FROM kept.t;");
            await AskAsync(draining, "SELECT 'in the transaction', COUNT(*) FROM kept.t;", "in the transaction\t1");
            await HoldsAsync(async () => !await LeadsAsync(_leader) && !await LeadsAsync(_other), "the leader steps down", 45);
            // an operator's suspend is waited for, until it is over or taken back
            drained = AnswerAsync(draining, "COMMIT; SELECT 'drained', COUNT(*) FROM kept.t;");
            if (Outage - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } rest) await Task.Delay(rest);
            Assert.That((woken.IsCompleted, back.IsCompleted), Is.EqualTo((false, false)), "a wake waits");
            foreach (string name in new[] { "running", "idle", "draining" }) Assert.That(_databases[name].Engine.Process.HasExited, Is.False, $"{name}: nothing is suspended on old news");
            Assert.That(new[] { await PhaseAsync("idle"), await PhaseAsync("running") }, Has.All.Not.EqualTo("suspended"));
        });
        _databases["resuming"].Kubelet.IsAsleep = false;
        Assert.That(await Task.WhenAll(woken, back, drained, resuming.ReadLineAsync()), Is.EqualTo(new[] { "woken\t0", "back\t0", "drained\t1", "resumed\t0" }));
        await HoldsAsync(async () => await LeadsAsync(_leader) != await LeadsAsync(_other), "one leads again");
        await HoldsAsync(() => Task.FromResult(_databases["idle"].Replicas == 0), "what is idle is suspended on new news");
        Task<string> again = AnswerAsync(idle, "SELECT 'again', COUNT(*) FROM kept.t;");
        await HoldsAsync(() => Task.FromResult(again.IsCompleted), "it is woken again");
        Assert.That(await again, Is.EqualTo("again\t0"));
        await end.CancelAsync();
        foreach ((int answers, TimeSpan slowest) in await Task.WhenAll(busy))
        {
            TestContext.Out.WriteLine($"{answers} statements through {Outage.TotalSeconds} s without an API server, the slowest in {slowest.TotalMilliseconds:0} ms");
            Assert.That(answers, Is.GreaterThan(Outage.TotalSeconds * 2));
        }

        Assert.That(_databases["running"].Replicas, Is.EqualTo(1));
    }

    /// <summary>A client that asks all the time, and has each answer within seconds.</summary>
    private async Task<(int Answers, TimeSpan Slowest)> KeepAskingAsync(GatewayProcess gateway, CancellationToken end)
    {
        ClientProcess client = Keep(_databases["running"].Connect(gateway));
        TimeSpan slowest = TimeSpan.Zero;
        int answers = 0;
        for (; !end.IsCancellationRequested; answers++)
        {
            long began = Stopwatch.GetTimestamp();
            await AskAsync(client, $"SELECT {answers}, COUNT(*) FROM kept.t;", $"{answers}\t0");
            slowest = Stopwatch.GetElapsedTime(began) is var took && took > slowest ? took : slowest;
            await Task.Delay(100, CancellationToken.None);
        }

        return (answers, slowest);
    }

    /// <summary>At the gateway that does not lead.</summary>
    private ClientProcess Connect(string name) => Keep(_databases[name].Connect(_other));

    private ClientProcess Keep(ClientProcess client)
    {
        lock (_clients) _clients.Add(client);
        return client;
    }

    private static async Task AskAsync(ClientProcess client, string statement, string answer)
    {
        await client.SendAsync(statement);
        Assert.That(await client.ReadLineAsync(60), Is.EqualTo(answer), client.Errors);
    }

    private static async Task<string> AnswerAsync(ClientProcess client, string statement)
    {
        await client.SendAsync(statement);
        return await client.ReadLineAsync(180);
    }

    private async Task SuspendAsync(string name)
    {
        await CommandAsync(name, "suspend");
        await HoldsAsync(() => Task.FromResult(_databases[name].Replicas == 0 && !_databases[name].Kubelet.HasPod), $"{name} sleeps");
        await HoldsAsync(async () => (string?)(await _other.StatusAsync(_databases[name].Name))["phase"] == "suspended", $"{name} sleeps for both");
    }

    private async Task CommandAsync(string name, string command)
    {
        using HttpResponseMessage answer = await _leader.Admin.PostAsJsonAsync($"/api/databases/{_databases[name].Name}/{command}", new JsonObject());
        Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<string?> PhaseAsync(string name) => (string?)(await _leader.StatusAsync(_databases[name].Name))["phase"];

    private async Task<bool> LeadsAsync(GatewayProcess gateway) => (bool)(await gateway.StatusAsync(_databases["running"].Name))["fleet"]!["leads"]!;

    private Task HoldsAsync(Func<Task<bool>> condition, string expected, double seconds = 60) => Eventually.HoldsAsync(condition, TimeSpan.FromSeconds(seconds), () => Task.FromResult(
        $"{expected}\n{string.Join("\n\n", new[] { _leader, _other }.OfType<GatewayProcess>().Select(one => string.Join('\n', one.Output.TakeLast(40))))}"));

    private Task<GatewayProcess> GatewayAsync(LabCluster cluster, string run) => GatewayProcess.StartManyAsync(
        new JsonArray([.. _databases.Values.Select(one => one.Settings(cluster))]), GatewayProcess.SleepyRules(8), home: null, new JsonObject
        {
            ["fleet"] = new JsonObject { ["name"] = $"outage{run}" }, ["limits"] = new JsonObject { ["heldFor"] = "180s", ["drainFor"] = "120s" },
        });
}
