using System.Collections.Concurrent;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Keeps what it is told, and nothing else; fails when a change does not begin where the last one ended.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<ObjectName, ConfigMap> _items = new();
    private readonly Task _run;

    public Follower(ResourceCache<ConfigMap> cache, TimeSpan? pause = null) => _run = RunAsync(cache, pause);

    public ConcurrentQueue<string> Deleted { get; } = new();

    public ConcurrentQueue<string> Replaced { get; } = new();

    public ConcurrentQueue<string> Wrong { get; } = new();

    public async Task EndsAsAsync(ResourceCache<ConfigMap> cache)
    {
        await UntilAsync(() => Versions(_items).SequenceEqual(Versions(cache.Items)), () => $"told of {string.Join(", ", Versions(_items))}\nthere are {string.Join(", ", Versions(cache.Items))}");
        Assert.That(Wrong, Is.Empty);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _run;
        _end.Dispose();
    }

    private async Task RunAsync(ResourceCache<ConfigMap> cache, TimeSpan? pause)
    {
        try
        {
            await foreach (CacheChange<ConfigMap> change in cache.ChangesAsync(_end.Token))
            {
                if (_items.GetValueOrDefault(change.Name)?.Metadata.ResourceVersion != change.Before?.Metadata.ResourceVersion) Wrong.Enqueue($"{change}");
                if (change.IsReplacement) Replaced.Enqueue(change.Name.Name);
                if (change.After is { } after)
                {
                    _items[change.Name] = after;
                }
                else
                {
                    Deleted.Enqueue(change.Name.Name);
                    _items.TryRemove(change.Name, out _);
                }

                if (pause is { } wait) await Task.Delay(wait);
            }
        }
        catch (OperationCanceledException)
        {
            // the test is over
        }
    }
}
