using System.Net;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Listening;

/// <summary>A client that has proved to be an account of the database. For the thread of its channel's loop only.</summary>
public sealed class AuthenticatedClient
{
    internal AuthenticatedClient(PacketChannel channel, uint connectionId, IPEndPoint? endPoint, Capabilities capabilities, DatabaseRoute route)
    {
        Channel = channel;
        ConnectionId = connectionId;
        EndPoint = endPoint;
        Capabilities = capabilities;
        Route = route;
    }

    public PacketChannel Channel { get; }

    /// <summary>The id the client was greeted with; unique among the clients of this gateway, also while the engine sleeps.</summary>
    public uint ConnectionId { get; }

    /// <summary>Where it comes from, by the word of a proxy that is trusted too; null for a Unix socket.</summary>
    public IPEndPoint? EndPoint { get; }

    /// <summary>What client and gateway agreed on.</summary>
    public Capabilities Capabilities { get; }

    /// <summary>What it was greeted with, and proves a change of user with.</summary>
    internal byte[] Nonce { get; init; } = [];

    /// <summary>For COM_CHANGE_USER.</summary>
    public ClientAuthenticator Authenticator => Route.Authenticator;

    /// <summary>The database that it is in, for as long as it is connected.</summary>
    internal DatabaseRoute Route { get; }

    /// <summary>The account that the engine would take the login for.</summary>
    public Account Account { get; internal set; } = null!;

    /// <summary>The user name as the client gave it, without a database's prefix; differs from the account's for an anonymous account.</summary>
    public string User { get; internal set; } = "";

    /// <summary>Schema asked for with the login, not checked; null for none.</summary>
    public string? Schema { get; internal set; }

    /// <summary>Collation id the client asked for.</summary>
    public ushort CollationId { get; internal set; }

    /// <summary>Connection attributes for the engine's login, packed: a waiting session shall not cost a dozen strings. Null for none.</summary>
    public PackedAttributes? ConnectionAttributes { get; internal set; }

    /// <summary>What logging in to the engine as this account takes. The listener gives it back when the session ends.</summary>
    public SecretLease Secret { get; internal set; } = null!;
}
