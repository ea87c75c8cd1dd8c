using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Gives each client that has proved who it is a session of its database.</summary>
public sealed class SessionHandler(GatewayDatabase database) : ISessionHandler
{
    // Not async: a state machine of its own would cost each session that waits 150 bytes.
    public Task RunAsync(AuthenticatedClient client, CancellationToken cancellation)
    {
        client.Channel.Loop.VerifyAccess();
        if (database.IsRemoved) return RefuseAsync(client, "The database is not served here any more");
        if (database.Catalogue is { } catalogue) return new Session(database.ShardOf(client.Channel.Loop), client, catalogue).RunAsync(cancellation);
        return RefuseAsync(client, "The database has not been started once yet; try again");
    }

    private static Task RefuseAsync(AuthenticatedClient client, string why)
    {
        client.Channel.Append(new ErrPacket(ErrorCode.ServerShutdown, why));
        return client.Channel.FlushAsync().AsTask();
    }
}
