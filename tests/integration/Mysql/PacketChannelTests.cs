using System.Security.Cryptography;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mysql;

[CancelAfter(60_000)]
public sealed class PacketChannelTests
{
    private EventLoopGroup _loops = null!;
    private ChannelPair _pair = null!;

    [SetUp]
    public async Task Connect()
    {
        _loops = new EventLoopGroup(1);
        _pair = await ChannelPair.CreateAsync(_loops);
    }

    [TearDown]
    public void Disconnect()
    {
        _pair.Dispose();
        _loops.Dispose();
    }

    [Test]
    public Task ReadPacketAsync_BytesArriveOneByOne_GivesThePacket() => OnLoop(async () =>
    {
        byte[] bytes = [3, 0, 0, 0, 1, 2, 3];
        var reading = _pair.Far.ReadPacketAsync().AsTask();
        foreach (var one in bytes)
        {
            await SendAsync([one]);
            await Task.Yield();
        }
        Assert.That((await reading).ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
    });

    [Test]
    public Task ReadPacketAsync_SeveralInOneReceive_GivesEachInTurn() => OnLoop(async () =>
    {
        _pair.Near.Append("one"u8);
        _pair.Near.Append(""u8);
        _pair.Near.Append("three"u8);
        await _pair.Near.FlushAsync();
        Assert.That((await _pair.Far.ReadPacketAsync()).ToArray(), Is.EqualTo("one"u8.ToArray()));
        Assert.That((await _pair.Far.ReadPacketAsync()).Length, Is.Zero);
        Assert.That((await _pair.Far.ReadPacketAsync()).ToArray(), Is.EqualTo("three"u8.ToArray()));
        Assert.That(_pair.Far.Sequence, Is.EqualTo(3));
    });

    [TestCase(0)]
    [TestCase(250)]
    [TestCase(16_380)]
    [TestCase(16_384)]
    [TestCase(0xfffffe)]
    [TestCase(0xffffff)]
    [TestCase(0x1000000)]
    [TestCase(2 * 0xffffff)]
    [TestCase(40_000_000)]
    public Task Append_AnySize_IsReadBackWhole(int length) => OnLoop(async () =>
    {
        var payload = RandomNumberGenerator.GetBytes(length);
        _pair.Near.Append(payload);
        var sending = _pair.Near.FlushAsync().AsTask();
        var read = await _pair.Far.ReadPacketAsync(100_000_000);
        await sending;
        Assert.That(read.Span.SequenceEqual(payload));
        Assert.That(_pair.Far.Sequence, Is.EqualTo((length / 0xffffff) + 1));
    });

    [Test]
    public Task ReadPacketAsync_OutOfSequence_SaysWhatWasExpected() => OnLoop(async () =>
    {
        await SendAsync([1, 0, 0, 7, 0x0e]);
        var failure = await FailureOfAsync(_pair.Far.ReadPacketAsync().AsTask());
        Assert.That(failure, Is.TypeOf<MalformedPacketException>().With.Message.EqualTo("Packets out of order: sequence number 0 expected, 7 found."));
    });

    [Test]
    public Task ReadPacketAsync_AnnouncedLongerThanAllowed_IsRefusedBeforeItArrives() => OnLoop(async () =>
    {
        await SendAsync([0xff, 0xff, 0x7f, 0]);
        var failure = await FailureOfAsync(_pair.Far.ReadPacketAsync(1000).AsTask());
        Assert.That(failure, Is.TypeOf<MalformedPacketException>().With.Message.Contains("at most 1000 bytes"));
    });

    [Test]
    public Task ReadPacketAsync_PeerClosesInTheMiddle_IsConnectionLost() => OnLoop(async () =>
    {
        await SendAsync([5, 0, 0, 0, 1]);
        _pair.Near.Transport.Dispose();
        var failure = await FailureOfAsync(_pair.Far.ReadPacketAsync().AsTask());
        Assert.That(failure, Is.TypeOf<ConnectionLostException>().With.Message.Contains("middle of a packet"));
    });

    [Test]
    public Task WaitReadableAsync_Interrupted_LosesNothing() => OnLoop(async () =>
    {
        var waiting = _pair.Far.WaitReadableAsync().AsTask();
        Assert.That((_pair.Far.InterruptRead(), await waiting), Is.EqualTo((true, false)));
        _pair.Near.Append("after"u8);
        await _pair.Near.FlushAsync();
        Assert.That((await _pair.Far.ReadPacketAsync()).ToArray(), Is.EqualTo("after"u8.ToArray()));
    });

    [Test]
    public Task RelayAsync_ManyPackets_ForwardsThemBehindWhatWaits() => OnLoop(async () =>
    {
        using var onward = await ChannelPair.CreateAsync(_loops);
        var payload = RandomNumberGenerator.GetBytes(10_000_000);
        _pair.Near.Append(payload);
        var sending = _pair.Near.FlushAsync().AsTask();
        onward.Near.Append("first"u8);
        var relaying = RelayAllAsync(_pair.Far, onward.Near, payload.Length + PacketHeader.Size);
        Assert.That((await onward.Far.ReadPacketAsync()).ToArray(), Is.EqualTo("first"u8.ToArray()));
        onward.Far.Sequence = 0;
        Assert.That((await onward.Far.ReadPacketAsync(payload.Length)).Span.SequenceEqual(payload));
        await sending;
        Assert.That(await relaying, Is.LessThanOrEqualTo(256 * 1024), "bytes buffered at most");
    });

    [Test]
    public Task RelayAsync_PeerDoesNotRead_StopsReceivingToo() => OnLoop(async () =>
    {
        using var onward = await ChannelPair.CreateAsync(_loops);
        _pair.Near.Append(new byte[50_000_000]);
        var sending = _pair.Near.FlushAsync().AsTask();
        var relaying = RelayAllAsync(_pair.Far, onward.Near, int.MaxValue);
        await Task.Delay(200);
        Assert.That(_pair.Near.Output.Length, Is.GreaterThan(45_000_000), "bytes that stay with the sender");
        onward.Dispose();
        _pair.Dispose();
        Assert.That(await FailureOfAsync(relaying), Is.TypeOf<ConnectionLostException>());
        Assert.That(await FailureOfAsync(sending), Is.TypeOf<ConnectionLostException>());
    });

    [Test]
    public Task Upgrade_BytesSentAhead_AreForTheNewTransport() => OnLoop(async () =>
    {
        await SendAsync([1, 0, 0, 0, 9, 22]);
        await _pair.Far.ReadPacketAsync();
        Assert.That(() => _pair.Far.Upgrade(_pair.Far.Transport), Throws.InvalidOperationException);
        Assert.That(_pair.Far.TakeBuffered(), Is.EqualTo(new byte[] { 22 }));
        Assert.That(() => _pair.Far.Upgrade(_pair.Far.Transport), Throws.Nothing);
    });

    /// <summary>NUnit's own way would block the loop.</summary>
    private static async Task<Exception?> FailureOfAsync(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    private static async Task<int> RelayAllAsync(PacketChannel from, PacketChannel to, int length)
    {
        var most = 0;
        while (length > 0)
        {
            if (from.Buffered.IsEmpty && !await from.FillAsync()) throw new ConnectionLostException();
            most = Math.Max(most, from.Buffered.Length);
            length -= from.Buffered.Length;
            await to.RelayAsync(from, from.Buffered.Length);
        }
        return most;
    }

    private async Task SendAsync(byte[] bytes)
    {
        _pair.Near.Output.Bytes(bytes);
        await _pair.Near.FlushAsync();
    }

    private Task OnLoop(Func<Task> test) => _loops.Loops[0].RunAsync(test);
}
