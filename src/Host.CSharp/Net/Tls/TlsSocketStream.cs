using System.Runtime.CompilerServices;

namespace Serverless.Host.Net.Tls;

/// <summary>
/// The encrypted side of a TLS connection: a stream over a socket of a loop, for <see cref="System.Net.Security.SslStream"/>. It never blocks: what the
/// socket does not take at once is kept, one record at the most.
/// The handshake may use it from any thread; afterwards it is for the loop's thread.
/// </summary>
/// <param name="received">What had arrived before TLS began: a client sends its first record without waiting for a word.</param>
internal sealed class TlsSocketStream(LoopSocket socket, byte[] received) : Stream
{
    private ReadOnlyMemory<byte> _received = received;

    /// <summary>What the socket has not taken yet.</summary>
    public KeptOutput Output { get; } = new(socket);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Without bytes in the buffer: waits until there is something to read.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        socket.Loop.IsCurrent ? ReadOnLoopAsync(buffer) : new ValueTask<int>(socket.Loop.RunAsync(() => ReadOnLoopAsync(buffer).AsTask()));

    public override int Read(Span<byte> buffer)
    {
        if (TryTakeReceived(buffer, out var taken)) return taken;
        var count = socket.TryReceive(buffer);
        return count == ITransport.WouldBlock ? throw new InvalidOperationException("TLS reads here only when a record is there.") : count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!socket.Loop.IsCurrent) return new ValueTask(socket.Loop.RunAsync(() => WriteOnLoopAsync(buffer)));
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => Output.Write(buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // What was written is with the socket, or on its way there.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private bool TryTakeReceived(Span<byte> buffer, out int taken)
    {
        taken = Math.Min(buffer.Length, _received.Length);
        if (_received.IsEmpty) return false;
        _received.Span[..taken].CopyTo(buffer);
        _received = taken == _received.Length ? default : _received[taken..];
        return true;
    }

    // It does not ask again whose thread it is: a loop that has ended has none, and what comes then finds the socket closed.
    private Task WriteOnLoopAsync(ReadOnlyMemory<byte> buffer)
    {
        Write(buffer.Span);
        return Task.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadOnLoopAsync(Memory<byte> buffer)
    {
        if (TryTakeReceived(buffer.Span, out var taken)) return taken;
        while (true)
        {
            if (!buffer.IsEmpty)
            {
                var count = socket.TryReceive(buffer.Span);
                if (count != ITransport.WouldBlock) return count;
            }
            await socket.WaitReadableAsync().ConfigureAwait(false);
            if (buffer.IsEmpty) return 0;
        }
    }
}
