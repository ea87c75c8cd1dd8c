using System.Buffers;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Lines of a stream, of a bounded size. A line that the end of the stream cuts off is dropped.</summary>
internal sealed class LineReader(Stream stream, int largest) : IDisposable
{
    private const int FirstSize = 16 << 10;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstSize);
    private int _start;
    private int _scanned;
    private int _end;

    /// <returns>The line without its end, good until the next call; null: there is no more.</returns>
    /// <exception cref="InvalidDataException">The line is larger than what is taken.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (Take() is { } line)
            {
                if (line.Length > 0)
                {
                    return line;
                }

                continue;
            }

            MakeRoom();
            int count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    public void Dispose()
    {
        byte[] buffer = Interlocked.Exchange(ref _buffer, []);
        (_start, _scanned, _end) = (0, 0, 0);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private ReadOnlyMemory<byte>? Take()
    {
        int found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
        if (found < 0)
        {
            _scanned = _end;
            return null;
        }

        ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, _scanned + found - _start);
        _start = _scanned = _scanned + found + 1;
        return line;
    }

    private void MakeRoom()
    {
        int held = _end - _start;
        if (held >= largest)
        {
            throw new InvalidDataException($"an event of more than {largest} bytes");
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        byte[] to = _buffer;
        if (held > _buffer.Length / 2)
        {
            to = ArrayPool<byte>.Shared.Rent(Math.Min(_buffer.Length * 2, largest + 1));
        }
        else if (held == 0 && _buffer.Length > FirstSize)
        {
            // what one large event needed is not kept for as long as the watch is
            to = ArrayPool<byte>.Shared.Rent(FirstSize);
        }

        _buffer.AsSpan(_start, held).CopyTo(to);
        if (to != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
            _buffer = to;
        }

        (_start, _scanned, _end) = (0, held, held);
    }
}
