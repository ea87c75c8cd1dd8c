using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Gateways as users run them, several beside one double with one database, each with an account of its own on the API server.</summary>
internal sealed class HostFleetRig : IAsyncDisposable
{
    public const int LeaseSeconds = 6;
    private readonly Dictionary<string, GatewayProcess> _gateways = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _cut = new(StringComparer.Ordinal);

    private HostFleetRig(ApiDouble server, PlayedSet played)
    {
        (Server, Played) = (server, played);
        server.Instead = async context =>
        {
            if (!_cut.ContainsKey("*") && !_cut.ContainsKey(By(context))) return await Refuses(context);
            context.Abort();
            return true;
        };
    }

    public ApiDouble Server { get; }

    public PlayedSet Played { get; }

    /// <summary>Answers in place of the double when it returns true.</summary>
    public Func<Microsoft.AspNetCore.Http.HttpContext, Task<bool>> Refuses { get; set; } = _ => Task.FromResult(false);

    public IEnumerable<GatewayProcess> Gateways => _gateways.Values;

    public static async Task<HostFleetRig> StartAsync()
    {
        ApiDouble server = await ApiDouble.StartAsync();
        PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        return new HostFleetRig(server, played);
    }

    public async Task<GatewayProcess> AddAsync(string name, double idle = 1.5)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(Server, name);
        return _gateways[name] = await GatewayProcess.StartManyAsync(
            [
                new JsonObject
                {
                    ["name"] = "default", ["compute"] = "kubernetes", ["user"] = "root", ["password"] = "",
                    ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["namespace"] = PlayedSet.Space, ["statefulSet"] = PlayedSet.Name, ["port"] = Played.Port },
                },
            ],
            GatewayProcess.SleepyRules(idle), home,
            new JsonObject { ["fleet"] = new JsonObject { ["replica"] = name, ["leaseFor"] = $"{LeaseSeconds}s" }, ["limits"] = new JsonObject { ["drainFor"] = "3s" } });
    }

    /// <summary>Two that have heard of each other, the first of which leads.</summary>
    public async Task<(GatewayProcess Leader, GatewayProcess Other)> AddTwoAsync(double idle = 1.5)
    {
        GatewayProcess a = await AddAsync("a", idle);
        await LeadsAsync(a);
        GatewayProcess b = await AddAsync("b", idle);
        await HoldsAsync(async () => (await FleetAsync(b))["leader"]?.ToString() == "a" && (await FleetAsync(a))["gateways"]!.AsArray().Count == 2, "the two know each other");
        return (a, b);
    }

    public static async Task<JsonNode> FleetAsync(GatewayProcess gateway) => (await gateway.StatusAsync())["fleet"]!;

    public static async Task<bool> IsLeaderAsync(GatewayProcess gateway) => (bool)(await FleetAsync(gateway))["leads"]!;

    public Task LeadsAsync(GatewayProcess gateway) => HoldsAsync(() => IsLeaderAsync(gateway), "the gateway leads");

    public Task AsleepAsync() => HoldsAsync(() => Task.FromResult(Played.Replicas == 0 && Played.Pod(0) is null), "the database sleeps");

    /// <summary>It is not suspended meanwhile.</summary>
    public async Task StaysAwakeAsync(double seconds)
    {
        for (int i = 0; i < seconds * 10; i++)
        {
            Assert.That(Played.Replicas, Is.EqualTo(1), Words);
            await Task.Delay(100);
        }
    }

    public static async Task<string> AskAsync(ClientProcess client, string value, double seconds = 30)
    {
        await client.SendAsync($"SELECT '{value}';");
        return await client.ReadLineAsync(seconds);
    }

    /// <summary>The calls of these gateways go nowhere; of all where none is named.</summary>
    public void CutOff(params string[] names)
    {
        foreach (string name in names.DefaultIfEmpty("*")) _cut[name] = true;
        Server.CutWatches();
    }

    public void Mend() => _cut.Clear();

    /// <summary>It is gone, killed and all, and its process is disposed of.</summary>
    public async Task KillAsync(string name)
    {
        await _gateways[name].KillAsync();
        _gateways.Remove(name, out GatewayProcess? gone);
        await gone!.DisposeAsync();
    }

    public async Task HoldsAsync(Func<Task<bool>> condition, string expected, double seconds = 40)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began).TotalSeconds, Is.LessThan(seconds), () => $"expected: {expected}\n{Words()}");
            await Task.Delay(25);
        }
    }

    public string Words() => string.Join("\n\n", _gateways.Select(one => $"{one.Key}:\n{string.Join('\n', one.Value.Output.TakeLast(25))}").Append($"{Server.Find(PlayedSet.PathOfSet)}"));

    private static string By(Microsoft.AspNetCore.Http.HttpContext context) => context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        Mend();
        foreach (GatewayProcess gateway in _gateways.Values) await gateway.DisposeAsync();
        await Played.DisposeAsync();
        await Server.DisposeAsync();
    }
}
