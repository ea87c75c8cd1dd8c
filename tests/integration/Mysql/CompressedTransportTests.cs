using System.Security.Cryptography;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mysql;

[CancelAfter(60_000)]
public sealed class CompressedTransportTests
{
    private EventLoop _near = null!;
    private EventLoopGroup _far = null!;
    private SocketPair _sockets = null!;

    [SetUp]
    public async Task Start()
    {
        (_near, _far) = (new EventLoop("near"), new EventLoopGroup(1));
        _sockets = await SocketPair.CreateAsync(_near, _far, unix: true);
    }

    [TearDown]
    public void Stop()
    {
        _sockets.Dispose();
        _near.Dispose();
        _far.Dispose();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task MuchData_ArrivesWholeAndInOrder(bool compressible)
    {
        var data = compressible ? new byte[5_000_000] : RandomNumberGenerator.GetBytes(5_000_000);
        if (compressible) Array.Fill(data, (byte)'x');
        var sender = new CompressedTransport(_sockets.Near, []);
        var receiver = new CompressedTransport(_sockets.Far, []);
        var sending = _near.RunAsync(() => SendAsync(sender, data));
        var received = await receiver.Loop.RunAsync(() => ReceiveAsync(receiver, data.Length));
        await sending;
        Assert.That(received.AsSpan().SequenceEqual(data));
    }

    [Test]
    public async Task RepetitiveData_TakesLittleOnTheWire()
    {
        var sender = new CompressedTransport(_sockets.Near, []);
        var onTheWire = _sockets.Far.Loop.RunAsync(() => CountUntilClosedAsync(_sockets.Far));
        await _near.RunAsync(async () =>
        {
            await SendAsync(sender, new byte[1_000_000]);
            _sockets.Near.ShutdownSend();
        });
        Assert.That(await onTheWire, Is.LessThan(20_000));
    }

    [TestCase(1)]
    [TestCase(49)]
    [TestCase(50)]
    [TestCase(70_000)]
    public async Task HeadAndBody_OfAnyLength_ArriveAfterEachOther(int length)
    {
        var sender = new CompressedTransport(_sockets.Near, []);
        var receiver = new CompressedTransport(_sockets.Far, []);
        var (head, body) = (RandomNumberGenerator.GetBytes(length), new byte[length]);
        await _near.RunAsync(() => Task.FromResult(sender.TrySend(head, body)));
        Assert.That(await receiver.Loop.RunAsync(() => ReceiveAsync(receiver, 2 * length)), Is.EqualTo((byte[])[.. head, .. body]));
    }

    [Test]
    public void BytesThatCannotBeCompressed_OfAnyLength_TakeNoMoreThanTheirHeader([Values(50, 51, 1000, 16_383, 65_535, 65_536)] int length)
    {
        for (var round = 0; round < 50; round++)
        {
            var plain = RandomNumberGenerator.GetBytes(length);
            // Those that take nine bits in the quickest code.
            if (round % 2 == 1) plain = [.. plain.Select(one => (byte)(144 + (one % 112)))];
            var packet = new byte[CompressedPacket.Bound(length)];
            var written = CompressedPacket.Write(packet, 0, plain.AsSpan(0, length / 3), plain.AsSpan(length / 3));
            Assert.That(written, Is.LessThanOrEqualTo(CompressedPacket.HeaderSize + length));
            if (round % 2 == 0) Assert.That(packet.AsSpan(CompressedPacket.HeaderSize, length).SequenceEqual(plain));
        }
    }

    [Test]
    public async Task PacketInPieces_IsPutTogether()
    {
        var packet = new byte[1000];
        var length = CompressedPacket.Write(packet, 0, new byte[500], "end"u8);
        var receiver = new CompressedTransport(_sockets.Far, packet[..3]);
        var receiving = receiver.Loop.RunAsync(() => ReceiveAsync(receiver, 503));
        for (var at = 3; at < length; at++)
        {
            var part = packet.AsMemory(at, 1);
            await _near.RunAsync(() => _sockets.Near.SendAsync(part).AsTask());
        }
        Assert.That(await receiving, Is.EqualTo((byte[])[.. new byte[500], .. "end"u8]));
    }

    /// <summary>Lies of a peer: each ends the connection, and none takes the memory it names.</summary>
    [TestCase("0a000007ffffff00000000000000000000", TestName = "Lie_SequenceOutOfTurn_IsALostConnection")]
    [TestCase("00000000000000", TestName = "Lie_EmptyPacket_IsALostConnection")]
    [TestCase("0500000010000078787878787878", TestName = "Lie_NotZlib_IsALostConnection")]
    [TestCase("0b000000ffffff789c4b4c4a0600024d0127", TestName = "Lie_MorePlainBytesNamedThanThere_IsALostConnection")]
    [TestCase("0b000000010000789c4b4c4a0600024d0127", TestName = "Lie_FewerPlainBytesNamedThanThere_IsALostConnection")]
    [TestCase("ffffff00ffffff00", TestName = "Lie_PacketCutOff_IsALostConnection")]
    public async Task Lies(string hex)
    {
        var receiver = new CompressedTransport(_sockets.Far, []);
        var bytes = Convert.FromHexString(hex);
        await _near.RunAsync(async () =>
        {
            await _sockets.Near.SendAsync(bytes);
            _sockets.Near.ShutdownSend();
        });
        Assert.That(async () => await receiver.Loop.RunAsync(() => ReceiveAsync(receiver, 1000)), Throws.TypeOf<ConnectionLostException>());
    }

    private static async Task SendAsync(CompressedTransport transport, byte[] data)
    {
        for (var at = 0; at < data.Length;)
        {
            var sent = transport.TrySend(data.AsSpan(at));
            if (sent == ITransport.WouldBlock) await transport.WaitWritableAsync();
            else at += sent;
        }
    }

    private static async Task<byte[]> ReceiveAsync(CompressedTransport transport, int length)
    {
        var data = new byte[length];
        for (var at = 0; at < length;)
        {
            var received = transport.TryReceive(data.AsSpan(at, Math.Min(10_000, length - at)));
            if (received == 0) return data[..at];
            if (received == ITransport.WouldBlock) await transport.WaitReadableAsync();
            else at += received;
        }
        return data;
    }

    private static async Task<long> CountUntilClosedAsync(LoopSocket socket)
    {
        var (buffer, all) = (new byte[1 << 16], 0L);
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer);
            if (count == 0) return all;
            all += count;
        }
    }
}
