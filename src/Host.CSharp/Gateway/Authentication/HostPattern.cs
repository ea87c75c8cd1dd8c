using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The host part of an account: `localhost`, an address, an address with a netmask (`10.0.0.0/255.0.0.0`) or prefix length
/// (`10.0.0.0/8`, MySQL only), or a pattern. See "Specifying Account Names" in the MySQL Reference Manual and "CREATE USER" in MariaDB's.
/// </summary>
internal sealed class HostPattern
{
    private readonly uint _network;

    private HostPattern(string text, HostKind kind, uint network, uint mask)
    {
        Text = text;
        Kind = kind;
        _network = network;
        Mask = mask;
    }

    public string Text { get; }

    public HostKind Kind { get; }

    /// <summary>Netmask in host byte order; 0 where there is none.</summary>
    public uint Mask { get; }

    public static HostPattern Parse(string host)
    {
        if (host.Length == 0) return new HostPattern("", HostKind.Pattern, 0, 0);
        var slash = host.IndexOf('/');
        if (slash < 0)
        {
            return TryIPv4(host, out var address)
                ? new HostPattern(host, HostKind.Address, address, uint.MaxValue)
                : new HostPattern(host, HostKind.Pattern, 0, 0);
        }
        if (TryIPv4(host.AsSpan(0, slash), out var network))
        {
            var rest = host.AsSpan(slash + 1);
            if (TryIPv4(rest, out var mask)) return new HostPattern(host, HostKind.Netmask, network, mask);
            if (byte.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= 32)
            {
                return new HostPattern(host, HostKind.Prefix, network, bits == 0 ? 0 : uint.MaxValue << (32 - bits));
            }
        }
        return new HostPattern(host, HostKind.Pattern, 0, 0);
    }

    public bool Matches(ClientHost client)
    {
        if (Text.Length == 0) return true;
        if (Kind is HostKind.Netmask or HostKind.Prefix)
        {
            return client.Address is { } text && TryIPv4(text, out var address) && (address & Mask) == _network;
        }
        return (client.Name is { } name && Wildcard.Matches(name, Text, ignoreCase: true))
            || (client.Address is { } ip && Wildcard.Matches(ip, Text, ignoreCase: false));
    }

    // Four decimal parts exactly; what IPAddress accepts beyond that (`127.1`, hex, octal) the engine does not.
    private static bool TryIPv4(ReadOnlySpan<char> text, out uint address)
    {
        address = 0;
        if (text.Count('.') != 3 || text.ContainsAnyExceptInRange('.', '9')) return false;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetwork) return false;
        Span<byte> bytes = stackalloc byte[4];
        parsed.TryWriteBytes(bytes, out _);
        address = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return true;
    }
}

/// <summary>Kinds of host, in MySQL's order of specificity.</summary>
internal enum HostKind { Address, Prefix, Netmask, Pattern }
