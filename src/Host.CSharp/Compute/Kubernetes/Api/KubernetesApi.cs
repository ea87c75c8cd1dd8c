using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>The API over HTTP, see https://kubernetes.io/docs/reference/using-api/api-concepts/.</summary>
internal sealed class KubernetesApi : IKubernetesApi, IDisposable
{
    /// <summary>The server ends a watch itself; one that it does not is ended this much later.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly ClusterAccess _access;
    private readonly ApiOptions _options;
    private readonly TimeProvider _time;
    private readonly ApiCaller _caller;
    private readonly bool _isOwner;

    public KubernetesApi(ClusterAccess access, ApiOptions options, ApiCallStatistics statistics, TimeProvider time)
        : this(access, options, new ApiCaller(access, options, statistics, time), time, isOwner: true)
    {
    }

    private KubernetesApi(ClusterAccess access, ApiOptions options, ApiCaller caller, TimeProvider time, bool isOwner) =>
        (_access, _options, _caller, _time, _isOwner) = (access, options, caller, time, isOwner);

    public string Description => $"{_caller.Server} ({_access.Source})";

    public string Namespace => _access.Namespace;

    public IKubernetesApi Within(TimeSpan limit) => new KubernetesApi(_access, _options with { CallTimeLimit = limit }, _caller, _time, isOwner: false);

    public Task<T> GetAsync<T>(Resource<T> resource, ObjectName name, CancellationToken cancellation) where T : class, IApiObject =>
        CallAsync(ApiRequests.Get(resource, name), resource.Json, cancellation);

