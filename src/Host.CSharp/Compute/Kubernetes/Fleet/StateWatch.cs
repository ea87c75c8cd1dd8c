using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>What the leader keeps of the databases, as it is heard of by those that do not lead: one watch, however many databases there are.</summary>
internal sealed class StateWatch : IAsyncDisposable
{
    private readonly ResourceCache<ConfigMap> _cache;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _following;

    public StateWatch(IKubernetesApi api, FleetNames names, ApiOptions options, TimeProvider time, ILogger logger)
    {
        _cache = new ResourceCache<ConfigMap>(api, Resources.ConfigMaps, names.Space, names.Gateways, options, time, logger);
        _following = FollowAsync();
    }

    /// <summary>Told, from any thread, after what is kept there has changed.</summary>
    public event Action<ObjectName>? Changed;

    /// <summary>What is kept, and the term that it was written in.</summary>
    /// <returns>Null: nothing is kept there, or nothing was heard yet.</returns>
    public (string State, string Term)? Find(ObjectName map) => _cache.Items.GetValueOrDefault(map) is { } found ? StateMap.Read(found) : null;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _cache.DisposeAsync();
        await _following;
        _end.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            await foreach (CacheChange<ConfigMap> change in _cache.ChangesAsync(_end.Token))
            {
                Changed?.Invoke(change.Name);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // that is how it ends
        }
    }
}
