using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Compute.Kubernetes.Metrics;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>One cluster as the databases in it share it: the client, what the cluster serves, a watch for each namespace, and the Events that are told.</summary>
internal sealed class KubernetesCluster : IAsyncDisposable
{
    private readonly KubernetesApi _api;
    private readonly ApiOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ConcurrentDictionary<string, Lazy<NamespaceWatch>> _watches = new(StringComparer.Ordinal);

    /// <summary>A cluster that is brought to another version serves other things.</summary>
    private static readonly TimeSpan s_servedFor = TimeSpan.FromMinutes(10);

    /// <summary>One that did not say is not asked again by everybody who wants to know.</summary>
    private static readonly TimeSpan s_unansweredFor = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_servedLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, UsageFeed> _usages = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _asking = new(1, 1);
    private ServedApis _served;
    private long _askedAt;
    private TimeSpan _goodFor = s_servedFor;

    /// <summary>A thousand databases are opened one after the other, as fast as processors allow.</summary>
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, SharedReads<StatefulSet>> _sets = new(StringComparer.Ordinal);
    private readonly ApiCallStatistics _statistics;

    private KubernetesCluster(KubernetesApi api, ApiCallStatistics statistics, bool isOfPod, ServedApis served, ApiOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (IsOfPod, _statistics) = (isOfPod, statistics);
        (_api, _served, _askedAt, _options, _time, _loggers) = (api, served, time.GetTimestamp(), options, time, loggers);
        Nodes = new NodeFeed(api, time, loggers.CreateLogger<NodeFeed>());
        Events = new EventRecorder(api, time, loggers.CreateLogger<EventRecorder>());
    }

    public IKubernetesApi Api => _api;

    /// <summary>What was asked of it since the start, each attempt by itself.</summary>
    public IReadOnlyDictionary<ApiCallKind, long> Calls => _statistics.Counts;

    public ApiOptions Options => _options;

    /// <summary>This process runs in it, in a pod of the namespace that is its own.</summary>
    public bool IsOfPod { get; }

    /// <summary>What it served when it was asked last.</summary>
    public ServedApis Served => Volatile.Read(ref _served);

    public EventRecorder Events { get; }

    public NodeFeed Nodes { get; }

    /// <exception cref="ComputeException">The cluster is not reached, or does not let us in; the message says what to do.</exception>
    public static async Task<KubernetesCluster> OpenAsync(ClusterAccess access, ApiOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var statistics = new ApiCallStatistics();
        var api = new KubernetesApi(access, options, statistics, time);
        try
        {
            return new KubernetesCluster(api, statistics, access.IsOfPod, await ServedApis.ReadAsync(api, cancellation), options, time, loggers);
        }
        catch (ApiException e)
        {
            api.Dispose();
            throw new ComputeException($"the Kubernetes cluster of {access.Source} cannot be used: {e.Message}", e);
        }
        catch
        {
            api.Dispose();
            throw;
        }
    }

    /// <summary>What it serves; asked again now and then, and as it was while it cannot be asked.</summary>
    public async Task<ServedApis> ServedAsync(CancellationToken cancellation)
    {
        await _asking.WaitAsync(cancellation);
        try
        {
            if (_time.GetElapsedTime(_askedAt) >= _goodFor)
            {
                _goodFor = await AskServedAsync(cancellation) ? s_servedFor : s_unansweredFor;
                _askedAt = _time.GetTimestamp();
            }
        }
        finally
        {
            _asking.Release();
        }

        return _served;
    }

    public NamespaceWatch WatchOf(string space) =>
        _watches.GetOrAdd(space, name => new Lazy<NamespaceWatch>(() => new NamespaceWatch(_api, name, _options, _time, _loggers.CreateLogger<NamespaceWatch>()))).Value;

    /// <summary>Reads of the StatefulSets of a namespace, for who need not have the answer at once.</summary>
    public SharedReads<StatefulSet> SetsOf(string space) => _sets.GetOrAdd(space, name => new SharedReads<StatefulSet>(_api, Resources.StatefulSets, name, s_gather, _time));

    public UsageFeed UsageOf(string space) =>
        _usages.GetOrAdd(space, name => new UsageFeed(_api, ServedAsync, name, _time, _loggers.CreateLogger<UsageFeed>()));

    /// <returns>False: it does not say, and nothing else is known.</returns>
    private async Task<bool> AskServedAsync(CancellationToken cancellation)
    {
        try
        {
            _served = await ServedApis.ReadAsync(_api.Within(s_servedLimit), cancellation);
            return true;
        }
        catch (ApiException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Events.DisposeAsync();
        foreach (Lazy<NamespaceWatch> watch in _watches.Values)
        {
            await watch.Value.DisposeAsync();
        }

        foreach (UsageFeed usage in _usages.Values)
        {
            usage.Dispose();
        }

        _asking.Dispose();
        _api.Dispose();
    }
}
