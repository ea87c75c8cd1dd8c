using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>Sessions that end only when their connection does.</summary>
internal sealed class StubbornHandler : ISessionHandler
{
    public async Task RunAsync(AuthenticatedClient client, CancellationToken cancellation)
    {
        client.Channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        await client.Channel.FlushAsync();
        while (await client.Channel.FillAsync()) client.Channel.Advance(client.Channel.Buffered.Length);
    }
}
