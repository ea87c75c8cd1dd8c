using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Mysql;

/// <summary>
/// The PROXY protocol header, which tells a server the client's own address. Not a packet: raw bytes before everything else.
/// Source: haproxy, "The PROXY protocol, Versions 1 &amp; 2".
/// </summary>
public static class ProxyHeader
{
    private static ReadOnlySpan<byte> Signature2 => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Version 1, text. Addresses of two families are both written as IPv6; a null source is `UNKNOWN`.</summary>
    public static void WriteVersion1(PacketWriter writer, IPEndPoint? source, IPEndPoint destination)
    {
        if (source is null)
        {
            writer.String("PROXY UNKNOWN\r\n");
            return;
        }
        var (from, to, isIpv4) = SameFamily(source, destination);
        writer.String($"PROXY {(isIpv4 ? "TCP4" : "TCP6")} {from} {to} {source.Port} {destination.Port}\r\n");
    }

    /// <summary>Version 2, binary. A null source is a connection of this process's own (`LOCAL`).</summary>
    public static void WriteVersion2(PacketWriter writer, IPEndPoint? source, IPEndPoint destination)
    {
        writer.Bytes(Signature2);
        if (source is null)
        {
            writer.Bytes([0x20, 0x00, 0, 0]);
            return;
        }
        var (from, to, isIpv4) = SameFamily(source, destination);
        writer.Bytes([0x21, isIpv4 ? (byte)0x11 : (byte)0x21, 0, isIpv4 ? (byte)12 : (byte)36]);
        writer.Bytes(from.GetAddressBytes());
        writer.Bytes(to.GetAddressBytes());
        writer.Bytes([(byte)(source.Port >> 8), (byte)source.Port, (byte)(destination.Port >> 8), (byte)destination.Port]);
    }

    private static (IPAddress From, IPAddress To, bool IsIpv4) SameFamily(IPEndPoint source, IPEndPoint destination)
    {
        var (from, to) = (Plain(source.Address), Plain(destination.Address));
        if (from.AddressFamily == AddressFamily.InterNetwork && to.AddressFamily == AddressFamily.InterNetwork) return (from, to, true);
        return (from.MapToIPv6(), to.MapToIPv6(), false);
    }

    /// <summary>Without a scope, which the header has no place for.</summary>
    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes());
}
