using System.Net;
using System.Security.Cryptography;
using Serverless.Host.Net.Tls;

namespace Serverless.Host.Mysql;

/// <summary>
/// The client's side of the connection phase, on a channel that has just been connected. Source: MySQL Source Code Documentation, "Connection Phase".
/// </summary>
public static class LoginExchange
{
    private const int MaxPacket = 64 * 1024;

    /// <summary>Logs in. To be called on the channel's loop. After any exception the channel is of no more use.</summary>
    /// <exception cref="EngineErrorException">The engine refuses.</exception>
    /// <exception cref="LoginFailedException">It asks for what this side cannot do.</exception>
    /// <exception cref="MalformedPacketException">It does not speak the protocol.</exception>
    /// <exception cref="Net.ConnectionLostException">The connection ended.</exception>
    public static async Task<LoginResult> RunAsync(PacketChannel channel, EngineLogin login)
    {
        channel.AnySequence = true;
        if (login.ClientAddress is { } client && login.Address.ReadsProxyHeader)
        {
            ProxyHeader.WriteVersion2(channel.Output, client, login.Address.Tcp ?? new IPEndPoint(IPAddress.Loopback, 0));
            try
            {
                await channel.FlushAsync();
            }
            catch (Net.ConnectionLostException)
            {
                // An engine that is full says so and closes without reading; its answer is there to be read all the same.
            }
        }
        var greeting = ReadGreeting(await channel.ReadPacketAsync(MaxPacket));
        var wanted = login.Capabilities | (login.Database is null ? Capabilities.None : Capabilities.ConnectWithDatabase);
        var capabilities = wanted & greeting.Capabilities;
        // MariaDB's flags are valid only while both sides have this one off, so it is the client that decides.
        if (wanted.HasFlag(Capabilities.LongPassword)) capabilities = (capabilities & (Capabilities)uint.MaxValue) | Capabilities.LongPassword;
        if (!capabilities.HasFlag(Capabilities.Protocol41)) throw new LoginFailedException($"The server {greeting.ServerVersion} does not speak protocol 4.1.");
        capabilities = await TurnToTlsAsync(channel, login, greeting, capabilities);

        var plugin = greeting.AuthPlugin ?? AuthPlugins.NativePassword;
        var nonce = greeting.Nonce;
        var token = login.Secret.Token(plugin, nonce.Span);
        if (token is null)
        {
            // The account may have another plugin than the server's default; then the server switches to it.
            plugin = AuthPlugins.NativePassword;
            token = login.Secret.Token(plugin, nonce.Span) ?? [];
        }
        channel.Append(new HandshakeResponse41(
            capabilities, login.MaxPacketSize, login.CollationId, login.User, token, login.Database, plugin, login.Attributes));
        await channel.FlushAsync();
        return await AuthenticateAsync(channel, login, greeting, capabilities, plugin, nonce);
    }

    private static async Task<Capabilities> TurnToTlsAsync(PacketChannel channel, EngineLogin login, HandshakeV10 greeting, Capabilities capabilities)
    {
        if (login.Tls is not { } tls) return capabilities;
        if (!greeting.Capabilities.HasFlag(Capabilities.Tls))
        {
            if (tls.Required) throw new LoginFailedException($"The server {greeting.ServerVersion} at {login.Address} offers no TLS, which is required here; give it a certificate (ssl_cert, ssl_key).");
            return capabilities;
        }
        capabilities |= Capabilities.Tls;
        channel.Append(new TlsRequest(capabilities, login.MaxPacketSize, login.CollationId));
        await channel.FlushAsync();
        channel.Upgrade(await TlsTransport.ConnectAsync((Net.LoopSocket)channel.Transport, channel.TakeBuffered(), tls.Options));
        return capabilities;
    }

