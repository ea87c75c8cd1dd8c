using System.Net;
using System.Net.Sockets;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>A client that says what the test wants, at packet level and below.</summary>
internal sealed class Stranger : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private byte _sequence;

    private Stranger()
    {
    }

    public HandshakeV10 Greeting { get; private set; } = null!;

    public NetworkStream Stream => _client.GetStream();

    public static async Task<Stranger> ConnectAsync(TestGateway gateway)
    {
        var stranger = new Stranger();
        await stranger._client.ConnectAsync(gateway.Address);
        stranger.Greeting = HandshakeV10.Read((await stranger.ReadAsync()).Span);
        return stranger;
    }

    public static async Task<TcpClient> DialAsync(IPEndPoint address)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address);
        return client;
    }

    public async Task AnswerAsync(string user, byte[] token, string plugin)
    {
        var response = new HandshakeResponse41(EngineLogin.DefaultCapabilities, 1 << 24, 45, user, token, null, plugin, []);
        using var writer = new PacketWriter();
        writer.Begin();
        response.WriteTo(writer);
        writer.End(0);
        await SendAsync(writer.Written[4..].ToArray());
    }

    public async Task SendAsync(byte[] payload)
    {
        byte[] header = [(byte)payload.Length, (byte)(payload.Length >> 8), (byte)(payload.Length >> 16), _sequence++];
        await Stream.WriteAsync((byte[])[.. header, .. payload]);
    }

    public async Task<ReadOnlyMemory<byte>> ReadAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var header = new byte[4];
        await Stream.ReadExactlyAsync(header, limit.Token);
        _sequence = (byte)(header[3] + 1);
        var payload = new byte[header[0] | (header[1] << 8) | (header[2] << 16)];
        await Stream.ReadExactlyAsync(payload, limit.Token);
        return payload;
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
