using System.Net;
using System.Security.Cryptography;
using System.Text;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Authentication.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>Clients behind a proxy that tells where they come from. The account `app` is let in from 203.0.113.0/24 only.</summary>
[CancelAfter(60_000)]
public sealed class ProxiedClientTests
{
    private static readonly EngineFacts Facts = new(
        new AccountSnapshot(DateTimeOffset.UnixEpoch, [new Account("app", "203.0.113.%", AuthPlugins.NativePassword, Stored("right"), false, false, false)]),
        new ServerProfile(
            ServerFamily.MariaDb, "5.5.5-10.11.6-MariaDB", (ulong)(EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase), 45, AuthPlugins.NativePassword,
            new Dictionary<string, string> { ["skip_name_resolve"] = "ON" }, new Dictionary<string, CollationInfo>()));

    private static readonly ListenerOptions Trusting = new() { Proxies = [IPNetwork.Parse("127.0.0.0/8")] };

    private static readonly byte[] Local = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x20, 0, 0, 0];

    [Test]
    public async Task AddressThatATrustedProxySays_IsTheClients()
    {
        var sessions = new LocalHandler();
        await using var gateway = TestGateway.Start(sessions, Facts, new TestGatewayOptions { Listener = Trusting });
        await using var client = await Stranger.ConnectAsync(gateway);
        Assert.That((await LogInAsync(client, "PROXY TCP4 203.0.113.7 10.0.0.1 50000 3306\r\n"u8.ToArray())).Span[0], Is.Zero);
        Assert.That(sessions.Clients.Values.Single().EndPoint, Is.EqualTo(IPEndPoint.Parse("203.0.113.7:50000")));
    }

    [Test]
    public async Task AccountsAreMatchedByIt_AndFailuresCountedByIt()
    {
        var limits = FailureLimits.Default with { FreeFailures = 0, FirstDelay = TimeSpan.FromSeconds(15), LargestDelay = TimeSpan.FromSeconds(15), LargestDebt = TimeSpan.FromSeconds(20) };
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Listener = Trusting, Failures = limits });
        var answers = Enumerable.Range(0, 4).Select(async _ =>
        {
            await using var client = await Stranger.ConnectAsync(gateway);
            return ErrPacket.Read((await LogInAsync(client, "PROXY TCP4 198.51.100.9 10.0.0.1 50000 3306\r\n"u8.ToArray())).Span);
        });
        // Two wait for the answer to their wrong passwords; the address is refused, at once, from then on.
        var first = await await Task.WhenAny(answers);
        Assert.That((first.Code, first.Message), Is.EqualTo((ErrorCode.HostIsBlocked, first.Message)));
        Assert.That(first.Message, Does.Contain("198.51.100.9"));
        await using var other = await Stranger.ConnectAsync(gateway);
        Assert.That((await LogInAsync(other, "PROXY TCP4 203.0.113.7 10.0.0.1 50000 3306\r\n"u8.ToArray())).Span[0], Is.Zero, "another client of the same proxy is not blocked");
    }

    [Test]
    public async Task ConnectionOfTheProxysOwn_ComesFromTheProxy()
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Listener = Trusting });
        await using var client = await Stranger.ConnectAsync(gateway);
        Assert.That(ErrPacket.Read((await LogInAsync(client, Local)).Span).Message, Does.Contain("'127.0.0.1'"));
    }

    [Test]
    public async Task HeaderFromSomebodyElse_IsRefusedClearly()
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Listener = new ListenerOptions { Proxies = [IPNetwork.Parse("10.0.0.0/8")] } });
        await using var client = await Stranger.ConnectAsync(gateway);
        var refused = ErrPacket.Read((await LogInAsync(client, "PROXY TCP4 203.0.113.7 10.0.0.1 50000 3306\r\n"u8.ToArray())).Span);
        Assert.That((refused.Code, refused.Message), Is.EqualTo((ErrorCode.HostNotPrivileged, "A PROXY protocol header from 127.0.0.1 is not accepted: it is not among the proxies that the gateway trusts (proxyProtocol:from)")));
    }

    [TestCase("PROXY TCP4 nonsense\r\n")]
    [TestCase("PROXY xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public async Task Garbage_IsABadHandshake(string header)
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Listener = Trusting });
        await using var client = await Stranger.ConnectAsync(gateway);
        await client.Stream.WriteAsync(Encoding.ASCII.GetBytes(header));
        var refused = ErrPacket.Read((await client.ReadAsync()).Span);
        Assert.That((refused.Code, refused.Message), Is.EqualTo((ErrorCode.BadHandshake, refused.Message)));
        Assert.That(refused.Message, Does.Contain("Malformed PROXY protocol header"));
    }

    [Test]
    public async Task HeaderThatDoesNotEnd_IsCutOffWithTheLogin()
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Listener = Trusting, Deadline = TimeSpan.FromMilliseconds(300) });
        await using var client = await Stranger.ConnectAsync(gateway);
        await client.Stream.WriteAsync("PROXY TCP4 203"u8.ToArray());
        Assert.That(async () => await client.ReadAsync(), Throws.InstanceOf<IOException>());
    }

    private static async Task<ReadOnlyMemory<byte>> LogInAsync(Stranger client, byte[] header)
    {
        await client.Stream.WriteAsync(header);
        await client.AnswerAsync("app", NativePassword.Token("right"u8, client.Greeting.Nonce.Span), AuthPlugins.NativePassword);
        return await client.ReadAsync();
    }

    private static string Stored(string password) => $"*{Convert.ToHexString(SHA1.HashData(NativePassword.Stage1(Encoding.UTF8.GetBytes(password))))}";
}
