using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>The API over HTTP, see https://kubernetes.io/docs/reference/using-api/api-concepts/.</summary>
internal sealed class KubernetesApi(ClusterAccess access, ApiOptions options, ApiCallStatistics statistics, TimeProvider time) : IKubernetesApi, IDisposable
{
    /// <summary>The server ends a watch itself; one that it does not is ended this much later.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly ApiCaller _caller = new(access, options, statistics, time);

    public string Description => $"{_caller.Server} ({access.Source})";

    public string Namespace => access.Namespace;

    public Task<T> GetAsync<T>(Resource<T> resource, ObjectName name, CancellationToken cancellation) where T : class, IApiObject =>
        CallAsync(ApiRequests.Get(resource, name), resource.Json, cancellation);

    public async Task<ApiList<T>> ListAsync<T>(Resource<T> resource, string? space, Selection selection, CancellationToken cancellation) where T : class, IApiObject
    {
        try
        {
            return await ListAsync(resource, space, selection, options.PageSize, cancellation);
        }
        catch (ApiException e) when (e.Failure == ApiFailure.Gone)
        {
            // the moment that the first page was of is forgotten; all at once knows no such thing
            return await ListAsync(resource, space, selection, 0, cancellation);
        }
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        Resource<T> resource, string? space, Selection selection, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellation)
        where T : class, IApiObject
    {
        TimeSpan limit = options.WatchTimeLimit * (1 + Random.Shared.NextDouble());
        ApiRequest request = ApiRequests.Watch(resource, space, selection, resourceVersion, limit);
        using var whole = new CancellationTokenSource(limit + Grace, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellation);
        using HttpResponseMessage response = await _caller.OpenAsync(request, either.Token);
        yield return new WatchEvent<T>(WatchEventKind.Opened, default, null);
        using var lines = new LineReader(await response.Content.ReadAsStreamAsync(either.Token), options.LargestEvent);
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
        (await _caller.CallAsync(ApiRequests.Delete(resource, name, uid), cancellation)).Dispose();

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellation) => CallAsync(ApiRequests.Read("/version"), KubernetesJson.Default.ServerVersion, cancellation);

    public Task<ApiGroupList> GetGroupsAsync(CancellationToken cancellation) => CallAsync(ApiRequests.Read("/apis"), KubernetesJson.Default.ApiGroupList, cancellation);

    public Task<ApiResourceList> GetResourcesAsync(string groupVersion, CancellationToken cancellation) =>
        CallAsync(ApiRequests.Read((groupVersion.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/") + groupVersion), KubernetesJson.Default.ApiResourceList, cancellation);

    public void Dispose()
    {
        _caller.Dispose();
        (access.Credentials as IDisposable)?.Dispose();
    }

    private async Task<ApiList<T>> ListAsync<T>(Resource<T> resource, string? space, Selection selection, int limit, CancellationToken cancellation) where T : class, IApiObject
    {
        var items = new List<T>();
        var unreadable = new List<UnreadableObject>();
        string? next = null;
        long size = 0;
        for (int page = 0; page < options.MostPages; page++)
        {
            ApiRequest request = ApiRequests.List(resource, space, selection, limit, next);
            using BoundedBody body = await _caller.CallAsync(request, cancellation);
            size += body.Span.Length;
            if (size > options.LargestList)
            {
                throw ApiFailures.TooLarge(request, _caller.Server, options.LargestList);
            }

            ListMeta meta;
            try
            {
                meta = ListReader.Read(body.Span, resource, items, unreadable);
            }
            catch (JsonException e)
            {
                throw ApiFailures.Malformed(request, _caller.Server, Shown.Of(e.Message), e);
            }

            if (string.IsNullOrEmpty(meta.Continue))
            {
                return new ApiList<T>(items, meta.ResourceVersion ?? "", unreadable);
            }

            next = meta.Continue;
        }

        throw ApiFailures.Malformed(ApiRequests.List(resource, space, selection, 0, null), _caller.Server, $"a list that has more than {options.MostPages} pages of {limit}");
    }

    private async Task<T> CallAsync<T>(ApiRequest request, JsonTypeInfo<T> json, CancellationToken cancellation) where T : class
    {
        using BoundedBody body = await _caller.CallAsync(request, cancellation);
        try
        {
            return JsonSerializer.Deserialize(body.Span, json) ?? throw ApiFailures.Malformed(request, _caller.Server, "nothing");
        }
        catch (JsonException e)
        {
            throw ApiFailures.Malformed(request, _caller.Server, Shown.Of(e.Message), e);
        }
    }

    /// <returns>Null: the watch is over.</returns>
    private async ValueTask<ReadOnlyMemory<byte>?> NextAsync(ApiRequest request, LineReader lines, CancellationToken whole, CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(options.WatchSilence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, whole, cancellation);
        try
        {
            return await lines.NextAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return whole.IsCancellationRequested ? null : throw new ApiException(
                ApiFailure.TimedOut, $"{request}: {_caller.Server} has said nothing for {options.WatchSilence.TotalSeconds:0} s, not even that nothing has changed");
        }
        catch (InvalidDataException)
        {
            throw ApiFailures.TooLarge(request, _caller.Server, options.LargestEvent);
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
        catch (JsonException e)
        {
            throw ApiFailures.Malformed(request, _caller.Server, Shown.Of(e.Message), e);
        }
    }
}
