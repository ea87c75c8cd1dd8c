using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A compute in the double of a cluster.</summary>
internal sealed class ComputeRig : IAsyncDisposable
{
    public static readonly ComputeSize Small = new(500, 512L << 20), Large = new(1000, 1L << 30);

    private readonly EventLoop _loop;
    private KubernetesCompute? _compute;

    private ComputeRig(ApiDouble server, PlayedSet set, KubernetesCluster cluster, EventLoop loop) => (Server, Set, Cluster, _loop) = (server, set, cluster, loop);

    public ApiDouble Server { get; }

    public PlayedSet Set { get; }

    public KubernetesCluster Cluster { get; }

    public KubernetesCompute Compute { get => _compute!; private set => _compute = value; }

    public RecordingLogger Log { get; } = new();

    /// <summary>What was told of crashes.</summary>
    public List<string> Crashes { get; } = [];

    public int Changes { get; private set; }

    public int Losses { get; private set; }

    public static async Task<ComputeRig> StartAsync(Action<JsonObject>? set = null, Func<KubernetesComputeOptions, KubernetesComputeOptions>? with = null, Action<ApiDouble>? server = null)
    {
        ApiDouble api = await ApiDouble.StartAsync();
        server?.Invoke(api);
        PlayedSet played = await PlayedSet.StartAsync(api, set);
        KubeconfigFile file = KubeconfigFile.Parse("/tmp/kubeconfig", $$"""
            clusters: [{name: double, cluster: {server: "{{api.Address}}"} }]
            users: [{name: me, user: {token: secret} }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        var rig = new ComputeRig(
            api, played,
            await KubernetesCluster.OpenAsync(new Kubeconfig([file], TimeProvider.System).Choose(null), DoubleRig.Quick with { ShortestWatch = TimeSpan.FromMilliseconds(100) }, TimeProvider.System, NullLoggerFactory.Instance, default),
            new EventLoop("kubernetes"));
        try
        {
            await rig.OpenAsync(with);
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a gateway's view of it, besides that of others.</summary>
    public async Task<KubernetesCompute> OpenAsync(Func<KubernetesComputeOptions, KubernetesComputeOptions>? with = null)
    {
        var options = new KubernetesComputeOptions
        {
            Name = "test", Namespace = PlayedSet.Space, StatefulSet = PlayedSet.Name, Container = "", Port = Set.Port, User = "root", Password = "", StartLimit = TimeSpan.FromSeconds(30),
        };
        KubernetesCompute compute = await KubernetesCompute.OpenAsync(with?.Invoke(options) ?? options, Cluster, _loop, Log, TimeProvider.System, default);
        compute.Crashed += how =>
        {
            lock (Crashes) Crashes.Add(how);
        };
        compute.Changed += () => Changes++;
        compute.Lost += _ => Losses++;
        return Compute = compute;
    }

    /// <summary>Serving, as seen by the watch.</summary>
    public async Task<ComputeView> ServesAsync() => await SeenAsync(view => view.State == ComputeState.Serving);

    public async Task IsAsync(ComputeState state) => await SeenAsync(view => view.State == state);

    /// <summary>Waits until the compute looks like this to the gateway.</summary>
    public async Task<ComputeView> SeenAsync(Func<ComputeView, bool> looks)
    {
        ComputeView view = await Compute.ObserveAsync(default);
        await Eventually.HoldsAsync(
            async () => looks(view = await Compute.ObserveAsync(default)), TimeSpan.FromSeconds(60), () => Task.FromResult($"it is {view.State}, {view.Detail}\n{string.Join('\n', Log.Messages.TakeLast(8))}"), TimeSpan.FromMilliseconds(10));
        return view;
    }

    public async Task<string?> AskAsync(string statement)
    {
        await using EngineSql sql = Connect();
        return (await sql.QueryAsync(statement, default)).Scalar;
    }

    /// <summary>As somebody who comes round the gateway.</summary>
    public EngineSql Connect(string user = "root", string password = "", string address = "127.0.0.1") =>
        new(_loop, new BackendAddress(UnixSocket: null, new IPEndPoint(IPAddress.Parse(address), Set.Port), ReadsProxyHeader: false), user, password, TimeSpan.FromSeconds(60));

    public IEnumerable<(string Reason, string Message)> Events() => Server.Asked.Where(asked => asked.Method == "POST" && asked.Path.EndsWith("/events", StringComparison.Ordinal))
        .Select(asked => JsonNode.Parse(asked.Body)!).Select(one => (one["reason"]!.ToString(), one["message"]!.ToString()));

    public async ValueTask DisposeAsync()
    {
        if (_compute is not null) await _compute.DisposeAsync();
        await Cluster.DisposeAsync();
        await Set.DisposeAsync();
        await Server.DisposeAsync();
        _loop.Dispose();
    }
}
