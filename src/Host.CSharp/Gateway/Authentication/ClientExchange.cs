using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>One client's side of a login: what it sent, and asking it for more.</summary>
internal sealed class ClientExchange(PacketChannel channel, LoginRequest request, LoginDeadline deadline)
{
    /// <summary>Longest answer of a client: an RSA cipher of 4096 bits, or a password with its zero byte.</summary>
    private const int LongestAnswer = 512;

    public LoginRequest Request { get; } = request;

    public PacketChannel Channel { get; } = channel;

    public LoginDeadline Deadline { get; } = deadline;

    /// <summary>The client's answer to the nonce by this plugin; the client is asked to switch when it answered by another one.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> FirstAnswerAsync(string plugin)
    {
        if (Request.IsAnsweredBy(plugin)) return Request.AuthResponse;
        Channel.Append(new AuthSwitchRequest(plugin, Request.Nonce));
        return await NextAnswerAsync();
    }

    /// <summary>Sends a plugin's data, and waits for what the client says to it.</summary>
    public ValueTask<byte[]> AskAsync(ReadOnlySpan<byte> data)
    {
        Channel.Append(new AuthMoreData(data));
        return NextAnswerAsync();
    }

    // Copied, and wiped where it was: it may be a password in clear text, and the buffer is used by others next.
    private async ValueTask<byte[]> NextAnswerAsync()
    {
        await Channel.FlushAsync();
        var packet = await Channel.ReadPacketAsync(LongestAnswer);
        var answer = packet.ToArray();
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(packet).Span);
        return answer;
    }
}
