using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>A logger's StatefulSet in the double, with its controller and its kubelet played. Nothing runs behind it: nobody speaks to a logger but its cluster.</summary>
internal sealed class PlayedLogger : IAsyncDisposable
{
    private const string Sets = $"/apis/apps/v1/namespaces/{PlayedSet.Space}/statefulsets", Pods = $"/api/v1/namespaces/{PlayedSet.Space}/pods";
    private const int MostPods = 4;
    private readonly CancellationTokenSource _end = new();
    private readonly ApiDouble _server;
    private readonly Task _playing;

    public PlayedLogger(ApiDouble server, string name, int replicas, Action<JsonObject>? change = null)
    {
        (_server, Name) = (server, name);
        JsonObject set = JsonNode.Parse("""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {},
             "spec": {"template": {"spec": {"containers": [{"name": "mysql", "volumeMounts": [{"name": "data", "mountPath": "/data/mysql"}]}]}}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}
            """)!.AsObject();
        set["metadata"]!["name"] = name;
        set["spec"]!["replicas"] = replicas;
        change?.Invoke(set);
        server.Put(Sets, set);
        _playing = PlayAsync();
    }

    public string Name { get; }

    public string Path => $"{Sets}/{Name}";

    public int Replicas => _server.Find(Path)?["spec"]!["replicas"]?.GetValue<int>() ?? -1;

    public string? Annotation(string name) => _server.Find(Path)?["metadata"]!["annotations"]?[name]?.ToString();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _playing;
        _end.Dispose();
    }

    private async Task PlayAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            JsonObject? set = _server.Find(Path);
            for (int ordinal = 0; set is not null && ordinal < MostPods; ordinal++)
            {
                string pod = $"{Name}-{ordinal}";
                bool isThere = _server.Find($"{Pods}/{pod}") is not null;
                if (!isThere && ordinal < Replicas) _server.Put(Pods, PodOf(pod, set));
                else if (isThere && ordinal >= Replicas) _server.Delete(Pods, pod);
            }

            await Task.WhenAny(Task.Delay(5, _end.Token));
        }
    }

    private static JsonObject PodOf(string name, JsonObject set) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["ownerReferences"] = new JsonArray(new JsonObject { ["kind"] = "StatefulSet", ["name"] = set["metadata"]!["name"]!.ToString(), ["uid"] = set["metadata"]!["uid"]!.ToString(), ["controller"] = true }),
        },
        ["spec"] = set["spec"]!["template"]!["spec"]!.DeepClone(),
        ["status"] = new JsonObject { ["phase"] = "Running", ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }) },
    };
}
