using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>What one reader has not heard yet: at most one change an object, so that a slow reader costs no more than the objects there are.</summary>
internal sealed class ChangeQueue<T> : IDisposable where T : class, IApiObject
{
    private readonly Lock _guard = new();
    private readonly SemaphoreSlim _any = new(0, 1);
    private OrderedDictionary<ObjectName, CacheChange<T>> _pending = [];

    public void Add(CacheChange<T> change)
    {
        lock (_guard)
        {
            if (!_pending.TryGetValue(change.Name, out CacheChange<T> earlier))
            {
                _pending.Add(change.Name, change);
            }
            else if (earlier.Before is null && change.After is null)
            {
                // it came and went unseen
                _pending.Remove(change.Name);
            }
            else
            {
                _pending[change.Name] = change with { Before = earlier.Before };
            }

            if (_any.CurrentCount == 0)
            {
                _any.Release();
            }
        }
    }

    /// <summary>Waits until there is something, and takes it.</summary>
    public async Task<IEnumerable<CacheChange<T>>> TakeAsync(CancellationToken cancellation)
    {
        await _any.WaitAsync(cancellation);
        lock (_guard)
        {
            OrderedDictionary<ObjectName, CacheChange<T>> taken = _pending;
            _pending = [];
            return taken.Values;
        }
    }

    public void Dispose() => _any.Dispose();
}
