using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Metrics;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Sizing;
using Serverless.Host.Net;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Kubernetes.Fleet;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Rights;

/// <summary>
/// All that a gateway does in a cluster, each thing by the part of it that does it and as far as that goes without an engine: beside a real API server, with an account that has these rights alone.
/// What the parts say of it is what a gateway logs and answers. Whether a call may be made is judged before whether there is what it is about, so that this holds too for what this API server does not serve.
/// </summary>
internal sealed class RightsUse : IAsyncDisposable
{
    public const string Space = "default";
    private static readonly ComputeSize Size = new(200, 128L << 20);
    private readonly string _name = $"r{Guid.NewGuid():N}"[..16];
    private readonly LabCluster _lab;
    private readonly KubernetesApi _admin;
    private readonly RecordingLogger _log = new();
    private readonly ConcurrentQueue<string> _answers = new();
    private readonly CancellationTokenSource _end = new();
    private readonly EventLoop _loop = new("rights");
    private KubernetesCluster? _cluster;
    private PlayedGateway? _gateway;
    private StateWatch? _states;

    private RightsUse(LabCluster lab) => (_lab, _admin) = (lab, lab.Connect());

    /// <summary>What was logged, and what callers were told.</summary>
    public IEnumerable<string> Said => [.. _log.Messages, .. _gateway?.Log.Messages ?? [], .. _answers];

    /// <summary>What came to its end as it should.</summary>
    public ConcurrentBag<string> Done { get; } = [];

    /// <param name="until">What may be said before all is done, and then the rest is left out.</param>
    public static async Task<RightsUse> RunAsync(LabCluster lab, IReadOnlyCollection<Right> rights, string? until)
    {
        var use = new RightsUse(lab);
        try
        {
            await use.RunAsync(rights, until);
            return use;
        }
        finally
        {
            await use.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_states is not null) await _states.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
        _loop.Dispose();
        _admin.Dispose();
        _end.Dispose();
    }

    private ObjectName Awake => new(Space, _name);

    private ObjectName Asleep => new(Space, $"{_name}-asleep");

    private FleetNames Names => new(Space, _name);

    private async Task RunAsync(IReadOnlyCollection<Right> rights, string? until)
    {
        await MakeAsync(Awake, 1);
        await MakeAsync(Asleep, 0);
        string account = await _lab.AccountAsync(_name, string.Join(", ", rights.Select(right => right.AsRule)));
        await AllowedAsync(rights.First());
        ClusterAccess access = _lab.AccessOf(account);
        _cluster = await KubernetesCluster.OpenAsync(access, new ApiOptions(), TimeProvider.System, new RecordingLoggers(_log), default);
        _states = new StateWatch(_cluster.Api, Names, _cluster.Options, TimeProvider.System, _log);
        _gateway = new PlayedGateway(_cluster.Api, Names, "a", Awake, FleetRig.Quick, _cluster.Options, TimeProvider.System);
        Task all = Task.WhenAll(
            TryAsync("open and start", StartAsync), TryAsync("resize", ResizeAsync), TryAsync("usage", MeasureAsync), TryAsync("events", TellAsync), TryAsync("agree on a suspend", ProposeAsync), TryAsync("keep the state", KeepAsync),
            TryAsync("share accounts", ShareAsync));
        bool IsSaid() => until is not null && Said.Any(one => one.Contains(until, StringComparison.Ordinal));
        await WaitAsync(() => all.IsCompleted || IsSaid(), TimeSpan.FromSeconds(120));
        await _end.CancelAsync();
        await all;
        // its Lease goes with it
        await _gateway.DisposeAsync();
        if (until is not null) await WaitAsync(IsSaid, TimeSpan.FromSeconds(60));
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var options = new KubernetesComputeOptions
        {
            Name = "test", Namespace = Space, StatefulSet = Asleep.Name, Container = "", User = "root", Password = "", StartLimit = TimeSpan.FromSeconds(30), RefusalLimit = TimeSpan.FromMilliseconds(200),
        };
        await using KubernetesCompute compute = await KubernetesCompute.OpenAsync(options, _cluster!, _loop, _log, TimeProvider.System, cancellation);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<EffectResult> start = compute.StartAsync(Size, enough.Token).AsTask();
        while (!start.IsCompleted && (await _admin.GetAsync(Resources.StatefulSets, Asleep, cancellation)).Spec.Replicas == 0) await Task.Delay(20, cancellation);
        if (!start.IsCompleted) await enough.CancelAsync();
        try
        {
            _answers.Enqueue((await start).Why ?? "");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // no engine will answer, but one is wanted
        }
    }

    /// <summary>Both ways to resize, which are of newer servers.</summary>
    private async Task ResizeAsync(CancellationToken cancellation)
    {
        Pod? pod;
        while ((pod = await _admin.FindAsync(Resources.Pods, new ObjectName(Space, $"{_name}-0"), cancellation)) is null) await Task.Delay(20, cancellation);
        foreach (Resource<Pod> way in new[] { Resources.PodResize, Resources.Pods })
        {
            var resizing = new PodResizing(_cluster!.Api, new ResizeRoute(way, 34), Space, "mysql", () => _cluster.WatchOf(Space).Look(_name), TimeProvider.System);
            Unsized? unsized = await resizing.ResizeAsync(PodIdentity.Of(pod, "mysql"), Size, TimeSpan.FromSeconds(1), cancellation);
            _answers.Enqueue(unsized?.Result.Why ?? "");
        }
    }

