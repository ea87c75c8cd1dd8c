using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Net;

/// <summary>Makes outgoing connections.</summary>
internal static class SocketConnector
{
    private static readonly TimeSpan BacklogRetry = TimeSpan.FromMilliseconds(5);

    public static async Task<LoopSocket> ConnectUnixAsync(EventLoop loop, string path, CancellationToken cancellation)
    {
        await loop.SwitchTo();
        var address = UnixAddress(path).Serialize();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var fd = Open(1, path);
            var error = Connect(fd, address);
            if (error == 0) return Adopt(loop, fd, isUnix: true);
            Native.close(fd);
            // A Unix socket has no pending state: EAGAIN means that the listener's backlog is full just now.
            if (error != Native.EAGAIN) throw new ConnectFailedException(path, error);
            await loop.DelayAsync(BacklogRetry, cancellation);
        }
    }

    public static async Task<LoopSocket> ConnectTcpAsync(EventLoop loop, IPEndPoint address, CancellationToken cancellation)
    {
        await loop.SwitchTo();
        cancellation.ThrowIfCancellationRequested();
        var fd = Open(SocketAddresses.Family(address), address.ToString());
        Native.SetTcpOptions(fd);
        var error = Connect(fd, address.Serialize());
        if (error is not (0 or Native.EINPROGRESS or Native.EINTR))
        {
            Native.close(fd);
            throw new ConnectFailedException(address.ToString(), error);
        }
        var socket = Adopt(loop, fd, isUnix: false);
        if (error == 0) return socket;
        try
        {
            using var registration = cancellation.UnsafeRegister(static socket => ((LoopSocket)socket!).Abort(), socket);
            await socket.WaitWritableAsync();
            if (PendingError(fd) is var pending and not 0) throw new ConnectFailedException(address.ToString(), pending);
            return socket;
        }
        catch (ConnectionLostException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal static UnixDomainSocketEndPoint UnixAddress(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException tooLong)
        {
            throw new ConnectFailedException($"The Unix socket path {path} is longer than the 107 bytes that Linux allows; use a shorter directory.", tooLong);
        }
    }

    private static int Open(int family, string address)
    {
        var fd = Native.socket(family, Native.SockStream | Native.SockNonBlockCloexec, 0);
        return fd >= 0 ? fd : throw new ConnectFailedException(address, Native.LastError);
    }

    private static unsafe int Connect(int fd, SocketAddress address)
    {
        fixed (byte* bytes = address.Buffer.Span)
            return Native.connect(fd, bytes, address.Size) == 0 ? 0 : Native.LastError;
    }

    private static LoopSocket Adopt(EventLoop loop, int fd, bool isUnix)
    {
        try
        {
            return new LoopSocket(loop, fd, isUnix);
        }
        catch
        {
            Native.close(fd);
            throw;
        }
    }

    private static unsafe int PendingError(int fd)
    {
        int error = 0, length = sizeof(int);
        return Native.getsockopt(fd, Native.SolSocket, Native.SoError, &error, &length) < 0 ? Native.LastError : error;
    }
}
