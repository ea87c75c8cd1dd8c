using System.Buffers;
using System.IO.Compression;
using Serverless.Host.Net;

namespace Serverless.Host.Mysql;

/// <summary>
/// What a peer sends by the compressed protocol, taken apart. A compressed packet is received whole and inflated as it is read, so a short one that claims to be
/// long takes no more memory than it has bytes; one that is not compressed is passed on as it comes. While nothing is under way it holds no buffer.
/// </summary>
internal sealed class CompressedInput(ITransport below, byte[] received) : IDisposable
{
    private const int FirstRoom = 4096;

    private ReadOnlyMemory<byte> _received = received;
    private readonly byte[] _head = new byte[CompressedPacket.HeaderSize];
    private int _headLength;
    private CompressedPacket _packet;

    /// <summary>Bytes of an uncompressed packet that are still to come.</summary>
    private int _left;

    private byte[]? _body;
    private int _bodyLength;
    private ZLibStream? _inflating;
    private int _inflated;
    private byte _sequence;

    /// <summary>Something can be read without anything more arriving.</summary>
    public bool HasPlain => _inflating is not null || !_received.IsEmpty;

    /// <summary>For what is sent: both sides count on from each other's packets, and a command begins at 0.</summary>
    public byte NextSequence() => _sequence++;

    /// <summary>As <see cref="ITransport.TryReceive"/>.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken, or the peer does not keep to the protocol.</exception>
    public int TryReceive(Span<byte> buffer)
    {
        while (true)
        {
            if (_inflating is not null)
            {
                var read = Inflate(buffer);
                if (read > 0 || buffer.IsEmpty) return read;
                continue;
            }
            if (_left > 0)
            {
                var passed = Take(buffer[..Math.Min(buffer.Length, _left)]);
                if (passed > 0) _left -= passed;
                return passed == 0 && !buffer.IsEmpty ? throw CutOff() : passed;
            }
            var more = _headLength < CompressedPacket.HeaderSize ? ReadHead() : ReadBody();
            if (more <= 0) return more;
        }
    }

    public void Dispose() => EndPacket();

    /// <summary>1: the header is whole; otherwise as <see cref="ITransport.TryReceive"/>.</summary>
    private int ReadHead()
    {
        while (_headLength < CompressedPacket.HeaderSize)
        {
            var read = Take(_head.AsSpan(_headLength));
            if (read == 0 && _headLength > 0) throw CutOff();
            if (read <= 0) return read;
            _headLength += read;
        }
        CompressedPacket.TryRead(_head, out _packet);
        if (_packet.Sequence != 0 && _packet.Sequence != _sequence) throw Broken($"compressed packets out of order: sequence number {_sequence} expected, {_packet.Sequence} found");
        _sequence = unchecked((byte)(_packet.Sequence + 1));
        // Nobody sends one, and as many as a line carries would keep the loop from everybody else.
        if (_packet.Length == 0) throw Broken("a compressed packet of at least one byte expected, an empty one found");
        if (_packet.PlainLength == 0)
        {
            _left = _packet.Length;
            _headLength = 0;
        }
        return 1;
    }

    /// <summary>1: the packet is whole and can be inflated; otherwise as <see cref="ITransport.TryReceive"/>.</summary>
    private int ReadBody()
    {
        while (_bodyLength < _packet.Length)
        {
            MakeRoom();
            var read = Take(_body.AsSpan(_bodyLength, Math.Min(_body!.Length, _packet.Length) - _bodyLength));
            if (read == 0) throw CutOff();
            if (read < 0) return read;
            _bodyLength += read;
        }
        _inflating = new ZLibStream(new MemoryStream(_body ?? [], 0, _bodyLength, writable: false), CompressionMode.Decompress);
        _inflated = 0;
        return 1;
    }

    private int Inflate(Span<byte> buffer)
    {
        int read;
        try
        {
            read = _inflating!.Read(buffer);
        }
        catch (InvalidDataException)
        {
            throw Broken("a packet that is said to be compressed by zlib is not");
        }
        _inflated += read;
        if (_inflated > _packet.PlainLength || (read == 0 && !buffer.IsEmpty && _inflated < _packet.PlainLength))
            throw Broken($"a compressed packet of {_packet.PlainLength} plain bytes expected, one of {(_inflated > _packet.PlainLength ? "more" : $"{_inflated}")} found");
        if (_inflated == _packet.PlainLength) EndPacket();
        return read;
    }

    private void EndPacket()
    {
        _inflating?.Dispose();
        _inflating = null;
        if (_body is not null) ArrayPool<byte>.Shared.Return(_body);
        (_body, _bodyLength, _headLength) = (null, 0, 0);
    }

    // As it comes: what is only announced takes nothing.
    private void MakeRoom()
    {
        if (_body is null)
        {
            _body = ArrayPool<byte>.Shared.Rent(Math.Min(_packet.Length, FirstRoom));
        }
        else if (_bodyLength == _body.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_packet.Length, 2 * _bodyLength));
            _body.AsSpan(0, _bodyLength).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_body);
            _body = larger;
        }
    }

    private int Take(Span<byte> target)
    {
        if (_received.IsEmpty) return below.TryReceive(target);
        var taken = Math.Min(target.Length, _received.Length);
        _received.Span[..taken].CopyTo(target);
        _received = taken == _received.Length ? default : _received[taken..];
        return taken;
    }

    private static ConnectionLostException CutOff() => new("The peer closed the connection in the middle of a compressed packet.");

    private static ConnectionLostException Broken(string problem) => new($"The peer broke the compressed protocol: {problem}.");
}
