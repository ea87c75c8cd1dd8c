using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>
/// A StatefulSet in the double, with its controller and its kubelet played: pods come and go one by one as replicas say, and a real MariaDB of the test stands behind the first
/// pod's address. Its data outlives the pods.
/// </summary>
internal sealed class PlayedSet : IAsyncDisposable
{
    public const string Space = "default", Name = "db";
    private const string Sets = $"/apis/apps/v1/namespaces/{Space}/statefulsets", Pods = $"/api/v1/namespaces/{Space}/pods";

    private readonly ApiDouble _server;
    private readonly MariaDbServer _engine;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<string, int> _restarts = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _step = new(1);
    private Task _playing = Task.CompletedTask;
    private bool _runs = true;
    private bool _isAsleep;

    private PlayedSet(ApiDouble server, MariaDbServer engine) => (_server, _engine) = (server, engine);

    public int Port => _engine.Port;

    public MariaDbServer Engine => _engine;

    /// <summary>What a pod that was told to end lives on for.</summary>
    public Task LastBreath { get; set; } = Task.CompletedTask;

    /// <summary>How many of the pods, from the first on, have the engine behind their address: all of these the same one.</summary>
    public int Engines { get; set; } = 1;

    /// <summary>Where the engine of a pod is; the one engine of all of them, unless a test has others.</summary>
    public Func<int, string> AddressOf { get; set; } = _ => "127.0.0.1";

    /// <summary>What the kubelet does about a pod that is to have another size.</summary>
    public PlayedResize Resize { get; set; } = PlayedResize.Done;

    /// <summary>The controller and the kubelet do nothing from then on: what they are at is done when it is set.</summary>
    public bool IsAsleep
    {
        get => _isAsleep;
        set
        {
            _step.Wait();
            _isAsleep = value;
            _step.Release();
        }
    }

    public static string PathOfSet => $"{Sets}/{Name}";

    public int Replicas => _server.Find(PathOfSet)?["spec"]!["replicas"]?.GetValue<int>() ?? 0;

    public JsonObject? Pod(int ordinal) => _server.Find(PathOfPod(ordinal));

    public static string PathOfPod(int ordinal) => $"{Pods}/{Name}-{ordinal}";

    public static async Task<PlayedSet> StartAsync(ApiDouble server, Action<JsonObject>? change = null)
    {
        var played = new PlayedSet(server, await MariaDbServer.StartAsync());
        JsonObject set = JsonNode.Parse("""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "generation": 1},
             "spec": {"replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
              "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [
                {"name": "mysql", "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}, "volumeMounts": [{"name": "data", "mountPath": "DATA"}]}]}},
              "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]}}
            """.Replace("DATA", Path.GetDirectoryName(played._engine.DataDirectory)!, StringComparison.Ordinal))!.AsObject();
        change?.Invoke(set);
        server.Put(Sets, set);
        played._playing = Task.Run(() => played.PlayAsync(played._end.Token));
        await DoubleRig.UntilAsync(() => played.Replicas == 0 || played.Pod(0)?["status"]?["podIP"] is not null, () => "no pod came");
        return played;
    }

    public void Scale(int replicas) => _server.Change(PathOfSet, set => set["spec"]!["replicas"] = replicas);

    /// <summary>As `kubectl delete pod`: it is told to end, and the controller makes another.</summary>
    public void DeletePod(int ordinal) => _server.Change(PathOfPod(ordinal), pod => pod["metadata"]!["deletionTimestamp"] = "2026-03-02T20:00:00Z");

    /// <summary>The engine dies in its container, and the kubelet starts that again.</summary>
    public void KillEngine()
    {
        _engine.Kill();
        _runs = false;
        _restarts.AddOrUpdate($"{Name}-0", 1, (_, before) => before + 1);
    }

    public Task GoneAsync() => DoubleRig.UntilAsync(() => Pod(0) is null, () => $"the pod is there: {Pod(0)}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _playing;
        _engine.Dispose();
        _step.Dispose();
        _end.Dispose();
    }

    private async Task PlayAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await _step.WaitAsync(cancellation);
                try
                {
                    if (!_isAsleep) await StepAsync(cancellation);
                }
                finally
                {
                    _step.Release();
                }

