using System.Buffers.Binary;
using System.Net;
using System.Numerics;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>PROXY protocol headers as proxies write them, and as nobody should.</summary>
public sealed class ProxyHeaderReaderTests
{
    private static readonly byte[] Signature = [.. "\r\n\r\n\0\r\nQUIT\n"u8];

    [TestCase("PROXY TCP4 203.0.113.7 10.0.0.1 50000 3306\r\n", "203.0.113.7:50000")]
    [TestCase("PROXY TCP6 2001:db8::7 ::1 50000 3306\r\n", "[2001:db8::7]:50000")]
    [TestCase("PROXY UNKNOWN\r\n", null)]
    [TestCase("PROXY UNKNOWN ffff:: ffff:: 1 2\r\n", null)]
    public void Version1_IsReadToItsEnd_AndNoFurther(string line, string? source)
    {
        byte[] bytes = [.. Encoding.ASCII.GetBytes(line), 1, 2, 3];
        Assert.That(ProxyHeaderReader.TryRead(bytes, out var client, out var length), Is.EqualTo(ProxyHeaderState.Whole));
        Assert.That((client!.Source?.ToString(), length), Is.EqualTo((source, line.Length)));
        for (var i = 0; i < line.Length; i++) Assert.That(ProxyHeaderReader.TryRead(bytes.AsSpan(0, i), out _, out _), Is.EqualTo(ProxyHeaderState.Partial), $"after {i} bytes");
    }

    [TestCase("PROXY TCP4 203.0.113.7 10.0.0.1 50000\r\n")]
    [TestCase("PROXY TCP4 2001:db8::7 10.0.0.1 50000 3306\r\n")]
    [TestCase("PROXY TCP6 203.0.113.7 10.0.0.1 50000 3306\r\n")]
    [TestCase("PROXY TCP4 203.0.113 10.0.0.1 50000 3306\r\n", Description = "a shorthand that others read differently")]
    [TestCase("PROXY TCP4 0313.0.113.7 10.0.0.1 50000 3306\r\n", Description = "octal to some")]
    [TestCase("PROXY TCP6 fe80::1%eth0 ::1 50000 3306\r\n")]
    [TestCase("PROXY TCP4 203.0.113.7 10.0.0.1 65536 3306\r\n")]
    [TestCase("PROXY TCP4 203.0.113.7 10.0.0.1 -1 3306\r\n")]
    [TestCase("PROXY UDP4 203.0.113.7 10.0.0.1 50000 3306\r\n")]
    [TestCase("PROXY TCP4  203.0.113.7 10.0.0.1 50000 3306\r\n")]
    public void Version1_Malformed_IsSaid(string line) =>
        Assert.That(() => ProxyHeaderReader.TryRead(Encoding.ASCII.GetBytes(line), out _, out _), Throws.TypeOf<MalformedPacketException>().With.Message.StartsWith("Malformed PROXY protocol header"));

    [Test]
    public void Version1_WithoutALineEnd_IsNotWaitedForForEver() =>
        Assert.That(() => ProxyHeaderReader.TryRead(Encoding.ASCII.GetBytes("PROXY " + new string('x', 101)), out _, out _), Throws.TypeOf<MalformedPacketException>());

    [Test]
    public void Version2_Ipv4WithTlvs_IsRead()
    {
        byte[] header = Checked(0x21, 0x11, [203, 0, 113, 7, 10, 0, 0, 1, 0xc3, 0x50, 0x0c, 0xea, .. Tlv(0x02, "orders.example.com"u8), .. Tlv(0x04, [0, 0, 0]), .. Tlv(0xee, [9])]);
        Assert.That(ProxyHeaderReader.TryRead([.. header, 7, 7], out var client, out var length), Is.EqualTo(ProxyHeaderState.Whole));
        Assert.That((client!.Source?.ToString(), client.Authority, length), Is.EqualTo(("203.0.113.7:50000", "orders.example.com", header.Length)));
        for (var i = 0; i < header.Length; i++) Assert.That(ProxyHeaderReader.TryRead(header.AsSpan(0, i), out _, out _), Is.EqualTo(ProxyHeaderState.Partial), $"after {i} bytes");
    }

