using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

public sealed class PacketReaderTests
{
    [TestCase(0UL, 1)]
    [TestCase(250UL, 1)]
    [TestCase(251UL, 3)]
    [TestCase(0xffffUL, 3)]
    [TestCase(0x10000UL, 4)]
    [TestCase(0xffffffUL, 4)]
    [TestCase(0x1000000UL, 9)]
    [TestCase(ulong.MaxValue, 9)]
    public void LengthEncoded_AtTheEdgesOfItsForms_IsReadAsWritten(ulong value, int length)
    {
        using var writer = new PacketWriter();
        writer.LengthEncoded(value);
        var reader = new PacketReader(writer.Written, "test");
        Assert.That((reader.LengthEncoded(), writer.Length, reader.AtEnd), Is.EqualTo((value, length, true)));
    }

    [Test]
    public void LengthEncodedBytes_LongerThanThePacket_SaysWhereAndWhat() =>
        Assert.That(
            () => new PacketReader([0xfe, 0, 0, 0, 0, 0, 0, 0, 0x80, 1], "test").LengthEncodedBytes(),
            Throws.TypeOf<MalformedPacketException>().With.Message.EqualTo("Malformed test packet at byte 9: 9223372036854775808 more bytes expected, 1 found."));

    [TestCase((byte)0xfb)]
    [TestCase((byte)0xff)]
    public void LengthEncoded_MarkOfNullOrError_IsMalformed(byte mark) =>
        Assert.That(() => new PacketReader([mark], "test").LengthEncoded(), Throws.TypeOf<MalformedPacketException>());

    [Test]
    public void NullTerminated_WithoutItsEnd_IsMalformed() =>
        Assert.That(() => new PacketReader("abc"u8, "test").NullTerminated(), Throws.TypeOf<MalformedPacketException>());

    [Test]
    public void Cancel_OfTheSecondPacket_KeepsTheFirst()
    {
        using var writer = new PacketWriter();
        writer.Begin();
        writer.UInt8(1);
        writer.End(0);
        writer.Begin();
        writer.Zeros(100_000);
        writer.Cancel();
        Assert.That(writer.Written.ToArray(), Is.EqualTo(new byte[] { 1, 0, 0, 0, 1 }));
    }

    [Test]
    public void Discard_InTheMiddle_LeavesTheRestAlsoAfterGrowing()
    {
        using var writer = new PacketWriter();
        writer.Bytes([1, 2, 3]);
        writer.Discard(2);
        writer.Begin();
        writer.Zeros(100_000);
        writer.End(5);
        Assert.That(writer.Length, Is.EqualTo(100_005));
        Assert.That(writer.Written[..6].ToArray(), Is.EqualTo(new byte[] { 3, 0xa0, 0x86, 0x01, 5, 0 }));
    }
}