    private static HandshakeV10 ReadGreeting(ReadOnlyMemory<byte> payload)
    {
        var bytes = payload.Span;
        if (bytes.Length > 0 && bytes[0] == ErrPacket.Header) throw new EngineErrorException(ErrPacket.Read(bytes));
        return HandshakeV10.Read(bytes);
    }

    private static async Task<LoginResult> AuthenticateAsync(
        PacketChannel channel, EngineLogin login, HandshakeV10 greeting, Capabilities capabilities, string plugin, ReadOnlyMemory<byte> nonce)
    {
        while (true)
        {
            var payload = await channel.ReadPacketAsync(MaxPacket);
            switch (payload.IsEmpty ? -1 : payload.Span[0])
            {
                case OkPacket.Header:
                    return Succeeded(payload.Span, greeting, capabilities);
                case ErrPacket.Header:
                    throw new EngineErrorException(ErrPacket.Read(payload.Span));
                case AuthSwitchRequest.Header:
                    var request = AuthSwitchRequest.Read(payload.Span);
                    (plugin, nonce) = (request.Plugin, request.Data);
                    channel.Append(login.Secret.Token(plugin, nonce.Span) ?? throw Unsupported(plugin, login.User));
                    await channel.FlushAsync();
                    break;
                case AuthMoreData.Header when string.Equals(plugin, AuthPlugins.CachingSha2, StringComparison.Ordinal):
                    await ContinueSha2Async(channel, login, nonce, payload);
                    break;
                default:
                    throw new MalformedPacketException("authentication", 0, "OK, an error, a switch or more data expected, something else found");
            }
        }
    }

    private static async Task ContinueSha2Async(PacketChannel channel, EngineLogin login, ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> payload)
    {
        switch (SingleByte(payload))
        {
            case CachingSha2Password.FastAuthOk:
                return;
            case CachingSha2Password.FullAuthNeeded when channel.Transport.IsSecure:
                channel.Append(login.Secret.InTheClear() ?? throw Unsupported(AuthPlugins.CachingSha2, login.User));
                await channel.FlushAsync();
                return;
            case CachingSha2Password.FullAuthNeeded:
                channel.Append([CachingSha2Password.RequestPublicKey]);
                await channel.FlushAsync();
                var key = await channel.ReadPacketAsync(MaxPacket);
                if (key.Length > 0 && key.Span[0] == ErrPacket.Header) throw new EngineErrorException(ErrPacket.Read(key.Span));
                channel.Append(Encrypt(login, nonce.Span, AuthMoreData.Read(key.Span).Data));
                await channel.FlushAsync();
                return;
            default:
                throw new MalformedPacketException("authentication", 1, "a step of caching_sha2_password expected, something else found");
        }
    }

    private static int SingleByte(ReadOnlyMemory<byte> payload)
    {
        var data = AuthMoreData.Read(payload.Span).Data;
        return data.Length == 1 ? data[0] : -1;
    }

    private static byte[] Encrypt(EngineLogin login, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> publicKey)
    {
        if (nonce.IsEmpty) throw new MalformedPacketException("authentication", 0, "a nonce expected, none found");
        try
        {
            return login.Secret.Encrypted(nonce, publicKey) ?? throw Unsupported(AuthPlugins.CachingSha2, login.User);
        }
        catch (CryptographicException failure)
        {
            throw new LoginFailedException($"The server's RSA key cannot be used: {failure.Message}", failure);
        }
    }

    private static LoginResult Succeeded(ReadOnlySpan<byte> payload, HandshakeV10 greeting, Capabilities capabilities)
    {
        var ok = OkPacket.Read(payload, capabilities);
        return new LoginResult(greeting, capabilities, ok.Status, ok.SessionState.ToArray());
    }

    private static LoginFailedException Unsupported(string plugin, string user) =>
        new($"The engine asks for {(plugin.Length == 0 ? "mysql_old_password" : plugin)} to log in '{user}'; this connection can offer "
            + "mysql_native_password, or caching_sha2_password when the password itself is known.");
}
