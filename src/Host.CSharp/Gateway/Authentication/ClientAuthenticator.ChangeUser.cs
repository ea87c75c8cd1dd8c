using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Authentication;

public sealed partial class ClientAuthenticator
{
    /// <summary>
    /// COM_CHANGE_USER. True: the client has proved to be another account (or the same again), which it is from now on; it has not been told
    /// yet. False: it was refused and told so, and is who it was.
    /// </summary>
    /// <param name="payload">The command's packet, the last that was read from the channel, whose sequence number follows it.</param>
    /// <exception cref="MalformedPacketException">The packet is none.</exception>
    /// <exception cref="ConnectionLostException">The client went away, or took too long.</exception>
    public async ValueTask<bool> ChangeUserAsync(AuthenticatedClient client, ReadOnlyMemory<byte> payload)
    {
        var change = ChangeUser.Read(payload.Span, client.Capabilities);
        if (Database.Profile is not { } profile) throw new InvalidOperationException("A client that is logged in was greeted, so the profile is known.");
        if (client.Route.UserWithin(change.User) is not { } user)
        {
            await RefuseAsync(client.Channel, RoutingRefusal.ChangeOfDatabase(change.User));
            return false;
        }
        // Some send nothing and wait to be asked.
        var hasAnswer = !change.AuthResponse.IsEmpty || !client.Capabilities.HasFlag(Capabilities.PluginAuth);
        var request = new LoginRequest(user, change.AuthPlugin, change.AuthResponse, client.Nonce, hasAnswer, client.EndPoint?.Address, client.Capabilities, change.User);
        using var deadline = new LoginDeadline(client.Channel.Transport, Services.Deadline);
        var secret = await AuthenticateAsync(client.Channel, request, profile, deadline);
        if (secret is null) return false;
        client.Secret.Dispose();
        client.Secret = secret;
        client.Account = secret.Account;
        client.User = user;
        client.Schema = change.Database;
        client.CollationId = change.CollationId ?? client.CollationId;
        if (change.Attributes.Count > 0) client.ConnectionAttributes = PackedAttributes.Of(change.Attributes);
        return true;
    }
}
