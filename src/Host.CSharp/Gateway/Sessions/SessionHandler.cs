using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Gives each client that has proved who it is a session of its database.</summary>
public sealed class SessionHandler(GatewayDatabase database) : ISessionHandler
{
    public async Task RunAsync(AuthenticatedClient client, CancellationToken cancellation)
    {
        await client.Channel.Loop.SwitchTo();
        if (database.Catalogue is not { } catalogue)
        {
            client.Channel.Append(new ErrPacket(ErrorCode.ServerShutdown, "The database has not been started once yet; try again"));
            await client.Channel.FlushAsync();
            return;
        }
        await new Session(database.ShardOf(client.Channel.Loop), client, catalogue).RunAsync(cancellation);
    }
}
