using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Serverless.Host.Control.Settings;

/// <summary>HOST:PORT of something to listen on. Numeric, or `localhost`, or `*` for every address: a name would be resolved at a moment nobody chose.</summary>
internal static class ListenAddress
{
    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? address)
    {
        address = null;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out ushort port))
        {
            return false;
        }

        string host = text[..colon];
        IPAddress? ip = host switch
        {
            "localhost" => IPAddress.Loopback,
            "*" => IPAddress.IPv6Any,
            ['[', .. var inside, ']'] => IPAddress.TryParse(inside, out IPAddress? six) ? six : null,
            _ => IPAddress.TryParse(host, out IPAddress? four) && !host.Contains(':') ? four : null,
        };
        address = ip is null ? null : new IPEndPoint(ip, port);
        return address is not null;
    }
}
