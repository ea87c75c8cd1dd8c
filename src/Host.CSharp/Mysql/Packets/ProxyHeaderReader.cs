using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// Reads the PROXY protocol header of a connection that a proxy has made. No packet of a client begins like one.
/// Source: haproxy, "The PROXY protocol, Versions 1 &amp; 2".
/// </summary>
public static class ProxyHeaderReader
{
    /// <summary>Of version 1, with its line end. Source: section 2.1.</summary>
    private const int LongestLine = 107;

    private const int FixedPart = 16;

    /// <summary>Addresses and what follows them. Certificates of clients are told here by some; more than this nobody needs.</summary>
    private const int LongestRest = 4096;

    private const byte AuthorityTlv = 0x02;
    private const byte ChecksumTlv = 0x03;

    private static ReadOnlySpan<byte> Signature1 => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature2 => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <param name="bytes">What has arrived so far.</param>
    /// <param name="length">Bytes that a whole header takes.</param>
    /// <exception cref="MalformedPacketException">It begins like a header and is none.</exception>
    public static ProxyHeaderState TryRead(ReadOnlySpan<byte> bytes, out ProxiedClient? client, out int length)
    {
        (client, length) = (null, 0);
        if (bytes.Length < Signature1.Length && Signature1.StartsWith(bytes)) return ProxyHeaderState.Partial;
        if (bytes.StartsWith(Signature1)) return ReadLine(bytes, out client, out length);
        if (bytes.Length < Signature2.Length && Signature2.StartsWith(bytes)) return ProxyHeaderState.Partial;
        return bytes.StartsWith(Signature2) ? ReadBinary(bytes, out client, out length) : ProxyHeaderState.None;
    }

    private static ProxyHeaderState ReadLine(ReadOnlySpan<byte> bytes, out ProxiedClient? client, out int length)
    {
        (client, length) = (null, 0);
        var end = bytes[..Math.Min(bytes.Length, LongestLine)].IndexOf("\r\n"u8);
        if (end < 0) return bytes.Length < LongestLine ? ProxyHeaderState.Partial : throw Malformed($"its line end within {LongestLine} bytes expected");
        length = end + 2;
        var words = Encoding.ASCII.GetString(bytes[Signature1.Length..end]).Split(' ');
        if (words[0] == "UNKNOWN")
        {
            client = new ProxiedClient(Source: null, Authority: null);
            return ProxyHeaderState.Whole;
        }
        if (words is not ["TCP4" or "TCP6", _, _, _, _]) throw Malformed("`TCP4` or `TCP6` with two addresses and two ports, or `UNKNOWN`, expected");
        var isIpv4 = words[0] == "TCP4";
        var source = new IPEndPoint(Address(words[1], isIpv4), Port(words[3]));
        _ = new IPEndPoint(Address(words[2], isIpv4), Port(words[4]));
        client = new ProxiedClient(source, Authority: null);
        return ProxyHeaderState.Whole;
    }

    private static ProxyHeaderState ReadBinary(ReadOnlySpan<byte> bytes, out ProxiedClient? client, out int length)
    {
        (client, length) = (null, 0);
        if (bytes.Length < FixedPart) return ProxyHeaderState.Partial;
        var (version, command) = (bytes[12] >> 4, bytes[12] & 15);
        if (version != 2 || command > 1) throw Malformed($"version 2 with the command LOCAL or PROXY expected, byte {bytes[12]:x2} found");
        var rest = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (rest > LongestRest) throw Malformed($"at most {LongestRest} bytes behind its fixed part expected, {rest} found");
        if (bytes.Length < FixedPart + rest) return ProxyHeaderState.Partial;
        length = FixedPart + rest;
        // The addresses of a connection of the proxy's own mean nothing, whatever is written there.
        client = command == 0 ? new ProxiedClient(Source: null, Authority: null) : ReadAddresses(bytes[..length]);
        return ProxyHeaderState.Whole;
    }

    private static ProxiedClient ReadAddresses(ReadOnlySpan<byte> header)
    {
        var rest = header[FixedPart..];
        var (size, addressLength) = (header[13] >> 4) switch
        {
            0 => (0, 0),
            1 => (12, 4),
            2 => (36, 16),
            3 => (216, 0),
            var family => throw Malformed($"an address family of 0 to 3 expected, {family} found"),
        };
        if (rest.Length < size) throw Malformed($"{size} bytes of addresses expected, {rest.Length} found");
        var source = addressLength == 0 ? null : new IPEndPoint(new IPAddress(rest[..addressLength]), BinaryPrimitives.ReadUInt16BigEndian(rest[(2 * addressLength)..]));
        return new ProxiedClient(source, ReadExtensions(header, FixedPart + size));
    }

    /// <summary>Type-length-values, of which only what is needed is looked at. The host name asked for, if it is there.</summary>
    private static string? ReadExtensions(ReadOnlySpan<byte> header, int position)
    {
        string? authority = null;
        while (position < header.Length)
        {
            if (header.Length - position < 3) throw Malformed("a type and a length expected behind the addresses, the end found");
            var (type, size) = (header[position], BinaryPrimitives.ReadUInt16BigEndian(header[(position + 1)..]));
            position += 3;
            if (header.Length - position < size) throw Malformed($"{size} bytes of type {type:x2} expected, {header.Length - position} found");
            var value = header.Slice(position, size);
            if (type == AuthorityTlv) authority = Encoding.UTF8.GetString(value);
            if (type == ChecksumTlv) Check(header, position, value);
            position += size;
        }
        return authority;
    }

    private static void Check(ReadOnlySpan<byte> header, int position, ReadOnlySpan<byte> value)
    {
        if (value.Length != 4) throw Malformed($"a checksum of 4 bytes expected, one of {value.Length} found");
        // Over the whole header, with zeros where it stands itself. Source: section 2.2.3.
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++) crc = BitOperations.Crc32C(crc, i >= position && i < position + 4 ? (byte)0 : header[i]);
        if (~crc != BinaryPrimitives.ReadUInt32BigEndian(value)) throw Malformed("its checksum is wrong");
    }

    private static IPAddress Address(string text, bool isIpv4)
    {
        // The platform takes shorthands and scopes too, which would be read differently elsewhere.
        if (IPAddress.TryParse(text, out var address) && text.Contains(':') != isIpv4 && !text.AsSpan().ContainsAny('%', '[', ']') && (!isIpv4 || address.ToString() == text)) return address;
        throw Malformed($"an address of {(isIpv4 ? "IPv4" : "IPv6")} expected, `{text}` found");
    }

    private static ushort Port(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : throw Malformed($"a port expected, `{text}` found");

    private static MalformedPacketException Malformed(string what) => new($"Malformed PROXY protocol header: {what}.");
}
