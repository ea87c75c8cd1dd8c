using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>
/// The objects of one kind as the server has them: listed once, watched from there on, and listed again when the server has forgotten where we were.
/// Nothing is missed, deletions included; while nothing can be heard, what was last known stays, and <see cref="Snapshot"/> says how old it is.
/// </summary>
internal sealed partial class ResourceCache<T> : IAsyncDisposable where T : class, IApiObject
{
    /// <summary>After so many failures in a row it is not relied on any more that the server still knows where we were.</summary>
    private const int FailuresBeforeList = 5;

    private const string NothingListed = "nothing was listed yet";

    private readonly IKubernetesApi _api;
    private readonly Resource<T> _resource;
    private readonly string? _space;
    private readonly Selection _selection;
    private readonly ApiOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ResourceStore<T> _store = new();
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationToken _ended;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;
    private volatile State _state;
    private readonly HashSet<ApiFailure> _told = [];
    private bool _disposed;
    private string? _version;
    private int _failures;

    /// <param name="space">Namespace; null: all of them.</param>
    public ResourceCache(IKubernetesApi api, Resource<T> resource, string? space, Selection selection, ApiOptions options, TimeProvider time, ILogger logger)
    {
        (_api, _resource, _space, _selection, _options, _time, _logger) = (api, resource, space, selection, options, time, logger);
        _state = new State(null, null, time.GetTimestamp(), NothingListed);
        _ended = _end.Token;
        _run = Task.Run(() => RunAsync(_ended));
    }

    /// <summary>All that is known, and how far it can be relied on. Whoever decides by it decides by one of these, and not by parts read one after the other.</summary>
    public CacheSnapshot<T> Snapshot
    {
        get
        {
            // first how fresh, then what: what is shown is never older than what is said of it
            State state = _state;
            StoreContents<T> contents = _store.Contents;
            bool isWatched = HasLasted(state.Opened);
            var freshness = new Freshness(
                state.Confirmed is { } confirmed ? _time.GetElapsedTime(confirmed) : null,
                isWatched ? null : _time.GetElapsedTime(state.Lost),
                isWatched ? null : state.Problem);
            return new CacheSnapshot<T>(contents.Items, freshness, contents.Unreadable);
        }
    }

    /// <summary>As they were last heard of. A value: it does not change while it is looked at.</summary>
    public IReadOnlyDictionary<ObjectName, T> Items => Snapshot.Items;

    public Freshness Freshness => Snapshot.Freshness;

    /// <summary>Waits until the objects have been listed for the first time.</summary>
    public Task SyncedAsync(CancellationToken cancellation) => _synced.Task.WaitAsync(cancellation);

    /// <summary>All that is there, as additions, and then what changes, for as long as it is read and the cache is there. A slow reader holds up nobody.</summary>
    public async IAsyncEnumerable<CacheChange<T>> ChangesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        ChangeQueue<T> reader = _store.Join();
        try
        {
            while (await TakeAsync(reader, cancellation) is { } changes)
            {
                foreach (CacheChange<T> change in changes)
                {
                    yield return change;
                }
            }
        }
        finally
        {
            _store.Leave(reader);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            await _run;
            return;
        }

