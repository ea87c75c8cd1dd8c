using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What was asked of the double.</summary>
internal sealed record AskedOfDouble(string Method, string Path, string Query, string? Authorization, string? ContentType, string Body, string? ClientCertificate, string Protocol, string? Actor);

/// <summary>
/// An API server in the process of the test that speaks the same HTTP: lists in pages, watches with bookmarks and 410, optimistic concurrency, merge patches; and what it says of itself, and subresources, beside this.
/// A test can have it say anything else in place of an answer.
/// </summary>
internal sealed partial class ApiDouble : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Lock _guard = new();
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<Happening> _history = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _cut = new();
    private long _version = 1000;
    private long _forgotten;
    private bool _stopped;

    private ApiDouble(WebApplication application) => _application = application;

    public ConcurrentQueue<AskedOfDouble> Asked { get; } = new();

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal));

    /// <summary>Answers in place of the double when it returns true.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>A watch from a version that is forgotten is taken, and then ended by an ERROR event, as servers do.</summary>
    public bool TellsGoneInside { get; set; }

    /// <summary>Says after how many bytes of an event the connection breaks; null: it does not.</summary>
    public Func<int, int?>? BreaksAt { get; set; }

    public int Watchers { get; private set; }

    public static async Task<ApiDouble> StartAsync(X509Certificate2? certificate = null, bool wantsClientCertificate = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate, https =>
                {
                    https.ClientCertificateMode = wantsClientCertificate ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        WebApplication application = builder.Build();
        var api = new ApiDouble(application);
        application.Run(api.AnswerAsync);
        await application.StartAsync();
        return api;
    }

    /// <summary>Puts an object there, as another client would.</summary>
    public string Put(string collection, JsonObject item)
    {
        lock (_guard)
        {
            string key = $"{collection}/{item["metadata"]!["name"]}";
            bool isNew = !_objects.ContainsKey(key);
            Store(key, item, isNew ? "ADDED" : "MODIFIED");
            return $"{_version}";
        }
    }

    public void Delete(string collection, string name)
    {
        lock (_guard)
        {
            string key = $"{collection}/{name}";
            JsonObject gone = _objects[key];
            _objects.Remove(key);
            Tell(key, "DELETED", gone);
        }
    }

    public IReadOnlyDictionary<string, string> VersionsBelow(string collection)
    {
        lock (_guard)
        {
            return _objects.Where(one => one.Key.StartsWith(collection + "/", StringComparison.Ordinal))
                .ToDictionary(one => one.Key[(collection.Length + 1)..], one => one.Value["metadata"]!["resourceVersion"]!.ToString(), StringComparer.Ordinal);
        }
    }

    /// <summary>Watchers hear that nothing changed, at a version that is newer than what they know.</summary>
    public string Bookmark()
    {
        lock (_guard)
        {
            Tell("", "BOOKMARK", new JsonObject { ["kind"] = "Any", ["metadata"] = new JsonObject() });
            return $"{_version}";
        }
    }

    /// <summary>Watchers hear this line.</summary>
    public void Say(string line)
    {
        lock (_guard)
        {
            _history.Add(new Happening(++_version, "", line, Item: null));
            Wake();
        }
    }

    /// <summary>What happened until now is forgotten: a watch that begins from before is told that it is gone. One that is open is still to be told what it has not read yet.</summary>
    public void Compact()
    {
        lock (_guard) _forgotten = ++_version;
    }

    /// <summary>Breaks the connections of all watches.</summary>
    public void CutWatches() => Interlocked.Exchange(ref _cut, new CancellationTokenSource()).Cancel();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopped, true)) return;
        CutWatches();
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        try
        {
            await _application.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // what is still under way is what some tests are about
        }

        await _application.DisposeAsync();
    }

    public static Task SayAsync(HttpContext context, int code, JsonNode body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }

    public static Task RefuseAsync(HttpContext context, int code, string reason, string message) => SayAsync(context, code, Status(code, reason, message));

    public static JsonObject Status(int code, string reason, string message) =>
        new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["reason"] = reason, ["message"] = message, ["code"] = code };

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync();
        Asked.Enqueue(new AskedOfDouble(
            context.Request.Method, context.Request.Path, context.Request.QueryString.Value ?? "", context.Request.Headers.Authorization, context.Request.ContentType, body,
            context.Connection.ClientCertificate?.Subject, context.Request.Protocol, context.Request.Headers["Impersonate-User"]));
        if (Instead is { } instead && await instead(context)) return;
        string path = context.Request.Path.Value!.TrimEnd('/');
        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Query["watch"] == "true") await WatchAsync(context, path);
        else if (HttpMethods.IsGet(context.Request.Method) && Discover(path) is { } told) await SayAsync(context, told.Code, told.Body);
        else if (Subresource(context, path, body) is { } answer) await SayAsync(context, answer.Code, answer.Body);
        else if (HttpMethods.IsGet(context.Request.Method)) await ReadAsync(context, path);
        else await WriteAsync(context, path, body);
    }

    private Task ReadAsync(HttpContext context, string path)
    {
        lock (_guard)
        {
            if (_objects.TryGetValue(path, out JsonObject? one)) return SayAsync(context, 200, one);
            // a path ends with the plural where a list is meant: these are all the tests use
            if (!path.EndsWith('s')) return RefuseAsync(context, 404, "NotFound", $"{path} not found");
            List<KeyValuePair<string, JsonObject>> all = [.. _objects.Where(entry => entry.Key.StartsWith(path + "/", StringComparison.Ordinal) && IsSelected(context, entry.Value))];
            string version = $"{_version}";
            if (context.Request.Query["continue"].ToString() is { Length: > 0 } next)
            {
                string[] parts = next.Split('!');
                version = parts[0];
                if (long.Parse(version) <= _forgotten) return RefuseAsync(context, 410, "Expired", "The provided continue parameter is too old");
                all.RemoveAll(entry => string.CompareOrdinal(entry.Key, parts[1]) <= 0);
            }

            var meta = new JsonObject { ["resourceVersion"] = version };
            if (int.TryParse(context.Request.Query["limit"], CultureInfo.InvariantCulture, out int limit) && limit > 0 && all.Count > limit)
            {
                all.RemoveRange(limit, all.Count - limit);
                meta["continue"] = $"{version}!{all[^1].Key}";
            }

            JsonNode? items = all.Count == 0 ? null : new JsonArray([.. all.Select(entry => entry.Value.DeepClone())]);
            return SayAsync(context, 200, new JsonObject { ["kind"] = "List", ["items"] = items, ["metadata"] = meta });
        }
    }

    private Task WriteAsync(HttpContext context, string path, string body)
    {
        lock (_guard)
        {
            if (HttpMethods.IsPost(context.Request.Method))
            {
                JsonObject made = JsonNode.Parse(body)!.AsObject();
                string key = $"{path}/{made["metadata"]!["name"]}";
                return _objects.ContainsKey(key) ? RefuseAsync(context, 409, "AlreadyExists", "already exists") : SayAsync(context, 201, Store(key, made, "ADDED"));
            }

            if (!_objects.TryGetValue(path, out JsonObject? found)) return RefuseAsync(context, 404, "NotFound", $"{path} not found");
            if (HttpMethods.IsDelete(context.Request.Method))
            {
                _objects.Remove(path);
                Tell(path, "DELETED", found);
                return SayAsync(context, 200, new JsonObject { ["kind"] = "Status", ["status"] = "Success" });
            }

            JsonObject change = JsonNode.Parse(body)!.AsObject();
            if (IsOutdated(change, found)) return SayAsync(context, 409, Conflict());
            JsonObject next = HttpMethods.IsPut(context.Request.Method) ? change : Merge(found.DeepClone().AsObject(), change, IsStrategic(context));
            return WhyInvalid(path, found, next) is { } invalid ? RefuseAsync(context, 422, "Invalid", invalid) : SayAsync(context, 200, Store(path, next, "MODIFIED"));
        }
    }

    private async Task WatchAsync(HttpContext context, string path)
    {
        long from = long.Parse(context.Request.Query["resourceVersion"]!, CultureInfo.InvariantCulture);
        CancellationToken cut = _cut.Token;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cut, context.RequestAborted);
        if (from < _forgotten && !TellsGoneInside)
        {
            await RefuseAsync(context, 410, "Expired", "too old resource version");
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync();
        if (from < _forgotten)
        {
            await context.Response.WriteAsync($"{{\"type\":\"ERROR\",\"object\":{Status(410, "Expired", "too old resource version").ToJsonString()}}}\n");
            return;
        }

        lock (_guard) Watchers++;
        try
        {
            while (await SendNewsAsync(context, path, from, either.Token) is { } reached) from = reached;
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
        finally
        {
            lock (_guard) Watchers--;
        }
    }

    private async Task<long?> SendNewsAsync(HttpContext context, string path, long from, CancellationToken cut)
    {
        List<Happening> happened;
        Task news;
        lock (_guard)
        {
            happened = [.. _history.Where(one => one.Version > from && (one.Key.Length == 0 || (one.Key.StartsWith(path + "/", StringComparison.Ordinal) && IsSelected(context, one.Item))))];
            news = _news.Task;
        }

        foreach (Happening one in happened)
        {
            byte[] line = Encoding.UTF8.GetBytes(one.Line + "\n");
            if (BreaksAt?.Invoke(line.Length) is { } at)
            {
                await context.Response.Body.WriteAsync(line.AsMemory(0, at), cut);
                await context.Response.Body.FlushAsync(cut);
                context.Abort();
                return null;
            }

            await context.Response.Body.WriteAsync(line, cut);
            await context.Response.Body.FlushAsync(cut);
            from = one.Version;
        }

        if (happened.Count == 0) await news.WaitAsync(cut);
        return from;
    }

    /// <summary>By one label that is equal to a value; what else selectors can say is not asked by anybody.</summary>
    private static bool IsSelected(HttpContext context, JsonObject? item) =>
        context.Request.Query["labelSelector"].ToString().Split('=') is not [var label, var value] || item is null || item["metadata"]?["labels"]?[label]?.ToString() == value;

    private JsonObject Store(string key, JsonObject item, string type)
    {
        JsonObject old = _objects.GetValueOrDefault(key) ?? [];
        JsonObject stored = item.DeepClone().AsObject();
        JsonObject meta = stored["metadata"]!.AsObject();
        meta["uid"] = old["metadata"]?["uid"]?.ToString() ?? $"uid-{_version}";
        if (key.Split('/') is [.., "namespaces", var space, _, _]) meta["namespace"] = space;
        _objects[key] = stored;
        Tell(key, type, stored);
        return stored;
    }

    private void Tell(string key, string type, JsonObject item)
    {
        item["metadata"]!["resourceVersion"] = $"{++_version}";
        _history.Add(new Happening(_version, key, new JsonObject { ["type"] = type, ["object"] = item.DeepClone() }.ToJsonString(), item));
        Wake();
    }

    private void Wake()
    {
        _news.TrySetResult();
        _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static bool IsOutdated(JsonObject change, JsonObject found) =>
        change["metadata"]?["resourceVersion"]?.ToString() is { } expected && expected != found["metadata"]!["resourceVersion"]!.ToString();

    private static JsonObject Conflict() => Status(409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again");

    /// <param name="strategic">Lists of things with names are merged by these.</param>
    private static JsonObject Merge(JsonObject into, JsonObject change, bool strategic = false)
    {
        foreach ((string key, JsonNode? value) in change)
        {
            if (value is null) into.Remove(key);
            else if (value is JsonObject map && into[key] is JsonObject under) Merge(under, map, strategic);
            else if (strategic && key == "containers" && value is JsonArray list && into[key] is JsonArray named) MergeByName(named, list);
            else into[key] = value.DeepClone();
        }

        return into;
    }

    private static void MergeByName(JsonArray into, JsonArray changes)
    {
        foreach (JsonObject change in changes.Select(one => one!.AsObject()))
        {
            if (into.FirstOrDefault(one => one!["name"]!.ToString() == change["name"]!.ToString()) is JsonObject same) Merge(same, change, strategic: true);
            else into.Add(change.DeepClone());
        }
    }

    private sealed record Happening(long Version, string Key, string Line, JsonObject? Item);
}
