using System.Net;
using Microsoft.AspNetCore.Http;

namespace Serverless.Host.Admin;

/// <summary>
/// Keeps web pages out of an admin address that asks for no token. A browser on this machine sends whatever a page tells it to, to the loopback too:
/// a form or a `fetch` of a foreign page carries its origin, and a page whose name was made to point at this machine (DNS rebinding) carries that name as the host.
/// </summary>
internal static class BrowserGuard
{
    /// <returns>Null: it may pass. Otherwise why not.</returns>
    public static string? Refusal(HttpRequest request, bool hasToken)
    {
        if (!hasToken && !IsOurs(request.Host))
        {
            return $"the host `{request.Host}` is not this machine: use its address or `localhost`, or set a token";
        }

        string origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || origin.EndsWith($"://{request.Host}", StringComparison.OrdinalIgnoreCase)
            ? null
            : $"a page of `{origin}` may not command this gateway";
    }

    /// <summary>An address, which no foreign page can have for a name, or the name that always means this machine.</summary>
    private static bool IsOurs(HostString host) =>
        !host.HasValue || string.Equals(host.Host, "localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Host.Trim('[', ']'), out _);
}
