using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Serverless.Host.Admin;

namespace Serverless.Host.Cli;

/// <summary>The admin API of a running gateway, as the commands ask it.</summary>
internal sealed class AdminClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _address;

    /// <exception cref="CommandFailedException">The address is no URL.</exception>
    public AdminClient(string address, string? token)
    {
        _address = address.Contains("://", StringComparison.Ordinal) ? address : "http://" + address;
        if (!Uri.TryCreate(_address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new CommandFailedException($"--admin: expected a URL like http://127.0.0.1:8306, found `{address}`");
        }

        // An operator's suspend waits for the drain, so the answer may take as long as that may.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = uri, Timeout = TimeSpan.FromMinutes(10) };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>The database that was named, or the only one there is.</summary>
    public async Task<string> ChooseAsync(string? name, CancellationToken cancellation)
    {
        if (name is not null)
        {
            return name;
        }

        List<StatusReply> all = await GetAllAsync(cancellation);
        return all.Count == 1
            ? all[0].Name
            : throw new CommandFailedException($"the gateway serves {all.Count} databases, so one must be named: {string.Join(", ", all.Select(one => one.Name))}");
    }

    public async Task<List<StatusReply>> GetAllAsync(CancellationToken cancellation) =>
        Parse(await SendAsync(HttpMethod.Get, "/api/databases", null, cancellation), AdminJson.Default.DatabasesReply).Databases;

    public Task<string> GetAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <summary>Writes the answer into a file, whatever its length.</summary>
    public async Task SaveAsync(string path, string file, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        await AskAsync(request, HttpCompletionOption.ResponseHeadersRead, async response =>
        {
            await using FileStream target = File.Create(file);
            try
            {
                await response.Content.CopyToAsync(target, cancellation);
            }
            catch (IOException e)
            {
                throw new CommandFailedException($"the answer of the gateway at {_address} ended early, or there is no room for it: {e.Message}", e);
            }

            return "";
        }, cancellation);
    }

    public Task<string> PostAsync(string path, CommandRequest body, CancellationToken cancellation) => SendAsync(HttpMethod.Post, path, body, cancellation);

    public static T Parse<T>(string body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new CommandFailedException("the gateway sent an empty answer");
        }
        catch (JsonException e)
        {
            throw new CommandFailedException($"the answer is not what a gateway sends; is this its admin address? ({e.Message})", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> SendAsync(HttpMethod method, string path, CommandRequest? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, AdminJson.Default.CommandRequest);
        }

        return await AskAsync(request, HttpCompletionOption.ResponseContentRead, response => response.Content.ReadAsStringAsync(cancellation), cancellation);
    }

    private async Task<string> AskAsync(
        HttpRequestMessage request, HttpCompletionOption completion, Func<HttpResponseMessage, Task<string>> read, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, completion, cancellation);
            return response.IsSuccessStatusCode
                ? await read(response)
                : throw new CommandFailedException(Refusal(response, await response.Content.ReadAsStringAsync(cancellation)));
        }
        catch (HttpRequestException e)
        {
            string reason = e.InnerException is SocketException socket ? socket.Message : e.Message;
            throw new CommandFailedException($"no gateway answers at {_address}: {reason}. Is `serverless up` running, and is --admin its admin address?", e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailedException($"the gateway at {_address} gave no answer in {_http.Timeout.TotalMinutes:0} minutes", e);
        }
    }

    private static string Refusal(HttpResponseMessage response, string text)
    {
        try
        {
            if (JsonSerializer.Deserialize(text, AdminJson.Default.ErrorReply)?.Error is { Length: > 0 } error)
            {
                return error;
            }
        }
        catch (JsonException)
        {
            // something else than a gateway answered; its status has to do
        }

        return $"the answer was {(int)response.StatusCode} {response.ReasonPhrase}";
    }
}