                await Task.Delay(3, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // the end of the test
        }
    }

    private async Task StepAsync(CancellationToken cancellation)
    {
        JsonObject? set = _server.Find(PathOfSet);
        int wanted = set is null ? 0 : set["spec"]!["replicas"]?.GetValue<int>() ?? 1;
        for (int ordinal = 0; ordinal < 5; ordinal++)
        {
            JsonObject? pod = Pod(ordinal);
            if (pod is null && ordinal < wanted) Create(set!, ordinal);
            else if (pod?["metadata"]!["deletionTimestamp"] is not null) await EndAsync(ordinal, cancellation);
            else if (pod is not null && ordinal >= wanted) DeletePod(ordinal);
            else if (pod is not null) await RunAsync(ordinal, pod);
        }
    }

    private void Create(JsonObject set, int ordinal)
    {
        _restarts[$"{Name}-{ordinal}"] = 0;
        _server.Put(Pods, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{Name}-{ordinal}",
                ["ownerReferences"] = new JsonArray(new JsonObject { ["kind"] = "StatefulSet", ["name"] = Name, ["uid"] = set["metadata"]!["uid"]!.ToString(), ["controller"] = true }),
            },
            ["spec"] = set["spec"]!["template"]!["spec"]!.DeepClone(),
            ["status"] = new JsonObject { ["phase"] = "Pending" },
        });
        _server.Change(PathOfSet, one => (one["status"] ??= new JsonObject())["replicas"] = Math.Max(ordinal + 1, one["status"]!["replicas"]?.GetValue<int>() ?? 0));
    }

    private async Task RunAsync(int ordinal, JsonObject pod)
    {
        int restarts = _restarts.GetValueOrDefault($"{Name}-{ordinal}");
        if (ordinal < Engines && _runs && Restarts(pod) == restarts) Size(ordinal, pod);
        if (ordinal >= Engines || (pod["status"]!["podIP"] is not null && Restarts(pod) == restarts && _runs)) return;
        if (!_runs) await _engine.RunAsync();
        _runs = true;
        _server.Change(PathOfPod(ordinal), one => one["status"] = new JsonObject
        {
            ["phase"] = "Running", ["podIP"] = AddressOf(ordinal),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            ["containerStatuses"] = new JsonArray(new JsonObject
            {
                ["name"] = "mysql", ["restartCount"] = restarts, ["state"] = new JsonObject { ["running"] = new JsonObject() },
                ["resources"] = one["spec"]!["containers"]![0]!["resources"]?.DeepClone(),
            }),
        });
    }

    /// <summary>By conditions from 1.33 on, by `status.resize` before.</summary>
    private void Size(int ordinal, JsonObject pod)
    {
        if (pod["status"]!["containerStatuses"]?[0]?["resources"] is not { } inForce) return;
        bool isWanted = JsonNode.DeepEquals(inForce, pod["spec"]!["containers"]![0]!["resources"]);
        (string? type, string? reason) = isWanted || Resize is PlayedResize.Done or PlayedResize.Silent
            ? (null, null)
            : Resize == PlayedResize.Error ? ("PodResizeInProgress", "Error") : ("PodResizePending", Resize.ToString());
        JsonArray conditions = pod["status"]!["conditions"]!.AsArray();
        string? said = conditions.FirstOrDefault(one => one!["type"]!.ToString().StartsWith("PodResize", StringComparison.Ordinal))?["reason"]?.ToString() ?? pod["status"]!["resize"]?.ToString();
        bool appliesNow = !isWanted && Resize == PlayedResize.Done;
        if (said == reason && !appliesNow) return;
        _server.Change(PathOfPod(ordinal), one =>
        {
            JsonObject status = one["status"]!.AsObject();
            JsonArray told = status["conditions"]!.AsArray();
            foreach (JsonNode? old in told.Where(old => old!["type"]!.ToString().StartsWith("PodResize", StringComparison.Ordinal)).ToArray()) told.Remove(old);
            status.Remove("resize");
            if (type is not null && _server.Minor >= 33) told.Add(new JsonObject { ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = "the node has its reasons" });
            else if (type is not null) status["resize"] = reason == "Error" ? "InProgress" : reason;
            if (appliesNow) status["containerStatuses"]![0]!["resources"] = one["spec"]!["containers"]![0]!["resources"]!.DeepClone();
        });
    }

    private async Task EndAsync(int ordinal, CancellationToken cancellation)
    {
        await Task.Delay(20, cancellation);
        await LastBreath.WaitAsync(cancellation);
        if (ordinal == 0 && _runs)
        {
            await _engine.TerminateAsync();
            _runs = false;
        }

        _server.Delete(Pods, $"{Name}-{ordinal}");
        if (Pod(ordinal + 1) is null) _server.Change(PathOfSet, one => (one["status"] ??= new JsonObject())["replicas"] = ordinal);
    }

    private static int Restarts(JsonObject pod) => pod["status"]!["containerStatuses"]?[0]?["restartCount"]?.GetValue<int>() ?? 0;
}

/// <summary>How the played kubelet meets a resize.</summary>
internal enum PlayedResize
{
    Done,
    Deferred,
    Infeasible,
    Error,
    Silent,
}
