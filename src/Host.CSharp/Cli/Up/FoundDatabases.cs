using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
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

    /// <summary>Whatever happens to any StatefulSet is news, most of it that one is scaled, and all of them are gone through: when many wake, that is done once for several.</summary>
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(200);

    private readonly DiscoverySettings _discovery = settings.Discovery!;
    private readonly Dictionary<string, string> _names = TakenByOthers.NamesOf(settings.Databases, settings.Discovery!);
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<string, ObjectName> _served = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, long> _missing = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (ObjectName Set, Task Removal)> _leaving = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _told = [];
    private volatile bool _hasFollowed;
    private Task _run = Task.CompletedTask;

    /// <summary>What there is in one namespace at least was found, so that clients of it are let in or held.</summary>
    public bool HasFollowed => _hasFollowed;

    public void Start()
    {
        if (_discovery.Template.BackendTls != BackendTls.Verified)
        {
            LogUnverified(_discovery.Template.User, DiscoverySettings.Label);
        }

        _run = RunAsync(_end.Token);
    }

    /// <summary>None is added or removed from here on.</summary>
    public async Task EndAsync()
    {
        await _end.CancelAsync();
        await _run;
    }

    public void Dispose() => _end.Dispose();

    private async Task RunAsync(CancellationToken cancellation)
    {
        var namespaces = new FoundNamespaces(_discovery, computes, OnChanged, logger);
        Task watching = Task.CompletedTask;
        try
        {
            await namespaces.BeginAsync(s_patience, run => watching = run, cancellation);
            Task<bool> news = _news.Reader.WaitToReadAsync(cancellation).AsTask();
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                long followed = TimeProvider.System.GetTimestamp();
                Follow(namespaces.Sets);
                _hasFollowed |= namespaces.AreKnown;
                // who is missing, or leaves, is looked for without news of it; the cancellation ends the wait for news
                await Task.WhenAny(_missing.Count == 0 && _leaving.Count == 0 ? [news] : [news, Task.Delay(s_look, CancellationToken.None)]);
                if (news.IsCompleted)
                {
                    TimeSpan left = s_gather - TimeProvider.System.GetElapsedTime(followed);
                    await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellation);
                    _news.Reader.TryRead(out _);
                    news = _news.Reader.WaitToReadAsync(cancellation).AsTask();
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(_leaving.Values.Select(one => one.Removal));
        }
        catch (Exception e)
        {
            // what is served goes on
            LogEnded(e);
        }
        finally
        {
            await watching;
            namespaces.End();
        }
    }

    private void OnChanged() => _news.Writer.TryWrite(true);

    private void Follow(IReadOnlyList<StatefulSet> sets)
    {
        foreach (string gone in _leaving.Where(one => one.Value.Removal.IsCompleted).Select(one => one.Key).ToArray())
        {
            _leaving.Remove(gone);
        }

        var held = _served.Concat(_leaving.Select(one => KeyValuePair.Create(one.Key, one.Value.Set))).ToDictionary(one => one.Value, one => one.Key);
        FoundSets found = FoundSets.Of(sets, new TakenByOthers(_names, computes.Places.ConfiguredBeside(settings), held));
        List<string> troubles = [.. found.Troubles];
        Leave(found);
        Join(found, troubles);
        foreach (string trouble in troubles.Where(_told.Add))
        {
            LogTrouble(trouble);
        }

        _told.IntersectWith(troubles);
    }

    private void Leave(FoundSets found)
    {
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
                _leaving[name] = (set, RemoveAsync(name, set));
            }
        }
    }

    private async Task RemoveAsync(string name, ObjectName set)
    {
        try
        {
            await remove(_discovery.Of(name, set.Space!, set.Name));
        }
        catch (Exception e)
        {
            // the others come and go all the same
            LogNotRemoved(e, name);
        }
    }

    private void Join(FoundSets found, List<string> troubles)
    {
        foreach ((string name, ObjectName set) in found.Databases.Where(one => !_served.ContainsKey(one.Key) && !_leaving.ContainsKey(one.Key)))
        {
            try
            {
                add(_discovery.Of(name, set.Space!, set.Name));
                _served[name] = set;
                LogFound(name, set);
            }
            catch (Exception e)
            {
                // a certificate, say; with the next change of any StatefulSet it is tried again
                troubles.Add($"StatefulSet {set}: database `{name}`: {e.Message}");
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

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database} is served no more, and what it had could not be ended cleanly")]
    private partial void LogNotRemoved(Exception exception, string database);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Whoever may set the label {Label} on a StatefulSet, or create one, in the namespaces that are watched can get the password of `{User}`, which is the same on all databases: an engine is sent it without being known. " +
        "`backendTls: verified` sends it to engines alone whose certificate this machine trusts")]
    private partial void LogUnverified(string user, string label);
}
