using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Net;

/// <summary>Between .NET end points and struct sockaddr.</summary>
internal static unsafe class SocketAddresses
{
    /// <summary>struct sockaddr_storage</summary>
    public const int MaxLength = 128;

    public static int Family(EndPoint address) => address.AddressFamily switch
    {
        AddressFamily.Unix => 1,
        AddressFamily.InterNetwork => 2,
        AddressFamily.InterNetworkV6 => 10,
        _ => throw new ArgumentException($"Addresses of family {address.AddressFamily} are not supported; IPv4, IPv6 and Unix are.", nameof(address)),
    };

    /// <summary>The address behind raw bytes; IPv4 in IPv6 is given as IPv4. Null for a Unix socket.</summary>
    public static IPEndPoint? Parse(byte* bytes, int length)
    {
        if (length < sizeof(ushort)) return null;
        var family = *(ushort*)bytes;
        var port = (bytes[2] << 8) | bytes[3];
        switch (family)
        {
            case 2 when length >= 8:
                return new IPEndPoint(new IPAddress(new ReadOnlySpan<byte>(bytes + 4, 4)), port);
            case 10 when length >= 28:
                var address = new IPAddress(new ReadOnlySpan<byte>(bytes + 8, 16), *(uint*)(bytes + 24));
                return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
            default:
                return null;
        }
    }

    public static IPEndPoint? PeerOf(int fd)
    {
        var bytes = stackalloc byte[MaxLength];
        var length = MaxLength;
        return Native.getpeername(fd, bytes, &length) < 0 ? null : Parse(bytes, length);
    }

    public static IPEndPoint? LocalOf(int fd)
    {
        var bytes = stackalloc byte[MaxLength];
        var length = MaxLength;
        return Native.getsockname(fd, bytes, &length) < 0 ? null : Parse(bytes, length);
    }
}
