using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Net;

/// <summary>Opens listening descriptors.</summary>
internal static unsafe class ListenerSocket
{
    private const int Backlog = 4096;

    public static int Open(EndPoint address)
    {
        var fd = Native.socket(SocketAddresses.Family(address), Native.SockStream | Native.SockNonBlockCloexec, 0);
        if (fd < 0) throw Failed(address, Native.LastError);
        try
        {
            Prepare(fd, address);
            var bytes = address.Serialize();
            fixed (byte* start = bytes.Buffer.Span)
            {
                if (Native.bind(fd, start, bytes.Size) < 0) throw Failed(address, Native.LastError);
            }
            if (Native.listen(fd, Backlog) < 0) throw Failed(address, Native.LastError);
            return fd;
        }
        catch
        {
            Native.close(fd);
            throw;
        }
    }

    private static void Prepare(int fd, EndPoint address)
    {
        if (address is UnixDomainSocketEndPoint)
        {
            RemoveStale(address.ToString()!);
            return;
        }
        Native.SetOption(fd, Native.SolSocket, Native.SoReuseAddress, 1);
        if (address.AddressFamily == AddressFamily.InterNetworkV6) Native.SetOption(fd, Native.IpProtoIpv6, Native.Ipv6Only, 0);
        // Accepted sockets inherit these, which spares five calls per connection.
        Native.SetTcpOptions(fd);
    }

    /// <summary>A socket file that nobody listens on any more is left over from a process that was killed.</summary>
    private static void RemoveStale(string path)
    {
        if (!File.Exists(path)) return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // Something else is there; bind says what.
        }
    }

    private static IOException Failed(EndPoint address, int error) => error switch
    {
        Native.EADDRINUSE => new IOException($"Cannot listen on {address}: another process uses it. Stop that process or choose another address."),
        Native.EADDRNOTAVAIL => new IOException($"Cannot listen on {address}: this machine has no such address. Use one of its own, 127.0.0.1 or 0.0.0.0."),
        13 => new IOException($"Cannot listen on {address}: permission denied. Ports below 1024 need a privilege; choose a higher one."),
        _ => new IOException($"Cannot listen on {address}: {Native.Describe(error)}."),
    };
}
