using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Serverless.Tests.Integration.Kubernetes.Rights;

/// <summary>Stands in front of an API server and notes what it refuses: the server counts no request that its authorization turned away.</summary>
internal sealed class RefusalCounter : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly HttpClient _http;
    private readonly Uri _server;
    private int _answers;

    private RefusalCounter(WebApplication application, Uri server)
    {
        (_application, _server) = (application, server);
#pragma warning disable CA5359, MA0039 // it is the test's own server
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, UseProxy = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
#pragma warning restore CA5359, MA0039
    }

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public int Answers => _answers;

    /// <summary>What was answered by 403.</summary>
    public ConcurrentQueue<string> Refused { get; } = new();

    public static async Task<RefusalCounter> StartAsync(Uri server)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication application = builder.Build();
        var counter = new RefusalCounter(application, server);
        application.Run(counter.PassAsync);
        await application.StartAsync();
        return counter;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_server, context.Request.GetEncodedPathAndQuery()));
        if (context.Request.ContentType is { } type)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        request.Headers.TryAddWithoutValidation("Authorization", $"{context.Request.Headers.Authorization}");
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            Interlocked.Increment(ref _answers);
            if (response.StatusCode == HttpStatusCode.Forbidden) Refused.Enqueue($"{request.Method} {request.RequestUri!.PathAndQuery}");
            (context.Response.StatusCode, context.Response.ContentType) = ((int)response.StatusCode, $"{response.Content.Headers.ContentType}");
            // a watch is there before anything happens
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await using Stream answer = await response.Content.ReadAsStreamAsync(context.RequestAborted);
            byte[] buffer = new byte[16 << 10];
            // event by event, as a watch has them
            while (await answer.ReadAsync(buffer, context.RequestAborted) is > 0 and var count)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort();
        }
    }
}
