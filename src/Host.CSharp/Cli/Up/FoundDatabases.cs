using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>
/// Serves the databases that the labels of StatefulSets ask for, as they come and go. What is not heard of because the cluster is away stays as it was: only what is known to be gone is removed.
/// </summary>
/// <param name="add">Begins to serve one, whatever becomes of its compute.</param>
/// <param name="remove">Ends that, its sessions included.</param>
internal sealed partial class FoundDatabases(
    HostSettings settings, HostComputes computes, Action<DatabaseSettings> add, Func<DatabaseSettings, Task> remove, ILogger logger) : IDisposable
{
    /// <summary>A StatefulSet that is replaced by another of its name is gone for a moment only.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(10);

    private readonly DiscoverySettings _discovery = settings.Discovery!;
    private readonly HashSet<string> _configured = settings.Databases.Select(one => one.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<string, ObjectName> _served = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, long> _missing = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Task> _leaving = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _told = [];
    private Task _run = Task.CompletedTask;

    public void Start() => _run = RunAsync(_end.Token);

    /// <summary>None is added or removed from here on.</summary>
    public async Task EndAsync()
    {
        await _end.CancelAsync();
        await _run;
    }

    public void Dispose() => _end.Dispose();

    private async Task RunAsync(CancellationToken cancellation)
    {
        List<NamespaceWatch> watches = [];
        try
        {
            IReadOnlyList<string?> spaces = _discovery.Namespaces.Count > 0 ? [.. _discovery.Namespaces] : [_discovery.Template.Kubernetes.Namespace];
            watches.AddRange(await Task.WhenAll(spaces.Distinct().Select(space => WatchAsync(space, cancellation))));
            watches.ForEach(watch => watch.SetsChanged += OnChanged);
            OnChanged();
            Task<bool> news = _news.Reader.WaitToReadAsync(cancellation).AsTask();
            while (true)
            {
                // who is missing, or leaves, is looked for without news of it
                await Task.WhenAny(news, Task.Delay(_missing.Count == 0 && _leaving.Count == 0 ? Timeout.InfiniteTimeSpan : s_look, cancellation));
                cancellation.ThrowIfCancellationRequested();
                if (news.IsCompleted)
                {
                    _news.Reader.TryRead(out _);
                    news = _news.Reader.WaitToReadAsync(cancellation).AsTask();
                }

                Follow(FoundSets.Of(watches.SelectMany(watch => watch.Sets.Items.Values), _configured, _served));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(_leaving.Values);
        }
        catch (Exception e)
        {
            // what is served goes on
            LogEnded(e);
        }
        finally
        {
            watches.ForEach(watch => watch.SetsChanged -= OnChanged);
        }
    }

    private void OnChanged() => _news.Writer.TryWrite(true);

    private async Task<NamespaceWatch> WatchAsync(string? space, CancellationToken cancellation)
    {
        string? told = null;
        while (true)
        {
            try
            {
                return await computes.WatchAsync(_discovery.Template.Kubernetes with { Namespace = space }, cancellation);
            }
            catch (ComputeException e)
            {
                if (e.Message != told)
                {
                    told = e.Message;
                    LogNotWatched(space ?? "(its own)", told);
                }

                await Task.Delay(s_retry, cancellation);
            }
        }
    }

    private void Follow(FoundSets found)
    {
        foreach (string trouble in found.Troubles.Where(_told.Add))
        {
            LogTrouble(trouble);
        }

        _told.IntersectWith(found.Troubles);
        foreach (string gone in _leaving.Where(one => one.Value.IsCompleted).Select(one => one.Key).ToArray())
        {
            _leaving.Remove(gone);
        }

        foreach ((string name, ObjectName set) in _served.ToArray())
        {
            bool isThere = found.Databases.TryGetValue(name, out ObjectName now) && now == set;
            if (isThere)
            {
                _missing.Remove(name);
            }
            else if (!_missing.TryGetValue(name, out long since))
            {
                _missing[name] = TimeProvider.System.GetTimestamp();
            }
            else if (TimeProvider.System.GetElapsedTime(since) >= s_patience)
            {
                _missing.Remove(name);
                _served.Remove(name);
                LogGone(name, set, DiscoverySettings.Label);
                _leaving[name] = remove(_discovery.Of(name, set.Space!, set.Name));
            }
        }

        foreach ((string name, ObjectName set) in found.Databases.Where(one => !_served.ContainsKey(one.Key) && !_leaving.ContainsKey(one.Key)))
        {
            LogFound(name, set);
            try
            {
                add(_discovery.Of(name, set.Space!, set.Name));
                _served[name] = set;
            }
            catch (IOException e)
            {
                // a certificate, say; with the next change of any StatefulSet it is tried again
                LogTrouble($"StatefulSet {set}: {e.Message}");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "No databases are found or removed any more: start the gateway again")]
    private partial void LogEnded(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database} was found: StatefulSet {Set}")]
    private partial void LogFound(string database, ObjectName set);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database} is served no more: StatefulSet {Set} is gone, or its label {Label} says so. Its sessions end")]
    private partial void LogGone(string database, ObjectName set, string label);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A database that was found is not served: {Trouble}")]
    private partial void LogTrouble(string trouble);

    [LoggerMessage(Level = LogLevel.Error, Message = "Databases of namespace {Space} are not found yet, and it is tried again: {Reason}")]
    private partial void LogNotWatched(string space, string reason);
}