    public async Task<ApiList<T>> ListAsync<T>(Resource<T> resource, string? space, Selection selection, CancellationToken cancellation) where T : class, IApiObject
    {
        using var whole = new CancellationTokenSource(_options.ListTimeLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellation);
        try
        {
            try
            {
                return await ListAsync(resource, space, selection, _options.PageSize, either.Token);
            }
            catch (ApiException e) when (e.Failure == ApiFailure.Gone)
            {
                // the moment that the first page was of is forgotten; all at once knows no such thing
                return await ListAsync(resource, space, selection, 0, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ApiFailures.TimedOut(ApiRequests.List(resource, space, selection, 0, null), _caller.Server, _options.ListTimeLimit, null);
        }
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        Resource<T> resource, string? space, Selection selection, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellation)
        where T : class, IApiObject
    {
        TimeSpan limit = _options.WatchTimeLimit * (1 + Random.Shared.NextDouble());
        ApiRequest request = ApiRequests.Watch(resource, space, selection, resourceVersion, limit);
        using var whole = new CancellationTokenSource(limit + Grace, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellation);
        using HttpResponseMessage response = await _caller.OpenAsync(request, either.Token);
        yield return new WatchEvent<T>(WatchEventKind.Opened, default, null);
        using var lines = new LineReader(await response.Content.ReadAsStreamAsync(either.Token), _options.LargestEvent);
        while (await NextAsync(request, lines, whole.Token, cancellation) is { } line)
        {
            yield return Read(request, resource, line.Span);
        }
    }

    public Task<T> CreateAsync<T>(Resource<T> resource, string? space, T item, CancellationToken cancellation) where T : class, IApiObject =>
        CallAsync(ApiRequests.Create(resource, space, item), resource.Json, cancellation);

    public Task<T> ReplaceAsync<T>(Resource<T> resource, T item, CancellationToken cancellation) where T : class, IApiObject =>
        CallAsync(ApiRequests.Replace(resource, item), resource.Json, cancellation);

    public Task<T> PatchAsync<T>(Resource<T> resource, ObjectName name, Patch patch, CancellationToken cancellation) where T : class, IApiObject =>
        CallAsync(ApiRequests.Patch(resource, name, patch), resource.Json, cancellation);

    public async Task DeleteAsync<T>(Resource<T> resource, ObjectName name, string? uid, CancellationToken cancellation) where T : class, IApiObject =>
        // what it says is the object, or a Status: neither is needed
        (await _caller.CallAsync(ApiRequests.Delete(resource, name, uid), _options.CallTimeLimit, cancellation)).Dispose();

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellation) => CallAsync(ApiRequests.Read("/version"), KubernetesJson.Default.ServerVersion, cancellation);

    public Task<ApiGroupList> GetGroupsAsync(CancellationToken cancellation) => CallAsync(ApiRequests.Read("/apis"), KubernetesJson.Default.ApiGroupList, cancellation);

    public Task<ApiResourceList> GetResourcesAsync(string groupVersion, CancellationToken cancellation) =>
        CallAsync(ApiRequests.Read((groupVersion.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/") + groupVersion), KubernetesJson.Default.ApiResourceList, cancellation);

    public void Dispose()
    {
        if (_isOwner)
        {
            _caller.Dispose();
            (_access.Credentials as IDisposable)?.Dispose();
        }
    }

    private async Task<ApiList<T>> ListAsync<T>(Resource<T> resource, string? space, Selection selection, int limit, CancellationToken cancellation) where T : class, IApiObject
    {
        var items = new List<T>();
        var unreadable = new List<UnreadableObject>();
        string? next = null;
        long size = 0;
        for (int page = 0; page < _options.MostPages; page++)
        {
            ApiRequest request = ApiRequests.List(resource, space, selection, limit, next);
            using BoundedBody body = await _caller.CallAsync(request, _options.CallTimeLimit, cancellation);
            size += body.Span.Length;
            if (size > _options.LargestList)
            {
                throw ApiFailures.TooLarge(request, _caller.Server, _options.LargestList);
            }

            ListMeta meta;
            try
            {
                meta = ListReader.Read(body.Span, resource, items, unreadable);
            }
            catch (Exception e) when (IsMalformed(e))
            {
                throw ApiFailures.Malformed(request, _caller.Server, Shown.Of(e.Message), e);
            }

            if (string.IsNullOrEmpty(meta.Continue))
            {
                return new ApiList<T>(items, meta.ResourceVersion ?? "", unreadable);
            }

            next = meta.Continue;
        }

        throw ApiFailures.Malformed(ApiRequests.List(resource, space, selection, 0, null), _caller.Server, $"a list that has more than {_options.MostPages} pages of {limit}");
    }

    private async Task<T> CallAsync<T>(ApiRequest request, JsonTypeInfo<T> json, CancellationToken cancellation) where T : class
    {
        using BoundedBody body = await _caller.CallAsync(request, _options.CallTimeLimit, cancellation);
        try
        {
            return JsonSerializer.Deserialize(body.Span, json) ?? throw ApiFailures.Malformed(request, _caller.Server, "nothing");
        }
        catch (JsonException e)
        {
            throw ApiFailures.Malformed(request, _caller.Server, Shown.Of(e.Message), e);
        }
    }

    /// <summary>A half of a surrogate pair is text to the reader's grammar, and none when it is asked for the text.</summary>
    private static bool IsMalformed(Exception e) => e is JsonException or InvalidOperationException;

    /// <returns>Null: the watch is over.</returns>
    private async ValueTask<ReadOnlyMemory<byte>?> NextAsync(ApiRequest request, LineReader lines, CancellationToken whole, CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(_options.WatchSilence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, whole, cancellation);
        try
        {
            return await lines.NextAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return whole.IsCancellationRequested ? null : throw new ApiException(
                ApiFailure.TimedOut, $"{request}: {_caller.Server} has said nothing for {_options.WatchSilence.TotalSeconds:0} s, not even that nothing has changed");
        }
        catch (InvalidDataException)
        {
            throw ApiFailures.TooLarge(request, _caller.Server, _options.LargestEvent);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiFailures.Unreachable(request, _caller.Server, e, wasSent: true);
        }
    }

    private WatchEvent<T> Read<T>(ApiRequest request, Resource<T> resource, ReadOnlySpan<byte> line) where T : class, IApiObject
    {
        try
        {
            WatchEvent<T> happened = WatchReader.Read(line, resource, out Status? error);
            return error is null ? happened : throw ApiFailures.Of(request, _caller.Server, error);
        }
        catch (Exception e) when (IsMalformed(e))
        {
            throw ApiFailures.Malformed(request, _caller.Server, Shown.Of(e.Message), e);
        }
    }
}
