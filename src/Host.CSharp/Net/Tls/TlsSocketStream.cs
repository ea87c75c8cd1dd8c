using System.Buffers;
using System.Runtime.CompilerServices;

namespace Serverless.Host.Net.Tls;

/// <summary>
/// The encrypted side of a TLS connection: a stream over a socket of a loop, for <see cref="System.Net.Security.SslStream"/>. It never blocks. What the socket
/// does not take at once is kept here, one record at the most, and goes out by itself; nobody may write meanwhile who need not (<see cref="IsCongested"/>).
/// The handshake may use it from any thread; afterwards it is for the loop's thread.
/// </summary>
/// <param name="received">What had arrived before TLS began: a client sends its first record without waiting for a word.</param>
internal sealed class TlsSocketStream(LoopSocket socket, byte[] received) : Stream
{
    private ReadOnlyMemory<byte> _received = received;
    private byte[]? _kept;
    private int _keptStart;
    private int _keptEnd;

    /// <summary>Told on the loop when what was kept has gone out (true) or never will (false).</summary>
    public Action<bool>? OnDrained { get; set; }

    /// <summary>Bytes wait here for the socket.</summary>
    public bool IsCongested => _kept is not null;

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
        if (!socket.Loop.IsCurrent) return new ValueTask(socket.Loop.RunAsync(() => WriteAsync(buffer, CancellationToken.None).AsTask()));
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!IsCongested)
        {
            var sent = socket.TrySend(buffer);
            if (sent > 0) buffer = buffer[sent..];
            if (buffer.IsEmpty) return;
        }
        Keep(buffer);
    }

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
        _received = _received[taken..];
        return true;
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

    private void Keep(ReadOnlySpan<byte> rest)
    {
        var isFirst = _kept is null;
        var length = _keptEnd - _keptStart;
        if (_kept is null || _kept.Length - _keptEnd < rest.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(length + rest.Length);
            _kept.AsSpan(_keptStart, length).CopyTo(larger);
            if (_kept is not null) ArrayPool<byte>.Shared.Return(_kept);
            (_kept, _keptStart, _keptEnd) = (larger, 0, length);
        }
        rest.CopyTo(_kept.AsSpan(_keptEnd));
        _keptEnd += rest.Length;
        if (isFirst) _ = DrainAsync();
    }

    // Never throws: nobody awaits it. Who writes next finds out that the connection is lost.
    private async Task DrainAsync()
    {
        var drained = false;
        try
        {
            while (_keptStart < _keptEnd)
            {
                await socket.WaitWritableAsync().ConfigureAwait(false);
                var sent = socket.TrySend(_kept.AsSpan(_keptStart, _keptEnd - _keptStart));
                if (sent > 0) _keptStart += sent;
            }
            drained = true;
        }
        catch (ConnectionLostException)
        {
            // Said by what comes next.
        }
        ArrayPool<byte>.Shared.Return(_kept!);
        (_kept, _keptStart, _keptEnd) = (null, 0, 0);
        OnDrained?.Invoke(drained);
    }
}
