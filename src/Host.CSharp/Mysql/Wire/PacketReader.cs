using System.Buffers.Binary;
using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// Reads the data types of the protocol from one payload. Every read is checked against what is left; what does not fit throws
/// <see cref="MalformedPacketException"/>, and nothing else is ever thrown. Spans it returns are parts of the payload.
/// Source: MySQL Source Code Documentation, "Protocol Basics: Data Types".
/// </summary>
public ref struct PacketReader(ReadOnlySpan<byte> payload, string packet)
{
    private readonly ReadOnlySpan<byte> _payload = payload;

    public int Position { get; private set; }

    public readonly int Remaining => _payload.Length - Position;

    public readonly bool AtEnd => Position == _payload.Length;

    /// <summary>The next byte, which stays unread; -1 at the end.</summary>
    public readonly int Peek() => AtEnd ? -1 : _payload[Position];

    public byte UInt8() => Bytes(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public int UInt24()
    {
        var bytes = Bytes(3);
        return bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
    }

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > Remaining) throw Malformed($"{count} more bytes expected, {Remaining} found");
        var bytes = _payload.Slice(Position, count);
        Position += count;
        return bytes;
    }

    public void Skip(int count) => Bytes(count);

    public ReadOnlySpan<byte> Rest() => Bytes(Remaining);

    /// <summary>A length-encoded integer. 0xfb (NULL in a row) and 0xff are none.</summary>
    public ulong LengthEncoded()
    {
        var first = UInt8();
        return first switch
        {
            < 0xfb => first,
            0xfc => UInt16(),
            0xfd => (ulong)UInt24(),
            0xfe => UInt64(),
            _ => throw Malformed($"a length-encoded integer expected, 0x{first:x2} found"),
        };
    }

    /// <summary>A length-encoded integer that counts something which cannot be more than what is left of this packet.</summary>
    public int LengthEncodedCount()
    {
        var count = LengthEncoded();
        return count <= (ulong)Remaining ? (int)count : throw Malformed($"{count} more bytes expected, {Remaining} found");
    }

    public ReadOnlySpan<byte> LengthEncodedBytes() => Bytes(LengthEncodedCount());

    /// <summary>Up to, and past, the next zero byte.</summary>
    public ReadOnlySpan<byte> NullTerminated()
    {
        var length = _payload[Position..].IndexOf((byte)0);
        if (length < 0) throw Malformed("a string that ends with a zero byte expected, none found");
        var bytes = Bytes(length);
        Position++;
        return bytes;
    }

    /// <summary>Like <see cref="NullTerminated"/>, and content with the end of the packet instead of the zero byte, as some peers send it.</summary>
    public ReadOnlySpan<byte> NullTerminatedOrRest() =>
        _payload[Position..].Contains((byte)0) ? NullTerminated() : Rest();

    public string NullTerminatedString() => Encoding.UTF8.GetString(NullTerminated());

    public string LengthEncodedString() => Encoding.UTF8.GetString(LengthEncodedBytes());

    public string RestString() => Encoding.UTF8.GetString(Rest());

    /// <summary>Reads one byte that has only one right value.</summary>
    public void Expect(byte value, string meaning)
    {
        var found = AtEnd ? -1 : _payload[Position];
        if (found != value) throw Malformed($"0x{value:x2} ({meaning}) expected, {(found < 0 ? "the end" : $"0x{found:x2}")} found");
        Position++;
    }

    public readonly MalformedPacketException Malformed(string problem) => new(packet, Position, problem);
}
