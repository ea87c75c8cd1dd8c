using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// Builds packets after each other in one rented buffer. <see cref="Begin"/> leaves room for the header and <see cref="End"/> writes it, splitting
/// payloads of 16 MiB and more. Holds no buffer while it is empty.
/// </summary>
public sealed class PacketWriter : IDisposable
{
    private const int FirstSize = 4096;

    private byte[]? _buffer;
    private int _head;
    private int _end;
    private int _start = -1;

    /// <summary>Bytes written and not discarded so far, an unfinished packet included.</summary>
    public int Length => _end - _head;

    public bool IsEmpty => Length == 0;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(_head, Length);

    public void Begin()
    {
        if (_start >= 0) throw new InvalidOperationException("The packet begun before has not ended.");
        _start = _end;
        Take(PacketHeader.Size);
    }

    /// <summary>Ends the packet that was begun, and gives the sequence number of the one after it.</summary>
    public byte End(byte sequence)
    {
        if (_start < 0) throw new InvalidOperationException("No packet was begun.");
        var start = _start;
        var length = _end - start - PacketHeader.Size;
        _start = -1;
        if (length >= PacketHeader.MaxLength) return Split(start, length, sequence);
        new PacketHeader(length, sequence).Write(_buffer.AsSpan(start));
        return unchecked((byte)(sequence + 1));
    }

    /// <summary>Takes back the packet that was begun.</summary>
    public void Cancel()
    {
        if (_start < 0) throw new InvalidOperationException("No packet was begun.");
        _end = _start;
        _start = -1;
        if (IsEmpty) Clear();
    }

    public void UInt8(byte value) => Take(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void Zeros(int count) => Take(count).Clear();

    public void LengthEncoded(ulong value)
    {
        switch (value)
        {
            case < 0xfb:
                UInt8((byte)value);
                break;
            case <= ushort.MaxValue:
                UInt8(0xfc);
                UInt16((ushort)value);
                break;
            case <= 0xffffff:
                UInt8(0xfd);
                UInt16((ushort)value);
                UInt8((byte)(value >> 16));
                break;
            default:
                UInt8(0xfe);
                UInt64(value);
                break;
        }
    }

    public void LengthEncodedBytes(ReadOnlySpan<byte> bytes)
    {
        LengthEncoded((ulong)bytes.Length);
        Bytes(bytes);
    }

    /// <summary>In UTF-8.</summary>
    public void LengthEncodedString(ReadOnlySpan<char> text)
    {
        LengthEncoded((ulong)Encoding.UTF8.GetByteCount(text));
        String(text);
    }

    public void NullTerminated(ReadOnlySpan<byte> bytes)
    {
        Bytes(bytes);
        UInt8(0);
    }

    /// <summary>In UTF-8, with the zero byte.</summary>
    public void NullTerminatedString(ReadOnlySpan<char> text)
    {
        String(text);
        UInt8(0);
    }

    /// <summary>In UTF-8, without length or end.</summary>
    public void String(ReadOnlySpan<char> text) => Encoding.UTF8.GetBytes(text, Take(Encoding.UTF8.GetByteCount(text)));

    /// <summary>Drops the first bytes, which have been sent.</summary>
    public void Discard(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length);
        _head += count;
        if (IsEmpty) Clear();
    }

    /// <summary>Drops everything, and gives the buffer back.</summary>
    public void Clear()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        _head = _end = 0;
        _start = -1;
    }

    public void Dispose() => Clear();

    private Span<byte> Take(int count)
    {
        if (_buffer is null || count > _buffer.Length - _end) Grow(checked(Length + count));
        var span = _buffer.AsSpan(_end, count);
        _end += count;
        return span;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(FirstSize, (int)Math.Min(2L * Length, Array.MaxLength))));
        if (_buffer is not null)
        {
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        if (_start >= 0) _start -= _head;
        (_head, _end) = (0, Length);
        _buffer = larger;
    }

    /// <summary>Makes room for the further headers, from the last part to the first.</summary>
    private byte Split(int start, int length, byte sequence)
    {
        var parts = (length / PacketHeader.MaxLength) + 1;
        var offset = start - _head;
        Take((parts - 1) * PacketHeader.Size);
        // Taking may have moved everything.
        start = _head + offset;
        for (var part = parts - 1; part >= 0; part--)
        {
            var from = start + PacketHeader.Size + (part * PacketHeader.MaxLength);
            var to = from + (part * PacketHeader.Size);
            var size = Math.Min(PacketHeader.MaxLength, length - (part * PacketHeader.MaxLength));
            _buffer.AsSpan(from, size).CopyTo(_buffer.AsSpan(to));
            new PacketHeader(size, unchecked((byte)(sequence + part))).Write(_buffer.AsSpan(to - PacketHeader.Size));
        }
        return unchecked((byte)(sequence + parts));
    }
}
