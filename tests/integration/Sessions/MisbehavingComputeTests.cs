using System.Net.Sockets;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>A server that breaks off, or lies, in the middle of an answer: what its client sees, and that the session goes on where it can.</summary>
[CancelAfter(120_000)]
public sealed class MisbehavingComputeTests
{
    private const string Asked = "SELECT a FROM t";

    private GatewayUnderTest _gateway = null!;
    private Func<PacketChannel, Task>? _misbehave;
    private ScriptedCompute _compute = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync();
        _compute = new ScriptedCompute(_ => Task.FromResult(true), text => text == Asked ? _misbehave : null);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _gateway.DisposeAsync();
        _compute.Dispose();
    }

    [TearDown]
    public async Task EverybodyLeaves()
    {
        _misbehave = null;
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity is { Open: 0, Active: 0, Running: 0 }, "all clients of the test are gone");
    }

    [Test]
    public async Task DeathBetweenTwoPacketsOfAResult_IsAnErrorAfterTheRowsSoFar_AndTheNextStatementWorks(CancellationToken cancellation)
    {
        var client = await BreakAsync(async channel =>
        {
            var writer = ResultSetWriter.Begin(channel, EngineLogin.DefaultCapabilities, ServerStatus.AutoCommit, ColumnDefinition41.Text("a"));
            writer.Row("1");
            await channel.FlushAsync();
            await Task.Delay(50, cancellation);
            channel.Transport.Abort();
        });
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync(Asked, cancellation));
        Assert.That((error.Code, error.SqlState), Is.EqualTo((ErrorCode.ServerShutdown, "08S01")));
        Assert.That(error.EngineMessage, Does.StartWith("The compute went away while the statement ran").And.Contain("whether it took effect is not known"));
        _misbehave = null;
        Assert.That((await client.QueryAsync(Asked, cancellation)).Scalar, Is.EqualTo("1"), "it is not run again by itself, and can be by its client");
        await client.DisposeAsync();
    }

    [Test]
    public async Task DeathInsideOfAPacket_EndsTheConnection_SinceNothingCanFollowHalfAPacket(CancellationToken cancellation)
    {
        var client = await BreakAsync(async channel =>
        {
            ResultSetWriter.Begin(channel, EngineLogin.DefaultCapabilities, ServerStatus.AutoCommit, ColumnDefinition41.Text("a"));
            await channel.FlushAsync();
            channel.Transport.TrySend([100, 0, 0, channel.Sequence, 99, 65, 65, 65]);
            await Task.Delay(50, cancellation);
            channel.Transport.Abort();
        });
        await Assert.ThatAsync(() => client.QueryAsync(Asked, cancellation), Throws.InstanceOf<ConnectionLostException>());
        client.Abort();
    }

    [TestCase(new byte[] { 0xff, 0xff, 0x7f, 1, 0xff, 0, 0 }, Description = "an error packet of 8 MiB")]
    [TestCase(new byte[] { 0xff, 0xff, 0x7f, 1, 0x00, 0, 0 }, Description = "an OK packet of 8 MiB")]
    [TestCase(new byte[] { 9, 0, 0, 1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, Description = "a result of 2^64 columns")]
    [TestCase(new byte[] { 2, 0, 0, 1, 0xfc, 1 }, Description = "a number longer than its packet")]
    [TestCase(new byte[] { 0, 0, 0, 1 }, Description = "an empty packet")]
    public async Task LieInALengthField_IsNoMemory_AndNobodyElsesHarm(byte[] lie, CancellationToken cancellation)
    {
        await using var witness = await _gateway.ConnectAsync();
        await witness.QueryAsync("SELECT b FROM t", cancellation);
        var client = await BreakAsync(async channel =>
        {
            channel.Transport.TrySend(lie);
            await Task.Delay(50, cancellation);
            channel.Transport.Abort();
        });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var ended = await Assert.CatchAsync(async () => await client.QueryAsync(Asked, cancellation).WaitAsync(TimeSpan.FromSeconds(10), cancellation));
        Assert.That(ended, Is.InstanceOf<EngineErrorException>().Or.InstanceOf<ConnectionLostException>().Or.InstanceOf<MalformedPacketException>());
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(4 << 20));
        client.Abort();
        Assert.That((await witness.QueryAsync("SELECT b FROM t", cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task LieInALengthFieldOfAClient_HoldsNothing_AndEndsWithIt(CancellationToken cancellation)
    {
        _gateway.Database.Open(_compute.Address);
        await using var witness = await _gateway.ConnectAsync();
        var client = await _gateway.ConnectAsync();
        await client.Channel.Loop.RunAsync(() =>
        {
            client.Channel.Transport.TrySend([0xfe, 0xff, 0xff, 0, (byte)Command.Query, (byte)'S']);
            return Task.FromResult(true);
        });
        await Task.Delay(200, cancellation);
        Assert.That(_gateway.Activity.Running, Is.Zero);
        Assert.That((await witness.QueryAsync("SELECT b FROM t", cancellation)).Scalar, Is.EqualTo("1"));
        client.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 1, "its session has ended");
    }

    /// <summary>A peer that vanished without a word is found out by the kernel, which asks it now and then.</summary>
    [Test]
    public async Task HalfOpenClient_IsAskedByTheKernelWhetherItIsThere()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(System.Net.IPAddress.Loopback, _gateway.Port);
        var port = ((System.Net.IPEndPoint)client.Client.LocalEndPoint!).Port;
        await GatewayUnderTest.UntilAsync(() => KeepAliveTimer(_gateway.Port, port) is > 0 and <= 120, "the gateway's side of the connection has a timer of at most two minutes");
    }

    /// <summary>Seconds until the kernel asks the peer; 0: it does not. Source: proc_net_tcp.txt of the kernel's documentation (timer 2: keepalive).</summary>
    private static double KeepAliveTimer(int local, int remote)
    {
        foreach (var line in File.ReadLines("/proc/net/tcp"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[1].EndsWith($":{local:X4}", StringComparison.Ordinal) && fields[2].EndsWith($":{remote:X4}", StringComparison.Ordinal) && fields[5].StartsWith("02:", StringComparison.Ordinal))
                return Convert.ToInt64(fields[5][3..], 16) / 100.0;
        }
        return 0;
    }

    private async Task<EngineClient> BreakAsync(Func<PacketChannel, Task> misbehave)
    {
        _misbehave = misbehave;
        _gateway.Database.Open(_compute.Address);
        return await _gateway.ConnectAsync();
    }
}
