using System.Buffers;
using Serverless.Host.Net;

namespace Serverless.Host.Mysql;

/// <summary>Received bytes that have not been used up, in a rented buffer that is there only while it is needed.</summary>
internal struct InputBuffer
{
    /// <summary>First size. A buffer that a receive fills up grows to <see cref="LargeSize"/>, so a large result takes fewer calls.</summary>
    private const int SmallSize = 16 * 1024;

    private const int LargeSize = 128 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _busy;

    public readonly ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, _end - _start);

    public readonly bool IsEmpty => _start == _end;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_end - _start), nameof(count));
        _start += count;
        if (_start == _end) Release();
    }

    public void Release()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        _start = _end = 0;
    }

    public FillResult TryFill(ITransport transport)
    {
        DropTaken();
        MakeRoom();
        int received;
        try
        {
            received = transport.TryReceive(_buffer.AsSpan(_end));
        }
        catch
        {
            if (IsEmpty) Release();
            throw;
        }
        if (received > 0)
        {
            _busy = _end + received == _buffer!.Length;
            _end += received;
            return FillResult.Filled;
        }
        if (IsEmpty) Release();
        return received == 0 ? FillResult.Closed : FillResult.WouldBlock;
    }

    /// <summary>Takes the next payload, parts joined, when it has arrived as a whole.</summary>
    public bool TryTakePacket(int maxLength, bool anySequence, ref byte sequence, out ReadOnlyMemory<byte> payload)
    {
        DropTaken();
        payload = default;
        var bytes = Span;
        var (position, length, next) = (0, 0L, sequence);
        PacketHeader header;
        do
        {
            if (!PacketHeader.TryRead(bytes[position..], out header)) return false;
            if (header.Sequence != next && !anySequence)
                throw new MalformedPacketException($"Packets out of order: sequence number {next} expected, {header.Sequence} found.");
            length += header.Length;
            if (length > maxLength) throw new MalformedPacketException($"A packet of at most {maxLength} bytes expected, one of {length} bytes found.");
            if (bytes.Length - position - PacketHeader.Size < header.Length) return false;
            position += PacketHeader.Size + header.Length;
            next = unchecked((byte)(header.Sequence + 1));
        }
        while (header.IsContinued);
        Join((int)length);
        payload = _buffer.AsMemory(_start + PacketHeader.Size, (int)length);
        _start += position;
        sequence = next;
        return true;
    }

    /// <summary>A packet that was taken stays in the buffer until the next call; then an empty buffer goes back.</summary>
    private void DropTaken()
    {
        if (_buffer is not null && IsEmpty) Release();
    }

    /// <summary>Moves the parts of a continued payload together, over the headers between them.</summary>
    private readonly void Join(int length)
    {
        for (int from = _start, to = _start + PacketHeader.Size, left = length; left > PacketHeader.MaxLength - 1;)
        {
            from += PacketHeader.Size + PacketHeader.MaxLength;
            to += PacketHeader.MaxLength;
            left -= PacketHeader.MaxLength;
            var size = Math.Min(left, PacketHeader.MaxLength);
            _buffer.AsSpan(from + PacketHeader.Size, size).CopyTo(_buffer.AsSpan(to));
        }
    }

    private void MakeRoom()
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(_busy ? LargeSize : SmallSize);
            _busy = false;
            return;
        }
        if (_end < _buffer.Length && (_start == 0 || _buffer.Length - _end >= SmallSize / 4)) return;
        var length = _end - _start;
        if (_start > 0 && length <= _buffer.Length / 2)
        {
            Span.CopyTo(_buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(LargeSize, (int)Math.Min(2L * length, Array.MaxLength)));
            Span.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        (_start, _end) = (0, length);
    }
}
