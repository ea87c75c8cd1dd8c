using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

public sealed class PacketWriterTests
{
    [Test]
    public void PayloadOf16MiB_BehindOneThatIsPartlySent_IsSplitInPlace()
    {
        using var writer = new PacketWriter();
        // Sizes that leave no room for the second header in the rented buffer, which then moves.
        var length = (1 << 25) - 2 * PacketHeader.Size - 100;
        writer.Begin();
        writer.Bytes(new byte[100]);
        writer.End(0);
        writer.Discard(50);
        writer.Begin();
        writer.Zeros(length);
        writer.End(1);
        var packets = writer.Written[(PacketHeader.Size + 50)..];
        Assert.That(PacketHeader.TryRead(packets, out var first), Is.True);
        Assert.That(first, Is.EqualTo(new PacketHeader(PacketHeader.MaxLength, 1)));
        Assert.That(PacketHeader.TryRead(packets[(PacketHeader.Size + PacketHeader.MaxLength)..], out var second), Is.True);
        Assert.That(second, Is.EqualTo(new PacketHeader(length - PacketHeader.MaxLength, 2)));
    }
}
