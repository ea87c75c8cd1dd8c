using System.Net;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sharing;

/// <summary>
/// What a login decides for good: only sessions with equal keys can take each other's backend connections. The connection attributes and the client's port are
/// left out: with them no two clients would be equal, and nothing but the server's own lists of connections shows them.
/// </summary>
/// <param name="User">As the client gave it: USER() shows it.</param>
/// <param name="Account">The engine took the login for it: CURRENT_USER(), and all rights. With its password's hash, so that a change of it makes another key.</param>
/// <param name="Client">The client's address where the engine sees it (PROXY header); otherwise null.</param>
/// <param name="Capabilities">As asked for.</param>
/// <param name="Collation">Of the login: MariaDB's reset goes back to it.</param>
internal sealed record BackendKey(string User, Account Account, IPAddress? Client, Capabilities Capabilities, ushort Collation)
{
    /// <summary>They matter while logging in, and to nothing afterwards.</summary>
    private const Capabilities OfLogin =
        Capabilities.ConnectWithDatabase | Capabilities.Tls | Capabilities.Compress | Capabilities.ZstdCompression | Capabilities.PluginAuth
        | Capabilities.ConnectAttributes | Capabilities.PluginAuthLengthEncoded;

    public static Capabilities Lasting(Capabilities capabilities) => capabilities & ~OfLogin;
}
