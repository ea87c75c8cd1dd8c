using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>Sessions that log in to the engine at once and pass bytes both ways.</summary>
internal sealed class RelayHandler(BackendAddress address) : ISessionHandler
{
    public async Task RunAsync(AuthenticatedClient client, CancellationToken cancellation)
    {
        BackendConnection backend;
        try
        {
            backend = await BackendLogin.ConnectAsync(address, client, client.Schema, client.CollationId, client.Capabilities, cancellation);
        }
        catch (BackendLoginException refused)
        {
            client.Channel.Append(refused.Error);
            await client.Channel.FlushAsync();
            return;
        }
        using (backend.Channel)
        {
            client.Channel.Append(new OkPacket { Status = backend.Status });
            await client.Channel.FlushAsync();
            var up = PumpAsync(client.Channel, backend.Channel);
            var down = PumpAsync(backend.Channel, client.Channel);
            await Task.WhenAny(up, down);
            client.Channel.Transport.Abort();
            backend.Channel.Transport.Abort();
            await Task.WhenAll(up, down);
        }
    }

    private static async Task PumpAsync(PacketChannel from, PacketChannel to)
    {
        try
        {
            while (await from.FillAsync()) await to.RelayAsync(from, from.Buffered.Length);
        }
        catch (ConnectionLostException)
        {
            // The other direction ended.
        }
    }
}
