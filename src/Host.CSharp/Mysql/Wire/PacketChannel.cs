using System.Runtime.CompilerServices;
using Serverless.Host.Net;

namespace Serverless.Host.Mysql;

/// <summary>
/// The two directions of one connection. Buffers are rented when bytes are there and given back when they are used up, so a channel
/// that waits holds none.
/// <list type="bullet">
/// <item>Control packets are read whole: <see cref="ReadPacketAsync"/>, bounded, with sequence numbers checked.</item>
/// <item>Relaying sees the bytes as they came: <see cref="Buffered"/>, <see cref="Advance"/>, and to get more, without any allocation,
/// `while (channel.TryFill() == FillResult.WouldBlock) await channel.WaitReadableAsync();`. <see cref="RelayAsync"/> forwards bytes from one
/// channel's buffer to another's peer without copying them.</item>
/// <item>Small packets are gathered by <see cref="Append{T}(in T)"/> and go out with <see cref="FlushAsync"/>, or ahead of the next relayed bytes.</item>
/// </list>
/// One reader and one writer at a time, on the transport's loop. On hot paths await with `ConfigureAwait(false)` (see <see cref="EventLoop"/>).
/// </summary>
public sealed class PacketChannel : IDisposable
{
    private InputBuffer _input;

    public PacketChannel(ITransport transport) => Transport = transport;

    /// <summary>The transport; replaced when the connection turns to TLS, which must happen between packets.</summary>
    public ITransport Transport { get; private set; }

    public EventLoop Loop => Transport.Loop;

    /// <summary>Sequence number that the next packet, in or out, is to have. 0 at the beginning of each command.</summary>
    public byte Sequence { get; set; }

    /// <summary>Takes incoming sequence numbers as they are. Servers send some errors out of turn (an idle connection that is killed).</summary>
    public bool AnySequence { get; set; }

    /// <summary>Packets that have not been sent yet. Use <see cref="Append{T}(in T)"/> for whole ones.</summary>
    public PacketWriter Output { get; } = new();

    /// <summary>Received and not used up. Valid until the next call that fills, reads or releases.</summary>
    public ReadOnlySpan<byte> Buffered => _input.Span;

    /// <summary>Takes what was received and not used up, for whoever reads the connection from now on.</summary>
    public byte[] TakeBuffered()
    {
        var taken = _input.Span.ToArray();
        _input.Advance(taken.Length);
        return taken;
    }

    /// <summary>Turns to another transport on the same connection (TLS), which has been given what was buffered.</summary>
    public void Upgrade(ITransport transport)
    {
        if (!_input.IsEmpty) throw new InvalidOperationException("Bytes are buffered that the new transport has not seen.");
        Transport = transport;
    }

    /// <summary>Uses up the first bytes of <see cref="Buffered"/>. The buffer goes back when it is empty.</summary>
    public void Advance(int count) => _input.Advance(count);

    /// <summary>Receives what has arrived, without waiting.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken.</exception>
    public FillResult TryFill() => _input.TryFill(Transport);

    /// <summary>Waits for bytes without holding a buffer for them. False: interrupted by <see cref="InterruptRead"/>.</summary>
    /// <exception cref="ConnectionLostException">The connection was aborted.</exception>
    public ValueTask<bool> WaitReadableAsync() => Transport.WaitReadableAsync();

    /// <summary>Ends <see cref="WaitReadableAsync"/> with false. Nothing received is lost. Do not use it while a whole packet is being read.</summary>
    public bool InterruptRead() => Transport.InterruptRead();

    /// <summary>Receives at least one more byte into <see cref="Buffered"/>; false when the peer has closed.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken or was aborted.</exception>
    public ValueTask<bool> FillAsync() => TryFill() switch
    {
        FillResult.Filled => new ValueTask<bool>(true),
        FillResult.Closed => new ValueTask<bool>(false),
        _ => FillSlowAsync(),
    };

