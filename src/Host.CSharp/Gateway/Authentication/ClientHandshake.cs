using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Host.Net.Tls;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The connection phase with a client: greets it like the engine would, reads its answer within bounds of size and time, finds the database it means, and has
/// it authenticated. Source: MySQL Source Code Documentation, "Connection Phase".
/// </summary>
/// <param name="login">For clients of which it is not known yet what database they mean.</param>
public sealed partial class ClientHandshake(ListenerRoutes initial, LoginServices login, ListenerOptions options, ILogger logger)
{
    /// <summary>Longest answer to take: connection attributes may be 64 KiB, names and the rest are small.</summary>
    private const int LongestResponse = (64 << 10) + 4096;

    private const int LongestLoggedReason = 1024;

    private volatile ListenerRoutes _routes = initial;

    /// <summary>From here on clients are led by these. Who is logging in goes by those before.</summary>
    public void UseRoutes(ListenerRoutes changed) => _routes = changed;

    /// <summary>The client, or null when it was refused, gave up or sent nonsense. Everything that was to be said to it has been said.</summary>
    /// <param name="peer">Null for a Unix socket.</param>
    public async ValueTask<AuthenticatedClient?> RunAsync(PacketChannel channel, uint connectionId, IPEndPoint? peer)
    {
        using var deadline = new LoginDeadline(channel.Transport, login.Deadline);
        var routes = _routes;
        var answered = false;
        try
        {
            if (SharedGreeting.Of(routes, options.GreetingVersion, routes.HaveTls) is not { } greeting)
            {
                await SendAsync(channel, routes.AreShared ? LoginRefusal.NotKnownYet() : LoginRefusal.NotKnownYet(routes.All[0].Name));
                return null;
            }
            var nonce = Nonce.Create();
            await SendAsync(channel, greeting.Packet(connectionId, nonce));
            var (client, host) = (peer, (string?)null);
            if (await ReadProxyHeaderAsync(channel) is { } proxied)
            {
                if (!options.IsProxy(peer))
                {
                    LogNoProxy(routes.Name, peer);
                    await SendAsync(channel, LoginRefusal.NoProxy(peer));
                    return null;
                }
                (client, host) = (proxied.Source ?? peer, proxied.Authority);
            }
            var packet = await channel.ReadPacketAsync(LongestResponse);
            if (routes.HaveTls && TlsRequest.IsOne(packet.Span))
            {
                var tls = await TlsTransport.AcceptAsync((LoopSocket)channel.Transport, channel.TakeBuffered(), host => routes.ForCertificate(host)!.Tls.Certificate!.Options);
                channel.Upgrade(tls);
                if (tls.HostName.Length > 0) host = tls.HostName;
                packet = await channel.ReadPacketAsync(LongestResponse);
            }
            var response = HandshakeResponse41.Read(packet.Span, greeting.Offered);
            answered = true;
            return await EnterAsync(routes, channel, connectionId, client, host, nonce, greeting.Offered, response, deadline);
        }
        catch (MalformedPacketException malformed)
        {
            LogMalformed(routes.Name, peer, LogText.Printable(malformed.Message, LongestLoggedReason));
            await TryTellAsync(channel, LoginRefusal.BadHandshake(malformed.Message, withSqlState: answered));
        }
        catch (ConnectionLostException lost)
        {
            LogGaveUp(routes.Name, peer, lost.Message);
        }
        return null;
    }

    /// <summary>What a proxy says of the client, ahead of the client's first packet: it may have said it before it was greeted. Null: nothing.</summary>
    private static async ValueTask<ProxiedClient?> ReadProxyHeaderAsync(PacketChannel channel)
    {
        while (true)
        {
            switch (ProxyHeaderReader.TryRead(channel.Buffered, out var proxied, out var length))
            {
                case ProxyHeaderState.None:
                    return null;
                case ProxyHeaderState.Whole:
                    channel.Advance(length);
                    return proxied;
            }
            if (!await channel.FillAsync()) throw new ConnectionLostException("The peer closed the connection.");
        }
    }

    private async ValueTask<AuthenticatedClient?> EnterAsync(
        ListenerRoutes routes, PacketChannel channel, uint connectionId, IPEndPoint? endPoint, string? host, byte[] nonce, Capabilities offered, HandshakeResponse41 response, LoginDeadline deadline)
    {
        var choice = routes.Choose(host, response.User, response.Database);
        if (choice.Route is not { } route)
        {
            LogNoRoute(routes.Name, endPoint, LogText.Printable(choice.Refusal!.Message, LongestLoggedReason));
            var refusedFor = login.Failures.RefusedFor(endPoint?.Address);
            if (refusedFor > TimeSpan.Zero)
            {
                await SendAsync(channel, LoginRefusal.Blocked(ClientHost.Of(endPoint?.Address, enginesResolveNames: false), refusedFor));
                return null;
            }
            await login.DelayFailureAsync(channel.Loop, endPoint?.Address, user: null, deadline);
            await SendAsync(channel, choice.Refusal);
            return null;
        }
        if (!route.TryOpen())
        {
            if (route.LimitWarnings.IsDue()) LogTooMany(route.Name, route.Limit);
            await SendAsync(channel, LoginRefusal.TooMany());
            return null;
        }
        AuthenticatedClient? client = null;
        try
        {
            return client = await LogInAsync(channel, connectionId, endPoint, route, choice.User, nonce, offered, response, deadline);
        }
        finally
        {
            if (client is null) route.Close();
        }
    }

    private static async ValueTask<AuthenticatedClient?> LogInAsync(
        PacketChannel channel, uint connectionId, IPEndPoint? endPoint, DatabaseRoute route, string user, byte[] nonce, Capabilities offered, HandshakeResponse41 response,
        LoginDeadline deadline)
    {
        var authenticator = route.Authenticator;
        if (authenticator.Database.Profile is not { } profile)
        {
            await SendAsync(channel, LoginRefusal.NotKnownYet());
            return null;
        }
        if (endPoint is not null && !channel.Transport.IsSecure && (route.Tls.Required || authenticator.EngineRequiresSecureTransport))
        {
            await SendAsync(channel, LoginRefusal.InsecureTransport(profile.Family));
            return null;
        }
        var common = response.Capabilities & offered;
        var plugin = common.HasFlag(Capabilities.PluginAuth) ? response.AuthPlugin ?? AuthPlugins.NativePassword : null;
        var request = new LoginRequest(user, plugin, response.AuthResponse, nonce, HasAnswer: true, endPoint?.Address, common, response.User);
        var secret = await authenticator.AuthenticateAsync(channel, request, profile, deadline);
        if (secret is null) return null;
        return new AuthenticatedClient(channel, connectionId, endPoint, common, route)
        {
            Account = secret.Account,
            User = user == secret.Account.User ? secret.Account.User : user,
            Schema = response.Database,
            CollationId = response.CollationId,
            ConnectionAttributes = PackedAttributes.Of(response.Attributes),
            Secret = secret,
            Nonce = nonce,
        };
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Client} was refused: {Reason}")]
    private partial void LogNoRoute(string database, IPEndPoint? client, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: too many connections: clients are refused with error 1040, since the limit of {Limit} of this database is reached (limits:connections)")]
    private partial void LogTooMany(string database, int limit);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Client} sent a PROXY protocol header, and is not among the proxies that are trusted (proxyProtocol:from)")]
    private partial void LogNoProxy(string database, IPEndPoint? client);
}
