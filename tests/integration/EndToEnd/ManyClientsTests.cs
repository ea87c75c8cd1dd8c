using System.Net;
using System.Text.Json.Nodes;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>As many clients as there is room for, and one more.</summary>
[Category("EndToEnd")]
[NonParallelizable]
public sealed class ManyClientsTests
{
    private EventLoopGroup _loops = null!;

    [SetUp]
    public void StartLoops() => _loops = new EventLoopGroup(2);

    [TearDown]
    public void EndLoops() => _loops.Dispose();

    [Test]
    public async Task TenThousandClients_AtOnce_AreAllAuthenticatedAndAnswered()
    {
        const int count = 10_000;
        if (OpenFileLimit.Raise() < 14_000)
        {
            Assert.Ignore("10,000 clients need a limit of 14,000 open files: ulimit -Hn");
        }

        await using GatewayProcess gateway = await GatewayProcess.StartAsync();
        await gateway.WaitUntilAsleepAsync();
        EngineClient[] clients = await ConnectAsync(gateway, count);
        // a client is let in a moment before it is counted
        await Eventually.HoldsAsync(
            async () => (int)(await gateway.StatusAsync())["connections"]!["open"]! == count, TimeSpan.FromSeconds(30), async () => $"{count} clients are open; the status says {await gateway.StatusAsync()}");
        await Task.WhenAll(clients.Select(client => client.PingAsync(CancellationToken.None)));
        Assert.That((await clients[^1].QueryAsync("SELECT 1", CancellationToken.None)).Scalar, Is.EqualTo("1"));
        Assert.That(await gateway.PhaseAsync(), Is.EqualTo("suspended"), "none of it woke the compute");
        Assert.That(int.Parse((await clients[0].QueryAsync("SELECT COUNT(*) FROM mysql.help_topic", CancellationToken.None)).Scalar!), Is.Positive);
        CloseAll(clients);
        await Eventually.HoldsAsync(
            async () => (int)(await gateway.StatusAsync())["connections"]!["open"]! == 0, TimeSpan.FromSeconds(30), () => Task.FromResult("no client is left"));
    }

    [Test]
    public async Task OneClientMoreThanAllowed_IsTold1040_AndTheOthersStay()
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string config = Path.Combine(home, "few.json");
        await File.WriteAllTextAsync(config, new JsonObject { ["limits"] = new JsonObject { ["connections"] = 3 } }.ToJsonString());
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(600), home, extra: ["--config", config]);
        EngineClient[] clients = await ConnectAsync(gateway, 3);
        EngineErrorException refused = (await Assert.ThrowsAsync<EngineErrorException>(() => ConnectAsync(gateway)))!;
        Assert.That((refused.Code, refused.EngineMessage), Is.EqualTo((ErrorCode.TooManyConnections, "Too many connections")));
        Assert.That((await clients[0].QueryAsync("SELECT COUNT(*) > 0 FROM mysql.help_topic", CancellationToken.None)).Scalar, Is.EqualTo("1"));
        clients[1].Abort();
        await using EngineClient next = await ConnectWhenThereIsRoomAsync(gateway);
        await gateway.WaitForOutputAsync("since the limit of 3 ");
        CloseAll(clients);
    }

    [Test]
    public async Task MoreClientsThanDescriptors_AreTold1040_AndEverythingElseWorks()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(openFiles: 500);
        await gateway.WaitUntilAsleepAsync();
        var clients = new List<EngineClient>();
        EngineErrorException? refused = null;
        while (refused is null && clients.Count < 500)
        {
            try
            {
                clients.Add(await ConnectAsync(gateway));
            }
            catch (EngineErrorException error)
            {
                refused = error;
            }
        }

        Assert.That((refused?.Code, refused?.EngineMessage), Is.EqualTo((ErrorCode.TooManyConnections, "Too many connections")), $"after {clients.Count} clients");
        Assert.That(clients, Has.Count.InRange(50, 350));
        await gateway.WaitForOutputAsync("limit of open files");

        // A crowd that is refused leaves the gateway its descriptors: for the admin address, a changed rule file, the start of the engine, the audit log.
        using var crowd = new CancellationTokenSource();
        Task knocking = Parallel.ForEachAsync(Enumerable.Range(0, 8), async (_, _) =>
        {
            while (!crowd.IsCancellationRequested)
            {
                try
                {
                    (await ConnectAsync(gateway)).Abort();
                }
                catch (Exception e) when (e is EngineErrorException or IOException)
                {
                    // refused
                }
            }
        });
        string before = (string)(await gateway.StatusAsync())["policy"]!["revision"]!;
        gateway.WriteRules("more.rules", "rule grow on running { when avg(cpu, 1m) > 80% do resize up 0.5cu }\n");
        await Eventually.HoldsAsync(
            async () => (string)(await gateway.StatusAsync())["policy"]!["revision"]! != before, TimeSpan.FromSeconds(30), () => Task.FromResult("the rule file is taken"));
        QueryResult[] answers = await Task.WhenAll(clients.Select((client, i) => client.QueryAsync($"SELECT {i} + COUNT(*) * 0 FROM mysql.help_topic", CancellationToken.None)))
            .WaitAsync(TimeSpan.FromSeconds(90));
        Assert.That(answers.Select((answer, i) => answer.Scalar == $"{i}"), Is.All.True);
        await crowd.CancelAsync();
        await knocking;
        await gateway.WaitUntilAsleepAsync();
        Assert.That(gateway.Output, Has.None.Contains("Unhandled").And.None.Contains("Too many open files"));
        Assert.That(Directory.EnumerateFiles(gateway.Data, "*", SearchOption.AllDirectories).Where(file => file.EndsWith(".jsonl", StringComparison.Ordinal)).Sum(file => new FileInfo(file).Length), Is.Positive);

        clients[0].Abort();
        await using EngineClient next = await ConnectWhenThereIsRoomAsync(gateway);
        CloseAll(clients);
    }

    private async Task<EngineClient[]> ConnectAsync(GatewayProcess gateway, int count)
    {
        var clients = new EngineClient[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => clients[i] = await ConnectAsync(gateway));
        return clients;
    }

    private Task<EngineClient> ConnectAsync(GatewayProcess gateway) =>
        EngineClient.ConnectAsync(
            _loops.Next(),
            new EngineLogin(
                new BackendAddress(UnixSocket: null, new IPEndPoint(IPAddress.Loopback, gateway.Port), ReadsProxyHeader: false), GatewayProcess.User,
                LoginSecret.FromPassword(GatewayProcess.Password)),
            CancellationToken.None);

    private async Task<EngineClient> ConnectWhenThereIsRoomAsync(GatewayProcess gateway)
    {
        EngineClient? client = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    client = await ConnectAsync(gateway);
                }
                catch (EngineErrorException)
                {
                    // the place is not free yet
                }

                return client is not null;
            },
            TimeSpan.FromSeconds(30),
            () => Task.FromResult("a client is let in when another has gone"));
        return client!;
    }

    private static void CloseAll(IEnumerable<EngineClient> clients)
    {
        foreach (EngineClient client in clients)
        {
            client.Abort();
        }
    }
}
