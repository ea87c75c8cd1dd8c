using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>The namespaces that databases are looked for in, each watched as soon as it can be: one that lets nobody look keeps none of the others.</summary>
/// <param name="changed">Told after anything about a StatefulSet changed, and after a namespace came; must neither wait nor throw.</param>
internal sealed partial class FoundNamespaces(DiscoverySettings discovery, HostComputes computes, Action changed, ILogger logger)
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(10);

    private readonly List<NamespaceWatch> _watches = [];
    private readonly Lock _guard = new();

    /// <summary>One at least is known.</summary>
    public bool AreKnown
    {
        get
        {
            lock (_guard)
            {
                return _watches.Count > 0;
            }
        }
    }

    /// <summary>The StatefulSets of all namespaces that are known.</summary>
    public IReadOnlyList<StatefulSet> Sets
    {
        get
        {
            lock (_guard)
            {
                return [.. _watches.SelectMany(watch => watch.Sets.Items.Values)];
            }
        }
    }

    /// <summary>Watches them until the cancellation.</summary>
    /// <param name="patience">How long the first answers are waited for.</param>
    /// <param name="run">All of it.</param>
    /// <returns>Each has answered once, or is known to be slow: of two StatefulSets with one name the older is known then, if it is to be seen at all.</returns>
    public async Task BeginAsync(TimeSpan patience, Action<Task> run, CancellationToken cancellation)
    {
        IReadOnlyList<string?> spaces = discovery.Namespaces.Count > 0 ? [.. discovery.Namespaces.Distinct(StringComparer.Ordinal)] : [discovery.Template.Kubernetes.Namespace];
        List<TaskCompletionSource> answered = [.. spaces.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        run(Task.WhenAll(spaces.Select((space, i) => WatchAsync(space, answered[i], cancellation))));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(Task.WhenAll(answered.Select(one => one.Task)), Task.Delay(patience, enough.Token));
        await enough.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Nothing is told any more.</summary>
    public void End()
    {
        lock (_guard)
        {
            _watches.ForEach(watch => watch.SetsChanged -= changed);
            _watches.Clear();
        }
    }

    private async Task WatchAsync(string? space, TaskCompletionSource answered, CancellationToken cancellation)
    {
        string? told = null;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                NamespaceWatch watch = await computes.WatchAsync(discovery.Template.Kubernetes with { Namespace = space }, cancellation);
                lock (_guard)
                {
                    watch.SetsChanged += changed;
                    _watches.Add(watch);
                }

                answered.TrySetResult();
                changed();
                return;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                answered.TrySetResult();
                if (e.Message != told)
                {
                    told = e.Message;
                    LogNotWatched(space ?? "(its own)", told);
                }
            }

            // that it is cancelled is seen by the loop
            await Task.WhenAny(Task.Delay(s_retry, cancellation));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Databases of namespace {Space} are not found yet, and it is tried again; those of others are: {Reason}")]
    private partial void LogNotWatched(string space, string reason);
}
