using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Config;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>One cluster as the databases in it share it: the client, what the cluster serves, a watch for each namespace, and the Events that are told.</summary>
internal sealed class KubernetesCluster : IAsyncDisposable
{
    private readonly KubernetesApi _api;
    private readonly ApiOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ConcurrentDictionary<string, Lazy<NamespaceWatch>> _watches = new(StringComparer.Ordinal);

    private KubernetesCluster(KubernetesApi api, ServedApis served, ApiOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (_api, Served, _options, _time, _loggers) = (api, served, options, time, loggers);
        Events = new EventRecorder(api, time, loggers.CreateLogger<EventRecorder>());
    }

    public IKubernetesApi Api => _api;

    public ServedApis Served { get; }

    public EventRecorder Events { get; }

    /// <exception cref="ComputeException">The cluster is not reached, or does not let us in; the message says what to do.</exception>
    public static async Task<KubernetesCluster> OpenAsync(ClusterAccess access, ApiOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var api = new KubernetesApi(access, options, new ApiCallStatistics(), time);
        try
        {
            return new KubernetesCluster(api, await ServedApis.ReadAsync(api, cancellation), options, time, loggers);
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

    public NamespaceWatch WatchOf(string space) =>
        _watches.GetOrAdd(space, name => new Lazy<NamespaceWatch>(() => new NamespaceWatch(_api, name, _options, _time, _loggers.CreateLogger<NamespaceWatch>()))).Value;

    public async ValueTask DisposeAsync()
    {
        await Events.DisposeAsync();
        foreach (Lazy<NamespaceWatch> watch in _watches.Values)
        {
            await watch.Value.DisposeAsync();
        }

        _api.Dispose();
    }
}
