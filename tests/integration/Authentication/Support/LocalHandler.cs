using System.Collections.Concurrent;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>Sessions without an engine: every SELECT is answered by the account that was authenticated.</summary>
internal sealed class LocalHandler : ISessionHandler
{
    public ConcurrentDictionary<uint, AuthenticatedClient> Clients { get; } = new();

    public async Task RunAsync(AuthenticatedClient client, CancellationToken cancellation)
    {
        Clients[client.ConnectionId] = client;
        using var registration = cancellation.UnsafeRegister(static client => ((AuthenticatedClient)client!).Channel.Transport.Abort(), client);
        try
        {
            await OkAsync(client);
            while (await AnswerAsync(client))
            {
            }
        }
        finally
        {
            Clients.TryRemove(client.ConnectionId, out _);
        }
    }

    private static async Task<bool> AnswerAsync(AuthenticatedClient client)
    {
        client.Channel.Sequence = 0;
        var packet = await client.Channel.ReadPacketAsync();
        switch ((Command)packet.Span[0])
        {
            case Command.Quit:
                return false;
            case Command.ChangeUser:
                if (!await client.Authenticator.ChangeUserAsync(client, packet)) return false;
                await OkAsync(client);
                return true;
            case Command.Query when packet.Span[1..].StartsWith("SELECT"u8):
                var result = ResultSetWriter.Begin(client.Channel, client.Capabilities, ServerStatus.AutoCommit, ColumnDefinition41.Text("account"));
                result.Row(client.Account.ToString());
                result.End(ServerStatus.AutoCommit);
                await client.Channel.FlushAsync();
                return true;
            default:
                await OkAsync(client);
                return true;
        }
    }

    private static ValueTask OkAsync(AuthenticatedClient client)
    {
        client.Channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        return client.Channel.FlushAsync();
    }
}
