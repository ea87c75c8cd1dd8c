using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Metrics;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Sizing;
using Serverless.Host.Compute.Kubernetes.Storage;
using Serverless.Host.Compute.Kubernetes.Wesql;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Compute.Kubernetes;

/// <summary>
/// A database's compute as a StatefulSet: suspended by scaling it to zero, resumed by scaling it to the number of replicas it had. Others may scale it,
/// replace its pods and change its size at any time, other gateways among them: whatever is written has the version it was decided on as its condition,
/// and what others did is found and respected, never undone.
/// </summary>
internal sealed partial class KubernetesCompute : ICompute
{
    private readonly KubernetesComputeOptions _options;
    private readonly KubernetesCluster _cluster;
    private readonly NamespaceWatch _watch;
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly IDisposable _following;

    /// <summary>One start, stop or resize at a time.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Something about the StatefulSet or its pods changed; one waiter at most.</summary>
    private readonly SemaphoreSlim _news = new(0, 1);

    private PodEngine? _engine;
    private volatile string? _lastEnd;
    private bool _disposed;

    private KubernetesCompute(KubernetesComputeOptions options, KubernetesCluster cluster, NamespaceWatch watch, EventLoop loop, ILogger logger, TimeProvider time)
    {
        (_options, _cluster, _watch, _loop, _logger, _time) = (options, cluster, watch, loop, logger, time);
        _usage = new UsageReader(options.Container);
        _loggers = new LoggerSets(options, cluster, watch, OnChanged, time, logger);
        _following = watch.Follow(options.StatefulSet, OnChanged);
    }

    /// <inheritdoc/>
    public event Action<string>? Lost;

    /// <inheritdoc/>
    public event Action<string>? Crashed;

    /// <inheritdoc/>
    public event Action? Changed;

    public string Kind => "kubernetes";

    /// <summary>Other gateways may be using it, and one that ends is replaced.</summary>
    public bool EndsWithGateway => false;

    /// <summary>What it is and where, for people.</summary>
    public string Description => $"{Title}, container {_options.Container}, in the cluster of {_cluster.Api.Description}, {_cluster.Served.Version}";

    /// <summary>Of the StatefulSet that was found when it was opened.</summary>
    public string? Uid { get; private init; }

    public ObjectName Name => new(_options.Namespace, _options.StatefulSet);

    private string Title => $"StatefulSet {Name}";

    private PodEngine? Engine => Volatile.Read(ref _engine);

    /// <summary>Looks for the StatefulSet and begins to watch it. Starts nothing.</summary>
    /// <exception cref="ComputeException">It is not there, or we may not see it; the message says what to do.</exception>
    public static async Task<KubernetesCompute> OpenAsync(
        KubernetesComputeOptions options, KubernetesCluster cluster, EventLoop loop, ILogger logger, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            var own = new ObjectName(options.Namespace, options.StatefulSet);
            StatefulSet? set = await cluster.SetsOf(options.Namespace).FindAsync(own.Name, cancellation);
            if (set is null)
            {
                throw new ComputeException(
                    $"database `{options.Name}`: expected a StatefulSet {own} in the cluster of {cluster.Api.Description}, found none: mend `kubernetes:statefulSet` or `kubernetes:namespace`, or create it");
            }

            options = options.ReadsAnnotations ? SetAnnotations.Apply(options, set) : options;
            options = options with { Container = ContainerChoice.Choose(set, options) };
            NamespaceWatch watch = cluster.WatchOf(options.Namespace);
            await watch.SyncedAsync(cancellation);
            foreach (string name in options.Wesql?.Loggers ?? [])
            {
                SetAnnotations.RequireLogger(options, watch.Look(name));
            }

            return new KubernetesCompute(options, cluster, watch, loop, logger, time) { Uid = set.Metadata.Uid };
        }
        catch (ApiException e)
        {
            throw new ComputeException($"database `{options.Name}`: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string?> WhyNotStopAsync(CancellationToken cancellation)
    {
        Workload now = Look();
        if (!now.IsLive)
        {
            return $"the Kubernetes API server is not heard, and nothing is suspended on old news: {now.Trouble}";
        }

        if (now.Set is not { } set)
        {
            return $"there is no {Title}";
        }

        string? why = await WhyUnsafeAsync(set, cancellation);
        if (why is not null)
        {
            _cluster.Events.Tell(set, "SuspendRefused", why, isWarning: true);
        }

        return why;
    }

    /// <inheritdoc/>
    public ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation) =>
        Engine is { } engine ? engine.MetricSql.AskAsync(statement, cancellation) : ValueTask.FromResult(MetricAnswer.None("the engine does not run"));

    /// <inheritdoc/>
    public async ValueTask<AccountSnapshot> ReadAccountsAsync(CancellationToken cancellation)
    {
        PodEngine engine = Running;
        return await AccountReader.ReadAsync(engine.Sql, await engine.FamilyAsync(cancellation), _time, cancellation, _options.User);
    }

    /// <inheritdoc/>
    public async ValueTask<ServerProfile> ReadProfileAsync(CancellationToken cancellation)
    {
        PodEngine engine = Running;
        return await ProfileReader.ReadAsync(engine.Sql, await engine.FamilyAsync(cancellation), _time, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        _following.Dispose();
        await _loggers.DisposeAsync();
        if (Interlocked.Exchange(ref _engine, null) is { } engine)
        {
            await engine.DisposeAsync();
        }

        await EndFittingAsync();
    }

    /// <exception cref="EngineSqlException">None serves.</exception>
    private PodEngine Running => Engine ?? throw new EngineSqlException($"The compute of {_options.Name} is not running.");

    private Workload Look() => _watch.Look(_options.StatefulSet);

    /// <summary>What would be lost with the pods, or harmed by their end; null: nothing.</summary>
    private async Task<string?> WhyUnsafeAsync(StatefulSet set, CancellationToken cancellation)
    {
        if (GraceCheck.WhyTooShort(set) is { } tooShort)
        {
            return tooShort;
        }

        if (_loggers.WhyNotStop() is { } kept)
        {
            return kept;
        }

        return _options.TrustsStorage || await WhyLostAsync(set, cancellation) is not { } lost || (_options.Wesql is not null && await ObjectStore.IsUsedAsync(Engine?.Sql, cancellation)) ? null : lost;
    }

    private ComputeSize? SizeOf(Pod pod)
    {
        ResourceAmounts? inForce = pod.Status.OfContainer(_options.Container)?.Resources;
        return (inForce is null ? null : ContainerSizing.Read(inForce)) ?? (pod.Spec.FindContainer(_options.Container) is { } container ? ContainerSizing.Read(container.Resources) : null);
    }

    private BackendAddress AddressOf(Pod pod) => new(UnixSocket: null, new System.Net.IPEndPoint(pod.Address()!, _options.Port), _options.ReadsProxyHeader)
    {
        Tls = _options.Tls, ServiceUser = _options.User,
    };

    private PodEngine Reach(Pod pod) => new(PodIdentity.Of(pod, _options.Container), AddressOf(pod), _options, _loop, _time);
}
