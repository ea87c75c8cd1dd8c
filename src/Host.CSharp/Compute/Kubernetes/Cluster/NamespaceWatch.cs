using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>
/// The StatefulSets and pods of one namespace, watched once for all databases in it: two watches, however many databases there are. Whoever has a
/// StatefulSet there is told when something about it changed.
/// </summary>
internal sealed partial class NamespaceWatch : IAsyncDisposable
{
    /// <summary>A name that nothing has: the answer is empty, and says whether there would be one.</summary>
    private const string OfNobody = "serverless-may-list";

    private readonly ResourceCache<StatefulSet> _sets;
    private readonly ResourceCache<Pod> _pods;
    private readonly ConcurrentDictionary<string, Action[]> _readers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _telling;
    private readonly string _space;
    private readonly ILogger _logger;
    private readonly SharedAttempt<bool> _allowed;

    public NamespaceWatch(IKubernetesApi api, string space, ApiOptions options, TimeProvider time, ILogger logger)
    {
        (_space, _logger) = (space, logger);
        _allowed = new SharedAttempt<bool>(async () =>
        {
            await Task.WhenAll(
                api.ListAsync(Resources.StatefulSets, space, Selection.ByName(OfNobody), CancellationToken.None), api.ListAsync(Resources.Pods, space, Selection.ByName(OfNobody), CancellationToken.None));
            return true;
        });
        _sets = new ResourceCache<StatefulSet>(api, Resources.StatefulSets, space, Selection.All, options, time, logger);
        _pods = new ResourceCache<Pod>(api, Resources.Pods, space, Selection.All, options, time, logger);
        _telling = Task.WhenAll(
            TellAsync(_sets, change => change.Name.Name),
            TellAsync(_pods, change => OwnerOf(change.After ?? change.Before!)));
    }

    /// <summary>Told, from the thread that hears of changes, after a StatefulSet came, went or changed; must neither wait nor throw.</summary>
    public event Action? SetsChanged;

    /// <summary>All StatefulSets as they were last heard of.</summary>
    public CacheSnapshot<StatefulSet> Sets => _sets.Snapshot;

    /// <summary>Waits until all that is there is known.</summary>
    /// <exception cref="ApiException">It may not be listed: a watch would try for ever.</exception>
    public async Task SyncedAsync(CancellationToken cancellation)
    {
        await _allowed.GetAsync(cancellation);
        await Task.WhenAll(_sets.SyncedAsync(cancellation), _pods.SyncedAsync(cancellation));
    }

    public Workload Look(string set) => Workload.Of(new ObjectName(_space, set), _sets.Snapshot, _pods.Snapshot);

    /// <param name="changed">Called after something about this StatefulSet or one of its pods changed; must neither wait nor throw.</param>
    /// <returns>Ends it.</returns>
    public IDisposable Follow(string set, Action changed)
    {
        _readers.AddOrUpdate(set, _ => [changed], (_, others) => [.. others, changed]);
        return new Following(this, set, changed);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _sets.DisposeAsync();
        await _pods.DisposeAsync();
        await _telling;
        _end.Dispose();
    }

    private async Task TellAsync<T>(ResourceCache<T> cache, Func<CacheChange<T>, string?> about) where T : class, IApiObject
    {
        try
        {
            await foreach (CacheChange<T> change in cache.ChangesAsync(_end.Token))
            {
                if (about(change) is { } set && _readers.TryGetValue(set, out Action[]? readers))
                {
                    Array.ForEach(readers, reader => Tell(reader, change.Name));
                }

                if (change is CacheChange<StatefulSet> && SetsChanged is { } changed)
                {
                    Tell(changed, change.Name);
                }
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // that is how it ends
        }
    }

    /// <summary>One that fails keeps no other from hearing, and does not end the watch: this change is lost on it, and not the next.</summary>
    private void Tell(Action reader, ObjectName about)
    {
        try
        {
            reader();
        }
        catch (Exception e)
        {
            LogNotTold(e, about);
        }
    }

    private static string? OwnerOf(Pod pod) => pod.Metadata.OwnerReferences?.FirstOrDefault(owner => owner is { Kind: "StatefulSet", Controller: true })?.Name;

    [LoggerMessage(Level = LogLevel.Error, Message = "What changed of {Name} could not be dealt with. The next change is")]
    private partial void LogNotTold(Exception exception, ObjectName name);

    private sealed class Following(NamespaceWatch watch, string set, Action changed) : IDisposable
    {
        public void Dispose() => watch._readers.AddOrUpdate(set, _ => [], (_, readers) => [.. readers.Where(one => one != changed)]);
    }
}
