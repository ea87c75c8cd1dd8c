using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>
/// The objects of one kind as the server has them: listed once, watched from there on, and listed again when the server has forgotten where we were.
/// Nothing is missed, deletions included; while nothing can be heard, what was last known stays, and <see cref="Freshness"/> says how old it is.
/// </summary>
internal sealed partial class ResourceCache<T> : IAsyncDisposable where T : class, IApiObject
{
    /// <summary>A watch that ends sooner, with nothing said, is a failure: to open one after the other would be asking without end.</summary>
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(1);

    /// <summary>After so many failures in a row it is not relied on any more that the server still knows where we were.</summary>
    private const int FailuresBeforeList = 5;

    private readonly IKubernetesApi _api;
    private readonly Resource<T> _resource;
    private readonly string? _space;
    private readonly Selection _selection;
    private readonly ApiOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ResourceStore<T> _store = new();
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;
    private volatile State _state;
    private string? _version;
    private int _failures;
    private ApiFailure? _told;

    /// <param name="space">Namespace; null: all of them.</param>
    public ResourceCache(IKubernetesApi api, Resource<T> resource, string? space, Selection selection, ApiOptions options, TimeProvider time, ILogger logger)
    {
        (_api, _resource, _space, _selection, _options, _time, _logger) = (api, resource, space, selection, options, time, logger);
        _state = new State(null, time.GetTimestamp(), "nothing was listed yet");
        _run = Task.Run(() => RunAsync(_end.Token));
    }

    /// <summary>As they were last heard of. A value: it does not change while it is looked at.</summary>
    public IReadOnlyDictionary<ObjectName, T> Items => _store.Items;

    public Freshness Freshness
    {
        get
        {
            State state = _state;
            return new Freshness(
                state.Confirmed is { } confirmed ? _time.GetElapsedTime(confirmed) : null,
                state.Lost is { } lost ? _time.GetElapsedTime(lost) : null,
                state.Problem);
        }
    }

    /// <summary>Waits until the objects have been listed for the first time.</summary>
    public Task SyncedAsync(CancellationToken cancellation) => _synced.Task.WaitAsync(cancellation);

    /// <summary>All that is there, as additions, and then what changes, for as long as it is read. A slow reader holds up nobody.</summary>
    public async IAsyncEnumerable<CacheChange<T>> ChangesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        ChangeQueue<T> reader = _store.Join();
        try
        {
            while (true)
            {
                foreach (CacheChange<T> change in await reader.TakeAsync(cancellation))
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
        await _end.CancelAsync();
        await _run;
        _synced.TrySetCanceled(CancellationToken.None);
        _end.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                _version ??= await ListAsync(cancellation);
                await WatchAsync(cancellation);
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
        ApiList<T> list = await _api.ListAsync(_resource, _space, _selection, cancellation);
        foreach (UnreadableObject one in list.Unreadable)
        {
            LogUnreadable(_resource.Name, one.Name, one.Reason);
        }

        _store.Replace(list.Items, list.Unreadable.Select(one => one.Name));
        _state = _state with { Confirmed = _time.GetTimestamp() };
        _synced.TrySetResult();
        return list.ResourceVersion.Length > 0
            ? list.ResourceVersion
            : throw new ApiException(ApiFailure.Malformed, $"list {_resource.Name}: expected a resourceVersion to watch from, found none");
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        long began = _time.GetTimestamp();
        bool opened = false;
        bool any = false;
        try
        {
            await foreach (WatchEvent<T> happened in _api.WatchAsync(_resource, _space, _selection, _version!, cancellation))
            {
                Apply(happened);
                _version = happened.ResourceVersion ?? _version;
                opened = true;
                if (happened.Kind == WatchEventKind.Opened)
                {
                    began = _time.GetTimestamp();
                }
                else
                {
                    any = true;
                    Recover();
                }

                _state = new State(_time.GetTimestamp(), null, null);
            }
        }
        catch (ApiException e) when (opened && e.Failure == ApiFailure.TimedOut)
        {
            // Silent: the server may have nothing to say, or something between us may keep it. A list tells either.
            _version = null;
            Lose(e.Message);
            return;
        }

        catch (ApiException) when (opened && _time.GetElapsedTime(began) >= ShortestWatch)
        {
            // it was well until now: what comes is a new trouble, and is met as quickly as the first
            Recover();
            throw;
        }

        Lose("the watch has ended");
        if (_time.GetElapsedTime(began) >= ShortestWatch)
        {
            Recover();
        }
        else if (!any)
        {
            throw new ApiException(ApiFailure.Unavailable, $"watch {_resource.Name}: the server ended it at once, with nothing said");
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
                break;
            default:
                break;
        }
    }

    private async Task FailAsync(Exception failure, CancellationToken cancellation)
    {
        _failures++;
        var told = failure as ApiException;
        if (told is not { IsPassing: true, IsVersionUnknown: false } || _failures % FailuresBeforeList == 0)
        {
            _version = null;
        }

        // To be told that a version is too old is no sign of trouble: at first the next attempt is made at once.
        bool expected = told is { Failure: ApiFailure.Gone };
        Lose(failure.Message);
        if (expected && _failures == 1)
        {
            return;
        }

        // once for each kind of reason: an outage of an hour is one line
        ApiFailure kind = told?.Failure ?? ApiFailure.Other;
        if (_told != kind)
        {
            _told = kind;
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
        if (_told is not null)
        {
            LogFound(_resource.Name, _failures);
        }

        (_failures, _told) = (0, null);
    }

    private void Lose(string problem) => _state = _state with { Lost = _state.Lost ?? _time.GetTimestamp(), Problem = problem };

    private sealed record State(long? Confirmed, long? Lost, string? Problem);
}
