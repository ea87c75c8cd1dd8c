using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Thousands of clients, few connections.</summary>
[Category("EndToEnd")]
[NonParallelizable]
public sealed class SharedConnectionsTests
{
    private const int Most = 64;

    [Test]
    public async Task TenThousandClients_FiftyOfThemBusy_ShareSixtyFourConnections()
    {
        const int count = 10_000;
        if (OpenFileLimit.Raise() < 14_000)
        {
            Assert.Ignore("10,000 clients need a limit of 14,000 open files: ulimit -Hn");
        }

        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string config = Path.Combine(home, "shared.json");
        await File.WriteAllTextAsync(config, new JsonObject
        {
            ["limits"] = new JsonObject { ["backendConnections"] = Most },
            ["sharing"] = new JsonObject { ["after"] = "200ms" },
        }.ToJsonString());
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(600), home, extra: ["--config", config]);
        using var loops = new EventLoopGroup(2);
        await using EngineClient first = await ConnectAsync(gateway, loops);
        await first.QueryAsync("CREATE DATABASE shop", CancellationToken.None);
        await first.QueryAsync("CREATE TABLE shop.t (id INT PRIMARY KEY, v INT)", CancellationToken.None);
        await first.QueryAsync("INSERT INTO shop.t SELECT seq, seq FROM shop.seq_1_to_1000", CancellationToken.None);
        var clients = new EngineClient[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => clients[i] = await ConnectAsync(gateway, loops, "shop"));

        // Each has had a connection, and a variable of its own.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 50 },
            async (i, _) => await clients[i].QueryAsync($"SET @mine = {i}", CancellationToken.None));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 50), new ParallelOptions { MaxDegreeOfParallelism = 50 },
            async (i, _) =>
            {
                for (int n = 0; n < 60; n++)
                {
                    int client = (i * 200) + (n % 200);
                    QueryResult answer = await clients[client].QueryAsync($"SELECT @mine, v FROM t WHERE id = {(n % 1000) + 1}", CancellationToken.None);
                    Assert.That(answer.Rows[0], Is.EqualTo(new[] { $"{client}", $"{(n % 1000) + 1}" }));
                }
            });
        Assert.That(await MostConnectionsAsync(first), Is.LessThanOrEqualTo(Most + 10), "the gateway's own are a few");
        string metrics = await gateway.Admin.GetStringAsync("/metrics");
        Assert.That(Metric(metrics, "serverless_backend_connections{"), Is.LessThanOrEqualTo(Most));
        JsonNode page = (await gateway.Admin.GetFromJsonAsync<JsonNode>("/api/databases/default/sessions?limit=1000"))!;
        Assert.That(page["sessions"]!.AsArray(), Has.Count.EqualTo(1000));
        Assert.That((uint?)page["next"], Is.EqualTo((uint?)page["sessions"]![999]!["id"]));
        foreach (EngineClient client in clients)
        {
            client.Abort();
        }
    }

    private static async Task<int> MostConnectionsAsync(EngineClient client) =>
        int.Parse((await client.QueryAsync("SHOW GLOBAL STATUS LIKE 'Max_used_connections'", CancellationToken.None)).Rows[0][1]!, System.Globalization.CultureInfo.InvariantCulture);

    private static double Metric(string metrics, string name) =>
        double.Parse(metrics.Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);

    private static Task<EngineClient> ConnectAsync(GatewayProcess gateway, EventLoopGroup loops, string? schema = null) =>
        EngineClient.ConnectAsync(
            loops.Next(),
            new EngineLogin(
                new BackendAddress(UnixSocket: null, new IPEndPoint(IPAddress.Loopback, gateway.Port), ReadsProxyHeader: false), GatewayProcess.User,
                LoginSecret.FromPassword(GatewayProcess.Password)) { Database = schema },
            CancellationToken.None);
}