        await _end.CancelAsync();
        await _run;
        _synced.TrySetCanceled(CancellationToken.None);
        _end.Dispose();
    }

    /// <returns>Null: the cache is disposed of, and nothing more comes.</returns>
    private async Task<IEnumerable<CacheChange<T>>?> TakeAsync(ChangeQueue<T> reader, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended, cancellation);
        try
        {
            return await reader.TakeAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (Gap() >= _options.LongestGap)
                {
                    _version = null;
                }

                bool isListed = _version is null;
                _version ??= await ListAsync(cancellation);
                await WatchAsync(isListed, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // whatever it is: a cache that stops would show the past for ever
            catch (Exception e)
#pragma warning restore CA1031
            {
                await FailAsync(e, cancellation);
            }
        }
    }

    private async Task<string> ListAsync(CancellationToken cancellation)
    {
        // it is so when it is asked for or later; when the answer comes it may be old
        long asked = _time.GetTimestamp();
        ApiList<T> list = await _api.ListAsync(_resource, _space, _selection, cancellation);
        foreach (UnreadableObject one in list.Unreadable)
        {
            LogUnreadable(_resource.Name, one.Name, one.Reason);
        }

        _store.Replace(list.Items, list.Unreadable);
        _state = _state with { Confirmed = asked, Problem = _state.Problem == NothingListed ? $"it was listed, and has not been watched for {_options.ShortestWatch.TotalSeconds:0.#} s yet" : _state.Problem };
        _synced.TrySetResult();
        return list.ResourceVersion.Length > 0
            ? list.ResourceVersion
            : throw new ApiException(ApiFailure.Malformed, $"list {_resource.Name}: expected a resourceVersion to watch from, found none");
    }

    /// <param name="isListed">It begins where a list ended that was made just now.</param>
    private async Task WatchAsync(bool isListed, CancellationToken cancellation)
    {
        try
        {
            await foreach (WatchEvent<T> happened in _api.WatchAsync(_resource, _space, _selection, _version!, cancellation))
            {
                if (happened.Kind != WatchEventKind.Opened)
                {
                    Hear(happened);
                }
                else if (isListed || Gap() < _options.LongestGap)
                {
                    _state = _state with { Opened = _time.GetTimestamp() };
                }
                else
                {
                    _version = null;
                    return;
                }
            }
        }
        catch (ApiException e) when (_state.Opened is not null && e.Failure == ApiFailure.TimedOut)
        {
            // Silent: the server may have nothing to say, or something between us may keep it. A list tells either.
            _version = null;
            Lose(e.Message);
            return;
        }

        if (!Lose("the watch has ended"))
        {
            throw new ApiException(ApiFailure.Unavailable, $"watch {_resource.Name}: expected it to last, found it ended by the server within {_options.ShortestWatch.TotalSeconds:0.#} s");
        }
    }

    private bool HasLasted(long? opened) => opened is { } began && _time.GetElapsedTime(began) >= _options.ShortestWatch;

    /// <summary>How long it is that something may have happened unheard of: since the last watch that lasted, or the last list.</summary>
    private TimeSpan Gap() => HasLasted(_state.Opened) ? TimeSpan.Zero : _time.GetElapsedTime(Math.Max(_state.Lost, _state.Confirmed ?? 0));

    private void Hear(WatchEvent<T> happened)
    {
        Apply(happened);
        _version = happened.ResourceVersion ?? _version;
        if (HasLasted(_state.Opened))
        {
            // what comes sooner may be of before the watch, and confirms nothing
            Recover();
            _state = _state with { Confirmed = _time.GetTimestamp() };
        }
    }

    private void Apply(WatchEvent<T> happened)
    {
        switch (happened.Kind)
        {
            case WatchEventKind.Present:
                _store.Set(happened.Object!);
                break;
            case WatchEventKind.Deleted:
                _store.Remove(happened.Name);
                break;
            case WatchEventKind.Unreadable:
                LogUnreadable(_resource.Name, happened.Name, happened.Problem ?? "");
                _store.SetUnreadable(happened.Name, happened.Problem ?? "");
                break;
            default:
                break;
        }
    }

    private async Task FailAsync(Exception failure, CancellationToken cancellation)
    {
        Lose(failure.Message);
        _failures++;
        var told = failure as ApiException;
        if (told is not { IsPassing: true, IsVersionUnknown: false } || _failures % FailuresBeforeList == 0)
        {
            _version = null;
        }

        // To be told that a version is too old is no sign of trouble: at first the next attempt is made at once.
        bool expected = told is { Failure: ApiFailure.Gone };
        if (expected && _failures == 1)
        {
            return;
        }

        // once for each kind of reason, however they alternate: an outage of an hour is a few lines
        if (_told.Add(told?.Failure ?? ApiFailure.Other))
        {
            LogLost(_resource.Name, failure.Message);
        }

        try
        {
            await Task.Delay(Backoff.After(_failures, told?.RetryAfter, _options), _time, cancellation);
        }
        catch (OperationCanceledException)
        {
            // the end, which the caller sees for itself
        }
    }

    private void Recover()
    {
        if (_told.Count > 0)
        {
            LogFound(_resource.Name, _failures);
        }

        _failures = 0;
        _told.Clear();
    }

    /// <summary>There is no watch. One that did not last has not been: since when there is none is as it was before.</summary>
    /// <returns>It had lasted: what comes is a new trouble, and is met as quickly as the first.</returns>
    private bool Lose(string problem)
    {
        bool lasted = HasLasted(_state.Opened);
        if (lasted)
        {
            Recover();
        }

        _state = new State(_state.Confirmed, null, lasted ? _time.GetTimestamp() : _state.Lost, problem);
        return lasted;
    }

    /// <param name="Confirmed">When it was certainly so.</param>
    /// <param name="Opened">When the watch was opened that there is; null: there is none.</param>
    /// <param name="Lost">Since when there is none that has lasted. Of no meaning once it has.</param>
    private sealed record State(long? Confirmed, long? Opened, long Lost, string? Problem);
}
