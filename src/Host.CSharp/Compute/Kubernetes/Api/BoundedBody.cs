using System.Buffers;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>A whole answer in a rented buffer, never more of it than is allowed.</summary>
internal sealed class BoundedBody : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
    private int _length;

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, _length);

    /// <returns>Null: there is more than that.</returns>
    public static async Task<BoundedBody?> ReadAsync(Stream stream, int limit, CancellationToken cancellation)
    {
        var body = new BoundedBody();
        try
        {
            while (await stream.ReadAsync(body.Room(limit), cancellation) is > 0 and { } count)
            {
                body._length += count;
                if (body._length > limit)
                {
                    body.Dispose();
                    return null;
                }
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        byte[] buffer = Interlocked.Exchange(ref _buffer, []);
        _length = 0;
        if (buffer.Length > 0)
        {
            // it may have held a Secret
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private Memory<byte> Room(int limit)
    {
        if (_length == _buffer.Length)
        {
            // one byte more than the limit, so that too much can be told from just enough
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min((long)_length * 2, limit + 1L));
            Span.CopyTo(larger);
            byte[] old = _buffer;
            _buffer = larger;
            ArrayPool<byte>.Shared.Return(old, clearArray: true);
        }

        return _buffer.AsMemory(_length);
    }
}
