using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Serverless.Host.Net;

namespace Serverless.Host.Mysql;

/// <summary>
/// The compressed protocol (zlib) on a client's connection: packets inside of packets. It begins behind the OK of the login. For the loop's thread only;
/// <see cref="Abort"/> and <see cref="Dispose"/> from any. Source: MySQL Source Code Documentation, "Compression".
/// </summary>
public sealed class CompressedTransport : ITransport, IHangupObserver, IValueTaskSource
{
    /// <summary>Plain bytes in one packet of ours: enough for compression to pay, little enough for a slow client.</summary>
    private const int PieceLength = 64 << 10;

    private readonly ITransport _below;
    private readonly KeptOutput _output;
    private readonly CompressedInput _input;
    private Waiter _writer;

    /// <param name="below">The connection as it was.</param>
    /// <param name="received">Bytes that have arrived already.</param>
    public CompressedTransport(ITransport below, byte[] received)
    {
        (_below, _output, _input) = (below, new KeptOutput(below), new CompressedInput(below, received));
        _output.OnDrained = drained => _writer.Complete(drained ? WaitResult.Ready : WaitResult.Lost);
        _below.HangupObserver = this;
    }

    public EventLoop Loop => _below.Loop;

    public bool IsSecure => _below.IsSecure;

    public bool IsPeerClosed => _below.IsPeerClosed;

    public IHangupObserver? HangupObserver { get; set; }

    public int TryReceive(Span<byte> buffer) => _input.TryReceive(buffer);

    public int TrySend(ReadOnlySpan<byte> data) => TrySend(data, default);

    public int TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var (taken, all) = (0, first.Length + second.Length);
        while (taken < all && !_output.IsCongested)
        {
            var length = Math.Min(PieceLength, all - taken);
            var ofFirst = taken < first.Length ? first.Slice(taken, Math.Min(length, first.Length - taken)) : default;
            var ofSecond = second.Slice(Math.Max(0, taken - first.Length), length - ofFirst.Length);
            SendPiece(ofFirst, ofSecond);
            taken += length;
        }
        return taken == 0 && all > 0 ? ITransport.WouldBlock : taken;
    }

    public ValueTask<bool> WaitReadableAsync() => _input.HasPlain ? new ValueTask<bool>(true) : _below.WaitReadableAsync();

    public ValueTask WaitWritableAsync() =>
        _output.IsCongested ? new ValueTask(this, (short)(_writer.Begin() | Waiter.WriteToken)) : ValueTask.CompletedTask;

    public async ValueTask DrainAsync()
    {
        await WaitWritableAsync();
        await _below.DrainAsync();
    }

    public bool InterruptRead() => _below.InterruptRead();

    public void Abort() => _below.Abort();

    public void Dispose()
    {
        if (Loop.IsCurrent) Close();
        else Loop.Post(static transport => ((CompressedTransport)transport!).Close(), this);
    }

    void IHangupObserver.OnPeerClosed(ITransport transport) => HangupObserver?.OnPeerClosed(this);

    void IValueTaskSource.GetResult(short token)
    {
        if (_writer.End(Waiter.Plain(token)) != WaitResult.Ready) throw new ConnectionLostException("The connection was closed while something was being sent.");
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _writer.GetStatus(Waiter.Plain(token));

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _writer.OnCompleted(Loop, continuation, state, Waiter.Plain(token));

    private void Close()
    {
        HangupObserver = null;
        _input.Dispose();
        _below.Dispose();
        _writer.Complete(WaitResult.Lost);
    }

    private void SendPiece(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var packet = ArrayPool<byte>.Shared.Rent(CompressedPacket.Bound(first.Length + second.Length));
        try
        {
            _output.Write(packet.AsSpan(0, CompressedPacket.Write(packet, _input.NextSequence(), first, second)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packet);
        }
    }
}
