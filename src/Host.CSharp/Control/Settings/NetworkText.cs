using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Control.Settings;

/// <summary>An address, or a network of them, as people write it in the configuration: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.</summary>
internal static class NetworkText
{
    /// <summary>Addresses of IPv4 written as IPv6 (`::ffff:10.0.0.0/104`) begin with so many bits that say that they are.</summary>
    private const int MappedBits = 96;

    /// <summary>Null when it is neither.</summary>
    public static IPNetwork? Parse(string text)
    {
        if (IPNetwork.TryParse(text, out IPNetwork network))
        {
            return Plain(network);
        }

        // the platform takes shorthands too: `10` would be 0.0.0.10
        return IPAddress.TryParse(text, out IPAddress? one) && (one.AddressFamily == AddressFamily.InterNetworkV6 || one.ToString() == text)
            ? Plain(new IPNetwork(one, one.GetAddressBytes().Length * 8))
            : null;
    }

    /// <summary>Clients are compared as what they are, whatever socket they came by.</summary>
    private static IPNetwork Plain(IPNetwork network) => network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedBits
        ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedBits)
        : network;
}
