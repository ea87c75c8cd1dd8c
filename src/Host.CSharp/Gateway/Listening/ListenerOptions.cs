using System.Net;

namespace Serverless.Host.Gateway.Listening;

/// <summary>What can be set about the listeners of a gateway.</summary>
public sealed record ListenerOptions
{
    public static ListenerOptions Default { get; } = new();

    /// <summary>Server version to greet with; null: that of the engine.</summary>
    public string? GreetingVersion { get; init; }

    /// <summary>Networks of the proxies whose word on where a client comes from (the PROXY protocol) is taken.</summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    internal bool IsProxy(IPEndPoint? peer)
    {
        if (peer is null || Proxies.Count == 0) return false;
        var address = peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address;
        foreach (var network in Proxies)
        {
            if (network.Contains(address)) return true;
        }
        return false;
    }
}
