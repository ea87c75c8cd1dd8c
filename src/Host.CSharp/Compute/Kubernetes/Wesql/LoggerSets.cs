using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>
/// The loggers of one data node: up before it is, and down once it is gone, since what it writes at its end needs most of them. Other gateways may wake the data node meanwhile: what is written has the version it
/// was decided on as its condition, and <see cref="ReleaseAsync"/> ends every stop that is under way.
/// </summary>
internal sealed partial class LoggerSets : IAsyncDisposable
{
    private const int MostAttempts = 20;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    /// <summary>What the server does not let be done, somebody has to mend first.</summary>
    private static readonly TimeSpan s_refusedPause = TimeSpan.FromMinutes(1);

    /// <summary>By then a watch has heard that the data node was scaled down, or has heard of what came after it.</summary>
    private static readonly TimeSpan s_hearLimit = TimeSpan.FromSeconds(30);

    private readonly KubernetesComputeOptions _options;
    private readonly KubernetesCluster _cluster;
    private readonly NamespaceWatch _watch;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<IDisposable> _following;
    private readonly ConcurrentDictionary<string, int> _lastReplicas = new(StringComparer.Ordinal);
    private readonly Lock _guard = new();
    private CancellationTokenSource? _end;
    private Task _ending = Task.CompletedTask;
    private bool _disposed;

    /// <param name="changed">Called after something about one of them changed; must neither wait nor throw.</param>
    public LoggerSets(KubernetesComputeOptions options, KubernetesCluster cluster, NamespaceWatch watch, Action changed, TimeProvider time, ILogger logger)
    {
        (_options, _cluster, _watch, _time, _logger) = (options, cluster, watch, time, logger);
        Names = options.Wesql?.Loggers ?? [];
        _following = [.. Names.Select(name => watch.Follow(name, () =>
        {
            Remember();
            changed();
        }))];
        Remember();
    }

    public IReadOnlyList<string> Names { get; }

    /// <summary>In words, for the status; empty: there are none.</summary>
    public string Describe() => string.Join(", ", Names.Select(name => _watch.Look(name) is { Set: not null } found
        ? $"logger {name} {found.Pods.Count(pod => pod.IsReady())}/{found.Replicas}"
        : $"logger {name} is missing"));

    /// <summary>Why the data node must not be stopped with them; null: it may.</summary>
    public string? WhyNotStop()
    {
        foreach (string name in Names)
        {
            Workload found = _watch.Look(name);
            if (found.Set is not { } set)
            {
                return $"there is no StatefulSet {name}, which is to be its logger: create it, or mend `kubernetes:loggers`";
            }

            if (WhyNotLogger(set) is { } why)
            {
                return why;
            }

            if (!_options.TrustsStorage && LoggerStorage.WhyLost(set) is { } lost)
            {
                return lost;
            }
        }

        return null;
    }

    /// <summary>Has pods of all of them wanted, before the data node's are.</summary>
    /// <exception cref="ApiException">Not now.</exception>
    /// <exception cref="ComputeException">One cannot be had.</exception>
    /// <param name="asks">What is known of them was old.</param>
    public async Task StartAsync(bool asks, CancellationToken cancellation)
    {
        await EndAsync();
        await Task.WhenAll(Names.Select(async name =>
        {
            StatefulSet set = Own(!asks && _watch.Look(name) is { IsLive: true, Set: { } known } ? known : await AskAsync(name, cancellation));
            if (Workload.ReplicasOf(set) == 0)
            {
                await ScaleAsync(set, Wanted(set), cancellation);
            }
        }));
    }

