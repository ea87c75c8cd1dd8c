using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>A WeSQL cluster in the double: a data node, with an engine that speaks as one, two StatefulSets of loggers, and one that belongs to somebody else.</summary>
internal sealed class WesqlRig : IAsyncDisposable
{
    private readonly PlayedLogger[] _loggers;

    private WesqlRig(ComputeRig rig, WesqlRelay relay, WesqlNode node, PlayedLogger[] loggers) => (Rig, Relay, Node, _loggers) = (rig, relay, node, loggers);

    public ComputeRig Rig { get; }

    public WesqlRelay Relay { get; }

    public WesqlNode Node { get; }

    /// <summary>Of three replicas.</summary>
    public PlayedLogger Three => _loggers[0];

    public PlayedLogger One => _loggers[1];

    public PlayedLogger Other => _loggers[2];

    /// <summary>Changes of `scale`, in order: which StatefulSet, and to how many.</summary>
    public IEnumerable<string> Scalings => Rig.Server.Asked.Where(one => one.Method == "PUT" && one.Path.EndsWith("/scale", StringComparison.Ordinal))
        .Select(one => $"{one.Path.Split('/')[^2]}={JsonNode.Parse(one.Body)!["spec"]!["replicas"]?.ToString() ?? "0"}");

    public static async Task<WesqlRig> StartAsync(Func<WesqlOptions, WesqlOptions>? with = null, Action<JsonObject>? set = null, Action<JsonObject>? logger = null)
    {
        WesqlRelay? relay = null;
        PlayedLogger[] loggers = [];
        ComputeRig rig = await ComputeRig.StartAsync(
            set, options =>
            {
                relay = new WesqlRelay(options.Port);
                return OptionsOf(options, relay, with);
            },
            server => loggers = [new PlayedLogger(server, "log-a", 3, logger), new PlayedLogger(server, "log-b", 1), new PlayedLogger(server, "other", 2)]);
        var node = new WesqlNode(() => rig.Connect());
        relay!.Forced = node.Force;
        await node.MakeAsync();
        return new WesqlRig(rig, relay, node, loggers);
    }

    public static KubernetesComputeOptions OptionsOf(KubernetesComputeOptions options, WesqlRelay relay, Func<WesqlOptions, WesqlOptions>? with = null)
    {
        var wesql = new WesqlOptions { Loggers = ["log-a", "log-b"], SnapshotLimit = TimeSpan.FromSeconds(20) };
        return options with { Port = relay.Port, Wesql = with?.Invoke(wesql) ?? wesql };
    }

    /// <summary>Another gateway of the same database.</summary>
    public Task<KubernetesCompute> OpenAnotherAsync() => Rig.OpenAsync(options => OptionsOf(options, Relay));

    public Task AreAsync(int three, int one) => DoubleRig.UntilAsync(() => Three.Replicas == three && One.Replicas == one, () => $"log-a={Three.Replicas}, log-b={One.Replicas}; {string.Join(", ", Scalings)}; {string.Join('\n', Rig.Log.Messages.TakeLast(8))}");

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        Relay.Dispose();
        foreach (PlayedLogger logger in _loggers) await logger.DisposeAsync();
    }
}
