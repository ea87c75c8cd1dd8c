using System.Net;
using System.Net.Http.Headers;
using Serverless.Host.Compute.Kubernetes.Config;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>
/// Sends requests: with credentials that are renewed once when they are refused, within a time limit, again where that is safe and may help.
/// What only reads is sent again whatever became of it; what writes, only when it certainly was not carried out.
/// </summary>
internal sealed class ApiCaller(ClusterAccess access, ApiOptions options, ApiCallStatistics statistics, TimeProvider time) : IDisposable
{
    /// <summary>Of an answer that tells of a failure.</summary>
    private const int LargestFailure = 64 << 10;

    private readonly ApiTransport _transport = new(access, options);

    public string Server { get; } = access.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>One call with all its attempts.</summary>
    /// <param name="most">The time that it may take in all.</param>
    /// <exception cref="ApiException">It failed.</exception>
    public async Task<BoundedBody> CallAsync(ApiRequest request, TimeSpan most, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        long began = time.GetTimestamp();
        ApiException? before = null;
        TimeSpan delay = TimeSpan.Zero;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (delay > TimeSpan.Zero)
                {
                    await Task.Delay(delay, time, either.Token);
                }

                using HttpResponseMessage response = await TryAsync(request, attempt, most, either.Token);
                return await ReadAsync(request, response, options.LargestResponse, either.Token) ?? throw ApiFailures.TooLarge(request, Server, options.LargestResponse);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw ApiFailures.TimedOut(request, Server, most, before);
            }
            catch (ApiException e) when (attempt < options.MostAttempts && Again(request, e, attempt) is { } wait && (e.Failure == ApiFailure.TimedOut || wait < most - time.GetElapsedTime(began)))
            {
                // An attempt's own time says nothing about the call's, which goes on until its own is over.
                (before, delay) = (before ?? e, wait);
            }
        }
    }

    /// <summary>Begins a call whose answer goes on; one attempt, whose head must come within the time limit.</summary>
    /// <exception cref="ApiException">It failed.</exception>
    public async Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.CallTimeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await SendAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ApiFailures.TimedOut(request, Server, options.CallTimeLimit, null);
        }
    }

    public void Dispose() => _transport.Dispose();

    /// <summary>One attempt, which has a limit of its own when it can be made again.</summary>
    /// <param name="all">What all of them may take.</param>
    private async Task<HttpResponseMessage> TryAsync(ApiRequest request, int attempt, TimeSpan all, CancellationToken cancellation)
    {
        if (!request.IsRead || attempt == options.MostAttempts)
        {
            return await SendAsync(request, cancellation);
        }

        TimeSpan first = options.AttemptTimeLimit < all / 3 ? options.AttemptTimeLimit : all / 3;
        TimeSpan most = first * Math.Pow(2, attempt - 1);
        using var limit = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await SendAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw ApiFailures.TimedOut(request, Server, most, null);
        }
    }

    /// <summary>How long to wait before it is sent again; null: it is not.</summary>
    private TimeSpan? Again(ApiRequest request, ApiException failure, int attempt)
    {
        bool safe = failure.Failure switch
        {
            ApiFailure.TooManyRequests => true,
            ApiFailure.Unavailable => request.IsRead || (failure.Status == 503 && failure.RetryAfter is not null),
            ApiFailure.Unreachable => request.IsRead || !failure.WasSent,
            ApiFailure.TimedOut => request.IsRead,
            _ => false,
        };
        if (!safe || failure.RetryAfter > options.LongestRetryAfter)
        {
            return null;
        }

        TimeSpan own = options.FirstRetryDelay * Math.Pow(2, attempt - 1) * (0.5 + (Random.Shared.NextDouble() / 2));
        // what many are told alike they must not do alike
        return failure.RetryAfter is { } asked ? (asked * (1 + (Random.Shared.NextDouble() / 2))) + own : own;
    }

    /// <returns>An answer that says it went well.</returns>
    private async Task<HttpResponseMessage> SendAsync(ApiRequest request, CancellationToken cancellation)
    {
        try
        {
            Credential credential = await access.Credentials.GetAsync(cancellation);
            HttpResponseMessage response = await SendAsync(request, credential, cancellation);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                ApiException refused = await FailureAsync(request, response, cancellation);
                response = await access.Credentials.RenewAsync(credential, cancellation)
                    ? await SendAsync(request, await access.Credentials.GetAsync(cancellation), cancellation)
                    : throw refused;
            }

            return response.IsSuccessStatusCode ? response : throw await FailureAsync(request, response, cancellation);
        }
        catch (ComputeException e)
        {
            throw ApiFailures.NoCredentials(request, e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ApiRequest request, Credential credential, CancellationToken cancellation)
    {
        try
        {
            return await AttemptAsync(request, credential, cancellation);
        }
        catch (ApiException e) when (e.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } && _transport.RenewTrust())
        {
            return await AttemptAsync(request, credential, cancellation);
        }
    }

    private async Task<HttpResponseMessage> AttemptAsync(ApiRequest request, Credential credential, CancellationToken cancellation)
    {
        using HttpRequestMessage message = Compose(request, credential);
        try
        {
            HttpMessageInvoker connections = _transport.Use(credential.Certificate) ?? throw ApiFailures.Superseded(request, Server, null);
            HttpResponseMessage response = await connections.SendAsync(message, cancellation);
            Count(request, ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
            return response;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            // the time to connect is over
            Count(request, "unreachable");
            throw ApiFailures.Unreachable(request, Server, e.InnerException ?? e, wasSent: false);
        }
        catch (OperationCanceledException)
        {
            Count(request, "cancelled");
            throw;
        }
        catch (ObjectDisposedException e)
        {
            Count(request, "unreachable");
            throw ApiFailures.Superseded(request, Server, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Count(request, "unreachable");
            throw ApiFailures.Unreachable(request, Server, e, wasSent: e is not HttpRequestException
            {
                HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
            });
        }
    }

    private HttpRequestMessage Compose(ApiRequest request, Credential credential)
    {
        var message = new HttpRequestMessage(request.Method, new Uri(access.Server, request.Path.TrimStart('/')))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("serverless-mysql", typeof(ApiCaller).Assembly.GetName().Version?.ToString(3)));
        message.Headers.Authorization = credential.Header;
        // asked for and looked for in the certificate in place of the address
        message.Headers.Host = access.Trust.ServerName;
        foreach ((string name, string value) in access.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        if (request.MediaType is not null)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body) { Headers = { ContentType = new MediaTypeHeaderValue(request.MediaType) } };
        }

        return message;
    }

    private async Task<ApiException> FailureAsync(ApiRequest request, HttpResponseMessage response, CancellationToken cancellation)
    {
        using (response)
        {
            using BoundedBody? body = await ReadAsync(request, response, LargestFailure, cancellation);
            return ApiFailures.Of(request, Server, response.StatusCode, RetryAfter(response), body is null ? default : body.Span);
        }
    }

    /// <returns>Null: it is larger than that.</returns>
    private async Task<BoundedBody?> ReadAsync(ApiRequest request, HttpResponseMessage response, int limit, CancellationToken cancellation)
    {
        try
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
            return await BoundedBody.ReadAsync(stream, limit, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiFailures.Unreachable(request, Server, e, wasSent: true);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => TimeSpan.FromTicks(Math.Max(0, (date - time.GetUtcNow()).Ticks)),
        _ => null,
    };

    private void Count(ApiRequest request, string code) => statistics.Count(new ApiCallKind(request.Verb, request.Target is null ? "" : request.ResourceName, code));
}
