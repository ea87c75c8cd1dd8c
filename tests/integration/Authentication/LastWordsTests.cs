using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>What a session had handed over when it ended, to a client that reads later.</summary>
[CancelAfter(60_000)]
public sealed class LastWordsTests
{
    private const Capabilities Engine = EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase;

    private static readonly EngineFacts Facts = new(
        new AccountSnapshot(DateTimeOffset.UnixEpoch, [new Account("app", "%", AuthPlugins.NativePassword, "", false, false, false)]),
        new ServerProfile(ServerFamily.MariaDb, "5.5.5-10.11.6-MariaDB", (ulong)Engine, 45, AuthPlugins.NativePassword, new Dictionary<string, string> { ["skip_name_resolve"] = "ON" }, new Dictionary<string, CollationInfo>()));

    [TestCase(false, false)]
    [TestCase(true, false)]
    [TestCase(false, true)]
    [TestCase(true, true)]
    public async Task SessionThatEnds_AllItHandedOverArrives(bool tls, bool compressed)
    {
        using var folder = new TemporaryDirectory();
        var certificate = GatewayCertificate.LoadOrCreate(folder[""], TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var handler = new TalkativeHandler(compressed);
        await using var gateway = TestGateway.Start(handler, Facts, new TestGatewayOptions { Tls = new ClientTls(certificate, Required: false) });
        await using var client = await gateway.ConnectAsync("app", "", login => login with { Tls = tls ? EngineTls.OnOwnSocket : null });
        var sent = await handler.Sent.Task;
        var received = await client.Channel.Loop.RunAsync(async () =>
        {
            if (compressed) client.Channel.Upgrade(new CompressedTransport(client.Channel.Transport, client.Channel.TakeBuffered()));
            var all = (long)client.Channel.Buffered.Length;
            client.Channel.Advance(client.Channel.Buffered.Length);
            while (await client.Channel.FillAsync())
            {
                all += client.Channel.Buffered.Length;
                client.Channel.Advance(client.Channel.Buffered.Length);
            }
            return all;
        });
        Assert.That(received, Is.EqualTo(sent));
    }

    /// <summary>Says as much as is taken without waiting, and ends.</summary>
    private sealed class TalkativeHandler(bool compressed) : ISessionHandler
    {
        public TaskCompletionSource<long> Sent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task RunAsync(AuthenticatedClient client, CancellationToken cancellation)
        {
            client.Channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
            await client.Channel.FlushAsync();
            if (compressed) client.Channel.Upgrade(new CompressedTransport(client.Channel.Transport, client.Channel.TakeBuffered()));
            var (piece, all) = (new byte[100_000], 0L);
            Random.Shared.NextBytes(piece);
            for (int sent; (sent = client.Channel.Transport.TrySend(piece)) != ITransport.WouldBlock;) all += sent;
            Sent.SetResult(all);
        }
    }
}
