using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Gateways beside one double of an API server, each with an account of its own, so that one can be cut off.</summary>
internal sealed class FleetRig : IAsyncDisposable
{
    public const string Sets = "/apis/apps/v1/namespaces/default/statefulsets";
    public const string Leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    public static readonly ObjectName Set = new("default", "db");
    private readonly ConcurrentDictionary<string, bool> _cut = new(StringComparer.Ordinal);
    private readonly List<PlayedGateway> _gateways = [];
    private readonly List<KubernetesApi> _apis = [];

    private FleetRig(ApiDouble server)
    {
        Server = server;
        server.Instead = context =>
        {
            if (!_cut.ContainsKey(By(context))) return Refuses(context);
            context.Abort();
            return Task.FromResult(true);
        };
        server.Put(Sets, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "db" }, ["spec"] = new JsonObject { ["replicas"] = 1 } });
    }

    /// <summary>Times that a test can wait for, and a busy machine can keep.</summary>
    public static FleetOptions Quick { get; } = new()
    {
        Election = new ElectionOptions { LeaseDuration = TimeSpan.FromSeconds(8), RenewDeadline = TimeSpan.FromSeconds(6), RetryPeriod = TimeSpan.FromMilliseconds(200), CallLimit = TimeSpan.FromSeconds(2) },
        RenewPeriod = TimeSpan.FromMilliseconds(500),
        SilenceLimit = TimeSpan.FromSeconds(8),
        ActivityPeriod = TimeSpan.FromMilliseconds(50),
        CallLimit = TimeSpan.FromSeconds(5),
        FirstRetry = TimeSpan.FromMilliseconds(20),
        LongestRetry = TimeSpan.FromMilliseconds(200),
    };

    public ApiDouble Server { get; }

    /// <summary>Answers in place of the double when it returns true.</summary>
    public Func<Microsoft.AspNetCore.Http.HttpContext, Task<bool>> Refuses { get; set; } = _ => Task.FromResult(false);

    public static bool IsBy(Microsoft.AspNetCore.Http.HttpContext context, string name) => By(context) == name;

    /// <summary>Answers as a server that cannot now.</summary>
    public static bool Unavailable(Microsoft.AspNetCore.Http.HttpContext context)
    {
        context.Response.StatusCode = 503;
        return true;
    }

    public static async Task<FleetRig> StartAsync() => new(await ApiDouble.StartAsync());

    /// <summary>For as long as there is this rig.</summary>
    public KubernetesApi Connect(string name)
    {
        KubernetesApi api = Open(name);
        _apis.Add(api);
        return api;
    }

    public KubernetesApi Open(string name)
    {
        KubeconfigFile file = KubeconfigFile.Parse("/tmp/kubeconfig", $$"""
            clusters: [{name: double, cluster: {server: "{{Server.Address}}"} }]
            users: [{name: me, user: {token: {{name}} } }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        return new KubernetesApi(new Kubeconfig([file], TimeProvider.System).Choose(null), DoubleRig.Quick, new ApiCallStatistics(), TimeProvider.System);
    }

    public PlayedGateway Add(string name, TimeSpan skew = default, FleetOptions? options = null)
    {
        var gateway = new PlayedGateway(Connect(name), new FleetNames("default"), name, Set, options ?? Quick, DoubleRig.Quick, new SkewedTime(skew));
        _gateways.Add(gateway);
        return gateway;
    }

    /// <summary>Gateways with open gates, that have heard of each other; the first one leads.</summary>
    public Task<PlayedGateway[]> AddAsync(params string[] names) => AddAsync(Quick, names);

    /// <inheritdoc cref="AddAsync(string[])"/>
    public async Task<PlayedGateway[]> AddAsync(FleetOptions options, params string[] names)
    {
        PlayedGateway first = Add(names[0], options: options);
        await UntilAsync(() => first.Fleet.Election.Current.IsHere && first.IsOpen);
        PlayedGateway[] all = [first, .. names.Skip(1).Select(name => Add(name, options: options))];
        await UntilAsync(() => all.All(one => one.IsOpen && one.Database.Peers.Unknown.Count == 0 && one.Fleet.Peers.All.Count == names.Length));
        return all;
    }

    /// <summary>Its calls go nowhere, as if the network between it and the server were cut.</summary>
    public void CutOff(string name)
    {
        _cut[name] = true;
        Server.CutWatches();
    }

    public void Mend(string name) => _cut.TryRemove(name, out _);

    public async Task<StatefulSet> ReadAsync() => await _gateways[^1].Api.GetAsync(Resources.StatefulSets, Set, default);

    /// <summary>It ends without a word: nothing of it is taken back.</summary>
    public async Task KillAsync(PlayedGateway gateway)
    {
        CutOff(gateway.Fleet.Identity.Replica);
        _gateways.Remove(gateway);
        await gateway.DisposeAsync();
    }

    public Task UntilAsync(Func<bool> holds) => DoubleRig.UntilAsync(holds, () => string.Join("\n\n", _gateways));

    private static string By(Microsoft.AspNetCore.Http.HttpContext context) => context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        foreach (PlayedGateway gateway in _gateways) await gateway.DisposeAsync();
        foreach (KubernetesApi api in _apis) api.Dispose();
        await Server.DisposeAsync();
    }
}