    private async Task MeasureAsync(CancellationToken cancellation)
    {
        using var feed = new UsageFeed(_cluster!.Api, _ => Task.FromResult(_cluster.Served with { PodMetrics = Resources.PodMetricsBeta }), Space, TimeProvider.System, _log);
        await feed.FindAsync($"{_name}-0", cancellation);
    }

    private async Task TellAsync(CancellationToken cancellation)
    {
        _cluster!.Events.Tell(await _admin.GetAsync(Resources.StatefulSets, Awake, cancellation), "Suspended", "told by a test");
        while (!(await _admin.ListAsync(Resources.Events, Space, new Selection(Fields: $"involvedObject.name={_name}"), cancellation)).Items.Any(one => one.Reason == "Suspended")) await Task.Delay(50, cancellation);
    }

    private async Task ProposeAsync(CancellationToken cancellation)
    {
        while (!_gateway!.IsOpen || !_gateway.Fleet.Election.Current.IsHere) await Task.Delay(20, cancellation);
        string? refused = await _gateway.Database.ProposeAsync(new(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), cancellation);
        if (refused is not null) throw new ApiException(ApiFailure.Other, refused);
        _gateway.Database.End("it was for the test");
    }

    private async Task KeepAsync(CancellationToken cancellation)
    {
        using var states = new KeptStates(_cluster!.Api, Names, TimeProvider.System);
        var map = new StateMap(states, Awake, () => _gateway!.Fleet.Election.Current);
        while (!_gateway!.Fleet.Election.Current.IsHere) await Task.Delay(20, cancellation);
        foreach (string state in new[] { "one", "two" })
        {
            if (!await map.WriteAsync(state, term: null, cancellation)) throw new ApiException(ApiFailure.Other, $"the state `{state}` was not kept");
        }

        while (_states!.Find(map.Name)?.State != "two") await Task.Delay(20, cancellation);
        Assert.That(await map.ReadAsync(cancellation), Is.EqualTo("two"));
    }

    private async Task ShareAsync(CancellationToken cancellation)
    {
        var secrets = new EngineSecrets(_cluster!.Api, Names, TimeProvider.System);
        foreach (byte content in new byte[] { 1, 2 }) await secrets.WriteAsync(Awake, _name, [content], kept => kept[0] == content, cancellation);
        Assert.That(await secrets.ReadAsync(Awake, _name, cancellation), Is.EqualTo(new byte[] { 2 }));
    }

    private async Task TryAsync(string what, Func<CancellationToken, Task> use)
    {
        try
        {
            await use(_end.Token);
            Done.Add(what);
        }
        catch (Exception e) when (e is ApiException or ComputeException or OperationCanceledException)
        {
            _answers.Enqueue($"{what}: {e.Message}");
        }
    }

    private static async Task WaitAsync(Func<bool> holds, TimeSpan limit)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!holds() && TimeProvider.System.GetElapsedTime(began) < limit) await Task.Delay(20);
    }

    /// <summary>A server hears of a new Role by a watch of its own.</summary>
    private async Task AllowedAsync(Right right)
    {
        string review = new JsonObject
        {
            ["apiVersion"] = "authorization.k8s.io/v1", ["kind"] = "SubjectAccessReview",
            ["spec"] = new JsonObject
            {
                ["user"] = $"system:serviceaccount:{Space}:{_name}",
                ["resourceAttributes"] = new JsonObject { ["namespace"] = Space, ["verb"] = right.Verb, ["group"] = right.Group, ["resource"] = right.Resource.Split('/')[0], ["subresource"] = right.Resource.Split('/').ElementAtOrDefault(1) ?? "" },
            },
        }.ToJsonString();
        await Eventually.HoldsAsync(
            async () => (bool)JsonNode.Parse(await _lab.PostAsAdminAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", review))!["status"]!["allowed"]!, TimeSpan.FromSeconds(60), () => Task.FromResult($"{right} is allowed"));
    }

    private Task<string> MakeAsync(ObjectName name, int replicas) => _lab.PostAsAdminAsync($"/apis/apps/v1/namespaces/{Space}/statefulsets", new JsonObject
    {
        ["apiVersion"] = "apps/v1", ["kind"] = "StatefulSet", ["metadata"] = new JsonObject { ["name"] = name.Name },
        ["spec"] = new JsonObject
        {
            ["replicas"] = replicas, ["serviceName"] = name.Name, ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name.Name } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name.Name } },
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray(new JsonObject
                    {
                        ["name"] = "mysql", ["image"] = "mysql", ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = "100m", ["memory"] = "64Mi" } },
                    }),
                },
            },
        },
    }.ToJsonString());
}
