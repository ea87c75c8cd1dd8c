using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Control;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Listening;

namespace Serverless.Host.Admin;

/// <summary>The admin address: HTTP, for operators and tools.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private const long LongestBody = 64 << 10;

    private readonly WebApplication _application;
    private volatile bool _ready;

    private AdminServer(WebApplication application) => _application = application;

    /// <summary>What `/readyz` says.</summary>
    public bool Ready
    {
        get => _ready;
        set => _ready = value;
    }

    /// <summary>Where it listens, with the port that was picked.</summary>
    public string Address => _application.Urls.First();

    /// <param name="late">Databases that could not be opened yet.</param>
    /// <param name="calls">What was asked of the API servers of clusters.</param>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public static async Task<AdminServer> StartAsync(
        AdminSettings settings, IReadOnlyDictionary<string, Database> databases, IReadOnlyDictionary<string, LateDatabase> late, IReadOnlyCollection<GatewayListener> listeners,
        Func<IEnumerable<KeyValuePair<ApiCallKind, long>>> calls, ILoggerFactory loggers, CancellationToken cancellation)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "serverless" });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, AdminJson.Default));
        // signals are the host's, not the web server's
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LongestBody;
            kestrel.Limits.MaxConcurrentConnections = 200;
            kestrel.Listen(settings.Listen);
        });
        WebApplication application = builder.Build();
        var server = new AdminServer(application);
        application.Use((context, next) => BrowserGuard.Refusal(context.Request, settings.Token is not null) is { } refusal
            ? RefuseAsync(context, StatusCodes.Status403Forbidden, refusal)
            : next(context));
        if (settings.Token is { } token)
        {
            application.Use((context, next) => Authorize(context, next, token));
        }

        application.Use(ExplainAsync);
        AdminApi.Map(application, databases, late, listeners, calls, () => server.Ready);
        try
        {
            await application.StartAsync(cancellation);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    /// <summary>Probes have no token; everything else must show it.</summary>
    private static Task Authorize(HttpContext context, RequestDelegate next, string token)
    {
        if (context.Request.Path.Value is "/healthz" or "/readyz" || Shows(context.Request.Headers.Authorization.ToString(), token))
        {
            return next(context);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return RefuseAsync(context, StatusCodes.Status401Unauthorized, "a token is needed: send it as `Authorization: Bearer TOKEN`");
    }

    private static Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new ErrorReply(why), AdminJson.Default.ErrorReply);
    }

    private static bool Shows(string header, string token)
    {
        const string Scheme = "Bearer ";
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim())), SHA256.HashData(Encoding.UTF8.GetBytes(token)));
    }

    /// <summary>What the server itself refuses (a body too long, a wrong method) is told as JSON too.</summary>
    private static async Task ExplainAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = e.StatusCode;
            await context.Response.WriteAsJsonAsync(new ErrorReply(e.Message), AdminJson.Default.ErrorReply);
        }

        string? error = context.Response switch
        {
            { HasStarted: true } => null,
            { StatusCode: StatusCodes.Status404NotFound } => "there is nothing here; /api/databases lists the databases",
            { StatusCode: StatusCodes.Status405MethodNotAllowed } => $"{context.Request.Method} is not allowed here, expected {context.Response.Headers.Allow}",
            _ => null,
        };
        if (error is not null)
        {
            await context.Response.WriteAsJsonAsync(new ErrorReply(error), AdminJson.Default.ErrorReply);
        }
    }
}