    /// <summary>
    /// Reads one whole payload, put together from its parts. It is valid until the next call that reads, fills or releases.
    /// </summary>
    /// <param name="maxLength">Longest payload to take, in bytes.</param>
    /// <exception cref="MalformedPacketException">It is longer, or out of sequence.</exception>
    /// <exception cref="ConnectionLostException">The peer has closed, also in the middle of a packet.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadOnlyMemory<byte>> ReadPacketAsync(int maxLength = 1 << 20)
    {
        while (true)
        {
            if (TryReadPacket(maxLength, out var payload)) return payload;
            if (!await FillAsync().ConfigureAwait(false)) throw new ConnectionLostException(ClosedMessage());
        }
    }

    /// <summary>Takes the next payload if it is buffered as a whole. Same rules as <see cref="ReadPacketAsync"/>.</summary>
    /// <exception cref="MalformedPacketException">It is longer than allowed, or out of sequence.</exception>
    public bool TryReadPacket(int maxLength, out ReadOnlyMemory<byte> payload)
    {
        var sequence = Sequence;
        if (!_input.TryTakePacket(maxLength, AnySequence, ref sequence, out payload)) return false;
        Sequence = sequence;
        return true;
    }

    /// <summary>Writes a packet behind those that wait, with the next sequence number.</summary>
    public void Append<T>(in T packet) where T : IOutgoingPacket, allows ref struct
    {
        Output.Begin();
        packet.WriteTo(Output);
        Sequence = Output.End(Sequence);
    }

    /// <summary>Writes a payload as it is.</summary>
    public void Append(ReadOnlySpan<byte> payload)
    {
        Output.Begin();
        Output.Bytes(payload);
        Sequence = Output.End(Sequence);
    }

    /// <summary>Sends everything that waits.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken or was aborted.</exception>
    public ValueTask FlushAsync()
    {
        if (Output.IsEmpty) return ValueTask.CompletedTask;
        var sent = Transport.TrySend(Output.Written);
        if (sent > 0) Output.Discard(sent);
        return Output.IsEmpty ? ValueTask.CompletedTask : FlushSlowAsync();
    }

    /// <summary>
    /// Sends the first bytes of the source's buffer to this channel's peer, behind what waits here, and uses them up. When the peer does not
    /// take them it waits, and so does the source: nothing is buffered beyond what was received.
    /// </summary>
    /// <exception cref="ConnectionLostException">The connection is broken or was aborted.</exception>
    public ValueTask RelayAsync(PacketChannel source, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, source.Buffered.Length);
        var left = RelaySome(source, count);
        return left == 0 && Output.IsEmpty ? ValueTask.CompletedTask : RelaySlowAsync(source, left);
    }

    /// <summary>Gives all buffers back; what was in them is lost.</summary>
    public void Dispose()
    {
        _input.Release();
        Output.Dispose();
        Transport.Dispose();
    }

    private string ClosedMessage() => _input.IsEmpty
        ? "The peer closed the connection."
        : $"The peer closed the connection in the middle of a packet, after {_input.Span.Length} bytes of it.";

    private int RelaySome(PacketChannel source, int count)
    {
        var sent = Transport.TrySend(Output.Written, source.Buffered[..count]);
        if (sent <= 0) return count;
        var own = Math.Min(sent, Output.Length);
        if (own > 0) Output.Discard(own);
        source.Advance(sent - own);
        return count - (sent - own);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FillSlowAsync()
    {
        while (true)
        {
            await WaitReadableAsync();
            var result = TryFill();
            if (result != FillResult.WouldBlock) return result == FillResult.Filled;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushSlowAsync()
    {
        while (!Output.IsEmpty)
        {
            await Transport.WaitWritableAsync();
            var sent = Transport.TrySend(Output.Written);
            if (sent > 0) Output.Discard(sent);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RelaySlowAsync(PacketChannel source, int left)
    {
        while (left > 0 || !Output.IsEmpty)
        {
            await Transport.WaitWritableAsync();
            left = RelaySome(source, left);
        }
    }
}
