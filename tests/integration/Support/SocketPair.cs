using System.Net;
using System.Net.Sockets;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Support;

/// <summary>Two connected loop sockets: over TCP on the loopback address, or over a Unix socket.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(LoopSocket near, LoopSocket far) => (Near, Far) = (near, far);

    public LoopSocket Near { get; }

    public LoopSocket Far { get; }

    public static async Task<SocketPair> CreateAsync(EventLoop near, EventLoopGroup far, bool unix = false)
    {
        using var directory = new TemporaryDirectory();
        EndPoint address = unix ? new UnixDomainSocketEndPoint(directory["s"]) : new IPEndPoint(IPAddress.Loopback, 0);
        var accepted = new TaskCompletionSource<LoopSocket>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = LoopListener.Start(far, address, (socket, _) => accepted.TrySetResult(socket));
        var connected = unix
            ? await LoopSocket.ConnectUnixAsync(near, directory["s"])
            : await LoopSocket.ConnectTcpAsync(near, (IPEndPoint)listener.LocalEndPoint);
        return new SocketPair(connected, await accepted.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }
}
