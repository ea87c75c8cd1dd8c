using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>Limits, patience and nonsense, with accounts made up here: no server is needed.</summary>
[CancelAfter(180_000)]
public sealed class ListenerTests
{
    private const Capabilities Engine = EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase;

    private static readonly EngineFacts Facts = new(
        new AccountSnapshot(DateTimeOffset.UnixEpoch, [new Account("app", "%", AuthPlugins.NativePassword, Stored("right"), false, false, false)]),
        new ServerProfile(ServerFamily.MariaDb, "5.5.5-10.11.6-MariaDB", (ulong)Engine, 45, AuthPlugins.NativePassword, new Dictionary<string, string> { ["skip_name_resolve"] = "ON" }, new Dictionary<string, CollationInfo>()));

    [TestCase(3, 1000)]
    [TestCase(1000, 3)]
    public async Task Connect_BeyondALimit_GetsTooManyConnectionsAndNothingIsLost(int perDatabase, int all)
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Connections = perDatabase, AllConnections = all });
        var clients = new List<EngineClient>();
        for (var i = 0; i < 3; i++) clients.Add(await gateway.ConnectAsync("app", "right"));

        var error = await Assert.ThrowsAsync<EngineErrorException>(() => gateway.ConnectAsync("app", "right"));
        Assert.That(error!.Code, Is.EqualTo(1040));
        Assert.That(await Cli.MariaDbAsync(gateway.Port, "app", "right"), Does.Contain("ERROR 1040").And.Contain("Too many connections"));
        foreach (var client in clients) await client.PingAsync(default);

        await clients[0].DisposeAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Connections.Count == 2), TimeSpan.FromSeconds(10), () => Task.FromResult("a place is free again"));
        await using var another = await gateway.ConnectAsync("app", "right");
        Assert.That(gateway.Listener.Counters.OverLimit, Is.EqualTo(2));
        Assert.That(gateway.Log.At(LogLevel.Warning).Count(), Is.EqualTo(1), "the log is told once, not per client");
        foreach (var client in clients) await client.DisposeAsync();
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(40)]
    public async Task Handshake_ClientThatStopsInTheMiddle_IsCutOff(int bytes)
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Deadline = TimeSpan.FromMilliseconds(300) });
        using var slow = await Stranger.DialAsync(gateway.Address);
        var stream = slow.GetStream();
        await stream.WriteAsync((byte[])[60, 0, 0, 1, .. new byte[60]]).AsTask();
        await using var other = await Stranger.ConnectAsync(gateway);
        await other.Stream.WriteAsync(((byte[])[60, 0, 0, 1, .. new byte[60]]).AsMemory(0, bytes));
        await EndsAsync(other.Stream);
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Connections.Count == 0), TimeSpan.FromSeconds(10), () => Task.FromResult("no connection left"));
    }

    [Test]
    public async Task Handshake_ClientThatDripsBytes_IsCutOffAllTheSame()
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Deadline = TimeSpan.FromSeconds(5) });
        await using var other = await gateway.ConnectAsync("app", "right");
        var watch = Stopwatch.StartNew();
        await using var slow = await Stranger.ConnectAsync(gateway);
        try
        {
            await slow.Stream.WriteAsync((byte[])[200, 0, 0, 1]);
            while (watch.Elapsed < TimeSpan.FromSeconds(60))
            {
                await slow.Stream.WriteAsync((byte[])[1]);
                await Task.Delay(50);
            }
            Assert.Fail("It was not cut off.");
        }
        catch (IOException)
        {
            Assert.That(watch.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(4.9)));
        }
        await other.PingAsync(default);
    }

    [TestCase("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [TestCase("\u0016\u0003\u0001")]
    [TestCase("\u0020\u0000\u0000\u0005aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Handshake_SomethingElse_IsABadHandshakeAndNoWarning(string text)
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Deadline = TimeSpan.FromSeconds(1) });
        await using (var client = await Stranger.ConnectAsync(gateway))
        {
            await client.Stream.WriteAsync(Encoding.Latin1.GetBytes(text));
            await EndsAsync(client.Stream);
        }
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Connections.Count == 0), TimeSpan.FromSeconds(10), () => Task.FromResult("no connection left"));
        Assert.That(gateway.Log.At(LogLevel.Warning), Is.Empty);
        Assert.That(gateway.Log.At(LogLevel.Error), Is.Empty);
    }

    [Test]
    public async Task Handshake_TenThousandPiecesOfGarbage_DisturbNobody()
    {
        var seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Deadline = TimeSpan.FromSeconds(5), Connections = 20_000, AllConnections = 20_000 });
        await using var witness = await gateway.ConnectAsync("app", "right");
        var descriptors = Directory.GetFiles("/proc/self/fd").Length;

        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, cancellation) =>
        {
            var random = new Random(unchecked(seed + i));
            using var client = await Stranger.DialAsync(gateway.Address);
            try
            {
                await client.GetStream().WriteAsync(Garbage(random), cancellation);
                if (random.Next(32) == 0) await EndsAsync(client.GetStream());
            }
            catch (IOException)
            {
                // The gateway had seen enough.
            }
            if (i % 500 == 0) await witness.PingAsync(cancellation);
        });

        Assert.That((await witness.QueryAsync("SELECT CURRENT_USER()", default)).Scalar, Is.EqualTo("app@%"));
        await using (var another = await gateway.ConnectAsync("app", "right")) await another.PingAsync(default);
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Connections.Count == 1), TimeSpan.FromSeconds(20), () => Task.FromResult($"one connection left, not {gateway.Connections.Count}"));
        await Eventually.HoldsAsync(
            () => Task.FromResult(Directory.GetFiles("/proc/self/fd").Length <= descriptors + 20), TimeSpan.FromSeconds(20), () => Task.FromResult("descriptors are given back"));
        Assert.That(gateway.Listener.Counters.Accepted, Is.EqualTo(10_002));
        Assert.That(gateway.Log.At(LogLevel.Warning), Is.Empty);
        Assert.That(gateway.Log.At(LogLevel.Error), Is.Empty);
    }

    [Test]
    public async Task Login_WrongPasswords_AreAnsweredEverLaterAndRightOnesAtOnce()
    {
        var limits = FailureLimits.Default with { FreeFailures = 2, FirstDelay = TimeSpan.FromSeconds(2) };
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Failures = limits });
        for (var i = 0; i < 2; i++) await FailAsync(gateway);
        var watch = Stopwatch.StartNew();
        var third = FailAsync(gateway);
        await using (var right = await gateway.ConnectAsync("app", "right")) Assert.That(third.IsCompleted, Is.False, "a right login passes a delayed wrong one");
        await third;
        Assert.That(watch.Elapsed, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(1.9)));
        await FailAsync(gateway);
        Assert.That(watch.Elapsed, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(5.9)));
    }

    [Test]
    public async Task Login_ManyWrongPasswordsAtOnce_BlockTheAddress()
    {
        var limits = FailureLimits.Default with { FreeFailures = 0, FirstDelay = TimeSpan.FromSeconds(5), LargestDelay = TimeSpan.FromSeconds(5), LargestDebt = TimeSpan.FromSeconds(15) };
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts, new TestGatewayOptions { Failures = limits });
        var errors = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => FailAsync(gateway)));
        Assert.That(errors.Count(error => error.Code == ErrorCode.HostIsBlocked), Is.GreaterThanOrEqualTo(5));
        Assert.That(errors.First(error => error.Code == ErrorCode.HostIsBlocked).EngineMessage, Does.Contain("'127.0.0.1' is blocked because of many failed logins; try again in"));
    }

    [Test]
    public async Task Stop_SessionsThatDoNotEnd_AreCutOffAfterTheTime()
    {
        await using var gateway = TestGateway.Start(new StubbornHandler(), Facts);
        await using var client = await gateway.ConnectAsync("app", "right");
        await gateway.Listener.StopAsync(TimeSpan.FromMilliseconds(200));
        Assert.That(gateway.Connections.Count, Is.Zero);
        Assert.That(gateway.Log.At(LogLevel.Warning).Single(), Does.Contain("1 connections had not ended in time"));
        await Assert.ThatAsync(() => Stranger.DialAsync(gateway.Address), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task Connect_NothingKnownOfTheEngineYet_IsSaid()
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), Facts with { Profile = null! });
        var error = await Assert.ThrowsAsync<EngineErrorException>(() => gateway.ConnectAsync("app", "right"));
        Assert.That(error!.EngineMessage, Does.Contain("has not run yet"));
    }

    private static byte[] Garbage(Random random)
    {
        var bytes = new byte[random.Next(1, 400)];
        random.NextBytes(bytes);
        var kind = random.Next(4);
        if (kind == 0) return bytes;
        // A header that fits what follows, more or less, and then flags a reader would believe.
        var length = kind == 1 ? bytes.Length - 4 : random.Next(0, 500);
        (bytes[0], bytes[1 % bytes.Length], bytes[2 % bytes.Length], bytes[3 % bytes.Length]) = ((byte)length, (byte)(length >> 8), 0, 1);
        if (kind == 3 && bytes.Length > 36) BitConverter.TryWriteBytes(bytes.AsSpan(4), (uint)Engine);
        return bytes;
    }

    private static async Task<EngineErrorException> FailAsync(TestGateway gateway)
    {
        var error = await Assert.ThrowsAsync<EngineErrorException>(() => gateway.ConnectAsync("app", "wrong"));
        return error!;
    }

    /// <summary>Reads until the other side has closed.</summary>
    private static async Task EndsAsync(NetworkStream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[1024];
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset: closed while bytes were under way.
        }
    }

    private static string Stored(string password) =>
        $"*{Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(NativePassword.Stage1(Encoding.UTF8.GetBytes(password))))}";
}