    /// <summary>After the data node's pods are wanted: whoever is about to stop a logger for it, on the word that they were not, fails from here on, and what it did before that is taken back.</summary>
    /// <exception cref="ApiException">Not now.</exception>
    /// <exception cref="ComputeException">One cannot be had.</exception>
    public Task ReleaseAsync(CancellationToken cancellation) => Task.WhenAll(Names.Select(async name =>
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                StatefulSet set = Own(await AskAsync(name, cancellation));
                if (LoggerMark.Remove(set) is { } change)
                {
                    set = await PatchAsync(name, change, cancellation);
                }

                if (Workload.ReplicasOf(set) == 0)
                {
                    await ScaleAsync(set, Wanted(set), cancellation);
                }

                return;
            }
            catch (ApiException e) when (e.Failure == ApiFailure.Conflict && attempt < MostAttempts)
            {
                // decided again on what is there now
            }
        }
    }));

    /// <summary>Notes on each that it stops with the data node, before that does.</summary>
    /// <returns>Null: done. Otherwise why it cannot.</returns>
    /// <exception cref="ApiException">Not now.</exception>
    public async Task<string?> MarkAsync(StatefulSet dataNode, IKubernetesApi api, CancellationToken cancellation)
    {
        foreach (string name in Names)
        {
            StatefulSet? set = await api.FindAsync(Resources.StatefulSets, Of(name), cancellation);
            if (set is null || WhyNotLogger(set) is not null)
            {
                return set is null ? $"there is no StatefulSet {name}, which is to be its logger" : WhyNotLogger(set);
            }

            if (Workload.ReplicasOf(set) > 0 && LoggerMark.Write(set, LoggerMark.Of(dataNode)) is { } change)
            {
                await api.PatchAsync(Resources.StatefulSets, Of(name), Patch.Merge(change), cancellation);
            }
        }

        return null;
    }

    /// <summary>The data node runs on: the marks mean nothing, and are taken off where that can be.</summary>
    public async Task UnmarkAsync()
    {
        try
        {
            await ReleaseAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10), _time);
        }
        catch (Exception e) when (e is ApiException or ComputeException or TimeoutException)
        {
            LogNotReleased(_options.Name, e.Message);
        }
    }

    /// <summary>One of them is to stop and runs: whoever meant to do it did not come to that.</summary>
    public bool AreLeftOver(StatefulSet dataNode) => Names.Any(name =>
        _watch.Look(name) is { IsLive: true, Set: { } set } && Workload.ReplicasOf(set) > 0 && LoggerMark.Read(set) == LoggerMark.Of(dataNode));

    /// <summary>Stops those that are marked as soon as the data node is gone. Nothing waits for it; it ends when somebody wakes the data node.</summary>
    public void StopSoon(StatefulSet dataNode)
    {
        lock (_guard)
        {
            if (_disposed || Names.Count == 0 || !_ending.IsCompleted)
            {
                return;
            }

            _end?.Dispose();
            _end = new CancellationTokenSource();
            _ending = StopAsync(dataNode, _end.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_guard)
        {
            _disposed = true;
        }

        _following.ForEach(one => one.Dispose());
        await EndAsync();
        _end?.Dispose();
    }

    private async Task EndAsync()
    {
        Task ending;
        lock (_guard)
        {
            _end?.Cancel();
            ending = _ending;
        }

        await ending;
    }

    /// <summary>Never throws.</summary>
    private async Task StopAsync(StatefulSet dataNode, CancellationToken cancellation)
    {
        await Task.Yield();
        List<string> left = [.. Names];
        TimeSpan pause = s_look;
        long began = _time.GetTimestamp();
        bool hasSlept = false, isToldOf = false;
        try
        {
            while (left.Count > 0)
            {
                Workload node = _watch.Look(_options.StatefulSet);
                hasSlept |= node.Replicas == 0;
                if (node is { IsLive: true, Replicas: > 0 } && (hasSlept || _time.GetElapsedTime(began) > s_hearLimit))
                {
                    // it is woken, and whoever did that has released them
                    return;
                }

                if (node is { IsLive: true, Replicas: 0, Pods.Count: 0 })
                {
                    try
                    {
                        if (!await IsDownAsync(dataNode, left, cancellation))
                        {
                            return;
                        }

                        pause = s_look;
                        continue;
                    }
                    catch (ApiException e) when (e.Failure == ApiFailure.Conflict || e.IsPassing)
                    {
                        pause = e.Failure == ApiFailure.Conflict ? s_look : pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                    }
                    catch (ApiException e)
                    {
                        if (!isToldOf)
                        {
                            LogNotStopped(_options.Name, string.Join(", ", left), e.Message);
                        }

                        (isToldOf, pause) = (true, s_refusedPause);
                    }
                }

                await Task.Delay(pause, _time, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // it is woken, or the gateway ends, and another one finds what is left
        }
    }

    /// <summary>Scales the next one down.</summary>
    /// <returns>False: the data node is wanted again, and they with it.</returns>
    private async Task<bool> IsDownAsync(StatefulSet dataNode, List<string> left, CancellationToken cancellation)
    {
        // The logger first, and then the data node: who wakes it writes the logger after that, so that this version of it is the last one that may be stopped.
        StatefulSet? set = await _cluster.Api.FindAsync(Resources.StatefulSets, Of(left[0]), cancellation);
        if (set is not null && Workload.ReplicasOf(set) > 0 && LoggerMark.Read(set) == LoggerMark.Of(dataNode))
        {
            StatefulSet? node = await _cluster.Api.FindAsync(Resources.StatefulSets, Of(_options.StatefulSet), cancellation);
            if (node is null || node.Metadata.Uid != dataNode.Metadata.Uid || Workload.ReplicasOf(node) > 0)
            {
                return false;
            }

            await ScaleAsync(set, 0, cancellation);
            LogStopped(_options.Name, set.Metadata.Name);
            _cluster.Events.Tell(set, "Suspended", $"scaled from {Workload.ReplicasOf(set)} to 0 replicas with its data node, StatefulSet {_options.StatefulSet}");
        }

        left.RemoveAt(0);
        return true;
    }

    private string? WhyNotLogger(StatefulSet set) => LoggerMark.IsOfAnother(set, _options.StatefulSet)
        ? $"StatefulSet {set.Metadata.Name} is the logger of another data node ({LoggerMark.Annotation}: {Shown.Of(LoggerMark.Read(set)!)}): mend `kubernetes:loggers`, or take the annotation off"
        : SetAnnotations.WhyNotLogger(_options, set);

    /// <exception cref="ComputeException">It is another data node's: neither it nor its mark is touched.</exception>
    /// <remarks>One that was stopped with this data node is started with it, whatever has become of its annotations since.</remarks>
    private StatefulSet Own(StatefulSet set) => !LoggerMark.IsOf(set, _options.StatefulSet) && WhyNotLogger(set) is { } why ? throw new ComputeException(why) : set;

    private int Wanted(StatefulSet set) => _lastReplicas.TryGetValue(set.Metadata.Name, out int last) ? last : ReplicaRecord.Recall(set);

    private void Remember()
    {
        foreach (string name in Names)
        {
            if (_watch.Look(name) is { Replicas: > 0 } found)
            {
                _lastReplicas[name] = found.Replicas;
            }
        }
    }

    private ObjectName Of(string name) => new(_options.Namespace, name);

    private async Task<StatefulSet> AskAsync(string name, CancellationToken cancellation) => await _cluster.Api.FindAsync(Resources.StatefulSets, Of(name), cancellation)
        ?? throw new ComputeException($"there is no StatefulSet {Of(name)}, which is to be a logger: create it, or mend `kubernetes:loggers`");

    private Task<StatefulSet> PatchAsync(string name, JsonObject change, CancellationToken cancellation) => _cluster.Api.PatchAsync(Resources.StatefulSets, Of(name), Patch.Merge(change), cancellation);

    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: it is not what it was when this was decided.</exception>
    private Task ScaleAsync(StatefulSet set, int replicas, CancellationToken cancellation) => SetScale.ChangeAsync(_cluster.Api, set, replicas, cancellation);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: its logger {StatefulSet} is scaled to 0")]
    private partial void LogStopped(string database, string statefulSet);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: its loggers {StatefulSets} run on, though its data node sleeps: {Reason}")]
    private partial void LogNotStopped(string database, string statefulSets, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: its loggers are marked to stop with a data node that runs on, which the next start mends: {Reason}")]
    private partial void LogNotReleased(string database, string reason);
}