    [Test]
    public void Version2_Ipv6_IsRead()
    {
        byte[] addresses = [.. IPAddress.Parse("2001:db8::7").GetAddressBytes(), .. IPAddress.IPv6Loopback.GetAddressBytes(), 0xc3, 0x50, 0x0c, 0xea];
        ProxyHeaderReader.TryRead(Header(0x21, 0x21, addresses), out var client, out _);
        Assert.That(client!.Source!.ToString(), Is.EqualTo("[2001:db8::7]:50000"));
    }

    [TestCase(0x20, 0x00, 0, Description = "LOCAL: a connection of the proxy's own")]
    [TestCase(0x20, 0x11, 12, Description = "LOCAL with addresses, which mean nothing")]
    [TestCase(0x21, 0x00, 0, Description = "UNSPEC")]
    [TestCase(0x21, 0x31, 216, Description = "UNIX: it came to the proxy by a socket of the proxy's machine")]
    public void Version2_WithoutAnAddressThatMeansSomething_LeavesTheProxys(int command, int family, int addresses)
    {
        Assert.That(ProxyHeaderReader.TryRead(Header((byte)command, (byte)family, new byte[addresses]), out var client, out _), Is.EqualTo(ProxyHeaderState.Whole));
        Assert.That(client!.Source, Is.Null);
    }

    [TestCase(0x31, 0x11, 12, Description = "version 3")]
    [TestCase(0x22, 0x11, 12, Description = "an unknown command")]
    [TestCase(0x21, 0x11, 11, Description = "addresses cut off")]
    [TestCase(0x21, 0x41, 12, Description = "an unknown family")]
    [TestCase(0x21, 0x11, 14, Description = "an extension without a length")]
    [TestCase(0x21, 0x11, 4097, Description = "longer than anybody needs")]
    public void Version2_Malformed_IsSaid(int command, int family, int rest) =>
        Assert.That(() => ProxyHeaderReader.TryRead(Header((byte)command, (byte)family, new byte[rest]), out _, out _), Throws.TypeOf<MalformedPacketException>());

    [Test]
    public void Version2_WithAWrongChecksum_IsMalformed()
    {
        byte[] header = Checked(0x21, 0x11, [203, 0, 113, 7, 10, 0, 0, 1, 0xc3, 0x50, 0x0c, 0xea]);
        header[16]++;
        Assert.That(() => ProxyHeaderReader.TryRead(header, out _, out _), Throws.TypeOf<MalformedPacketException>().With.Message.Contains("checksum"));
    }

    [Test]
    public void PacketsOfClients_AreNone()
    {
        Assert.That(ProxyHeaderReader.TryRead([32, 0, 0, 1, 0], out _, out _), Is.EqualTo(ProxyHeaderState.None));
        Assert.That(ProxyHeaderReader.TryRead([13, 10, 0, 1], out _, out _), Is.EqualTo(ProxyHeaderState.None), "a length that begins like a signature");
    }

    [Test]
    public void Garbage_IsReadOrRefused_AndNothingElse()
    {
        var random = new Random(7);
        for (var i = 0; i < 100_000; i++)
        {
            var rest = new byte[random.Next(0, 64)];
            random.NextBytes(rest);
            byte[] bytes = random.Next(2) == 0 ? [.. Signature, .. rest] : [.. "PROXY "u8, .. rest];
            try
            {
                if (ProxyHeaderReader.TryRead(bytes, out _, out var length) == ProxyHeaderState.Whole) Assert.That(length, Is.InRange(1, bytes.Length));
            }
            catch (MalformedPacketException)
            {
                // That is the other end it may take.
            }
        }
    }

    private static byte[] Header(byte command, byte family, byte[] rest) => [.. Signature, command, family, (byte)(rest.Length >> 8), (byte)rest.Length, .. rest];

    private static byte[] Checked(byte command, byte family, byte[] rest)
    {
        byte[] header = Header(command, family, [.. rest, .. Tlv(0x03, [0, 0, 0, 0])]);
        var crc = header.Aggregate(uint.MaxValue, BitOperations.Crc32C);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(header.Length - 4), ~crc);
        return header;
    }

    private static byte[] Tlv(byte type, ReadOnlySpan<byte> value) => [type, (byte)(value.Length >> 8), (byte)value.Length, .. value];
}
