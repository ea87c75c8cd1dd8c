using System.Net;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>What a client says of itself when it logs in, or changes user.</summary>
/// <param name="Plugin">Plugin that <paramref name="AuthResponse"/> is of; null: the client knows no plugins.</param>
/// <param name="Nonce">
/// The greeting's, which a connection keeps: servers ask with it again, at a change of user and of plugin, and MariaDB's client library answers with no other.
/// Source: `native_password_authenticate` in both servers, `native_password_auth_client` in both client libraries.
/// </param>
/// <param name="HasAnswer">The response, which may be an empty one, is an answer to the nonce; otherwise the client is asked for one.</param>
/// <param name="Address">Null for a Unix socket.</param>
/// <param name="GivenUser">The user name as the client wrote it, with a database's prefix.</param>
internal sealed record LoginRequest(
    string User, string? Plugin, ReadOnlyMemory<byte> AuthResponse, byte[] Nonce, bool HasAnswer, IPAddress? Address, Capabilities Capabilities, string GivenUser)
{
    /// <summary>The response is what this plugin of the client's made of the nonce.</summary>
    public bool IsAnsweredBy(string plugin) => HasAnswer && (Plugin ?? AuthPlugins.NativePassword) == plugin;
}
