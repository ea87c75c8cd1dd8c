using System.Net;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Where a client comes from, as the host part of accounts sees it: an address, and a name where the engine would know one.
/// </summary>
/// <param name="Name">`localhost`, or null. Other names are not looked up: an account that is limited to a host name needs name
/// resolution, which the gateway does not do, so it never matches here.</param>
/// <param name="Address">IP address as text, or null for a Unix socket.</param>
public readonly record struct ClientHost(string? Name, string? Address)
{
    public const string Localhost = "localhost";

    /// <summary>What error messages call the client: the name if there is one, like the engine does.</summary>
    public string Display => Name ?? Address ?? Localhost;

    /// <param name="address">Address of the client; null when it came by a Unix socket.</param>
    /// <param name="enginesResolveNames">The engine runs without `skip_name_resolve`. Only then does it take 127.0.0.1 and ::1 (and no
    /// other loopback address) for `localhost`; a Unix socket is `localhost` always.</param>
    public static ClientHost Of(IPAddress? address, bool enginesResolveNames)
    {
        if (address is null) return new ClientHost(Localhost, Address: null);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var isLocal = enginesResolveNames && (address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback));
        return new ClientHost(isLocal ? Localhost : null, address.ToString());
    }
}
