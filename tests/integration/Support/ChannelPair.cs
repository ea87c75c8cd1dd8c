using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Support;

/// <summary>Two packet channels that are connected, on one loop, as a session's two sides are.</summary>
internal sealed class ChannelPair : IDisposable
{
    private readonly SocketPair _sockets;

    private ChannelPair(SocketPair sockets)
    {
        _sockets = sockets;
        (Near, Far) = (new PacketChannel(sockets.Near), new PacketChannel(sockets.Far));
    }

    public PacketChannel Near { get; }

    public PacketChannel Far { get; }

    public static async Task<ChannelPair> CreateAsync(EventLoopGroup loops) =>
        new(await SocketPair.CreateAsync(loops.Loops[0], loops, unix: true));

    public void Dispose() => _sockets.Dispose();
}
