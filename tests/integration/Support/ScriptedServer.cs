using System.Net;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Support;

/// <summary>A server in the test's own process that does what a script says, however wrong, to each connection.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly EventLoopGroup _loops = new(1);
    private readonly LoopListener _listener;

    public ScriptedServer(Func<PacketChannel, Task> script) =>
        _listener = LoopListener.Start(_loops, new IPEndPoint(IPAddress.Loopback, 0), (socket, from) => Run(script, socket));

    public BackendAddress Address => new(UnixSocket: null, (IPEndPoint)_listener.LocalEndPoint, ReadsProxyHeader: false);

    public static HandshakeV10 Greeting { get; } =
        new("9.9.9-test", 7, Nonce.Create(), EngineLogin.DefaultCapabilities, CollationId.Utf8Mb4GeneralCi, ServerStatus.AutoCommit, AuthPlugins.NativePassword);

    /// <summary>Greets, and reads the client's answer.</summary>
    public static async Task<HandshakeResponse41> GreetAsync(PacketChannel channel)
    {
        channel.Append(Greeting);
        await channel.FlushAsync();
        return HandshakeResponse41.Read((await channel.ReadPacketAsync()).Span, Greeting.Capabilities);
    }

    public static Task SendAsync(PacketChannel channel, ReadOnlySpan<byte> payload)
    {
        channel.Append(payload);
        return channel.FlushAsync().AsTask();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _loops.Dispose();
    }

    /// <summary>A script that fails unexpectedly closes its connection, and the client's side of the test fails.</summary>
    private static void Run(Func<PacketChannel, Task> script, LoopSocket socket) => _ = RunAsync(script, socket);

    private static async Task RunAsync(Func<PacketChannel, Task> script, LoopSocket socket)
    {
        using var channel = new PacketChannel(socket);
        try
        {
            await script(channel);
            // Stays until the client goes, so that what was sent is not lost.
            while (await channel.FillAsync()) channel.Advance(channel.Buffered.Length);
        }
        catch (ConnectionLostException)
        {
            // The client has gone first.
        }
    }
}
