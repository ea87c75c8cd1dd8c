using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Host.Net.Tls;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The connection phase with a client: greets it like the engine would, reads its answer within bounds of size and time, and has it
/// authenticated. Source: MySQL Source Code Documentation, "Connection Phase".
/// </summary>
public sealed partial class ClientHandshake(ClientAuthenticator authenticator, ClientTls tls, ILogger logger)
{
    /// <summary>Longest answer to take: connection attributes may be 64 KiB, names and the rest are small.</summary>
    private const int LongestResponse = (64 << 10) + 4096;

    /// <summary>The client, or null when it was refused, gave up or sent nonsense. Everything that was to be said to it has been said.</summary>
    public async ValueTask<AuthenticatedClient?> RunAsync(PacketChannel channel, uint connectionId, IPEndPoint? endPoint)
    {
        using var deadline = new LoginDeadline(channel.Transport, authenticator.Services.Deadline);
        var answered = false;
        try
        {
            if (authenticator.Database.Profile is not { } profile)
            {
                await SendAsync(channel, LoginRefusal.NotKnownYet(authenticator.Database.Name));
                return null;
            }
            var nonce = Nonce.Create();
            var offered = OfferedCapabilities.Of(profile, withTls: tls.Certificate is not null);
            await SendAsync(channel, Greeting(profile, connectionId, nonce, offered));
            var packet = await channel.ReadPacketAsync(LongestResponse);
            if (tls.Certificate is { } certificate && TlsRequest.IsOne(packet.Span))
            {
                channel.Upgrade(await TlsTransport.AcceptAsync((LoopSocket)channel.Transport, channel.TakeBuffered(), certificate.Options));
                packet = await channel.ReadPacketAsync(LongestResponse);
            }
            var response = HandshakeResponse41.Read(packet.Span, offered);
            answered = true;
            if (endPoint is not null && !channel.Transport.IsSecure && (tls.Required || authenticator.EngineRequiresSecureTransport))
            {
                await SendAsync(channel, LoginRefusal.InsecureTransport(profile.Family));
                return null;
            }
            return await LogInAsync(channel, connectionId, endPoint, profile, nonce, offered, response, deadline);
        }
        catch (MalformedPacketException malformed)
        {
            LogMalformed(authenticator.Database.Name, endPoint, malformed.Message);
            await TryTellAsync(channel, LoginRefusal.BadHandshake(malformed.Message, withSqlState: answered));
        }
        catch (ConnectionLostException lost)
        {
            LogGaveUp(authenticator.Database.Name, endPoint, lost.Message);
        }
        return null;
    }

    private async ValueTask<AuthenticatedClient?> LogInAsync(
        PacketChannel channel, uint connectionId, IPEndPoint? endPoint, ServerProfile profile, byte[] nonce, Capabilities offered,
        HandshakeResponse41 response, LoginDeadline deadline)
    {
        var common = response.Capabilities & offered;
        var plugin = common.HasFlag(Capabilities.PluginAuth) ? response.AuthPlugin ?? AuthPlugins.NativePassword : null;
        var request = new LoginRequest(response.User, plugin, response.AuthResponse, nonce, endPoint?.Address, common);
        var secret = await authenticator.AuthenticateAsync(channel, request, profile, deadline);
        if (secret is null) return null;
        return new AuthenticatedClient(channel, connectionId, endPoint, common, authenticator)
        {
            Account = secret.Account,
            User = response.User == secret.Account.User ? secret.Account.User : response.User,
            Schema = response.Database,
            CollationId = response.CollationId,
            ConnectionAttributes = PackedAttributes.Of(response.Attributes),
            Secret = secret,
        };
    }

    private static HandshakeV10 Greeting(ServerProfile profile, uint connectionId, byte[] nonce, Capabilities offered)
    {
        var plugin = SupportedPlugins.Has(profile.DefaultAuthPlugin) ? profile.DefaultAuthPlugin : AuthPlugins.NativePassword;
        return new HandshakeV10(profile.Version, connectionId, nonce, offered, profile.DefaultCollationId, ServerStatus.AutoCommit, plugin);
    }

    private static ValueTask SendAsync<T>(PacketChannel channel, T packet) where T : IOutgoingPacket
    {
        channel.Append(packet);
        return channel.FlushAsync();
    }

    private static async ValueTask TryTellAsync(PacketChannel channel, ErrPacket error)
    {
        try
        {
            await SendAsync(channel, error);
        }
        catch (ConnectionLostException)
        {
            // It did not wait for the answer.
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: bad handshake from {Client}: {Problem}")]
    private partial void LogMalformed(string database, IPEndPoint? client, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: {Client} gave up its login: {Reason}")]
    private partial void LogGaveUp(string database, IPEndPoint? client, string reason);
}
