using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Serverless.Host.Net;

/// <summary>
/// A connected stream socket on one loop. Operations try the system call first and wait only when it would block; a wait is a reusable
/// source inside this object, so nothing is allocated per operation, and an idle socket is this one object and no buffer.
/// Registered once, edge-triggered: while the kernel has said nothing since the last short read, no call is made at all.
/// For its loop's thread only; <see cref="Abort"/> and <see cref="Dispose"/> from any.
/// </summary>
public sealed class LoopSocket : ITransport, IReadinessTarget, IValueTaskSource<bool>, IValueTaskSource
{
    internal const uint IdleInterest = Native.EpollIn | Native.EpollRdHup | Native.EpollEdge;

    private readonly ulong _key;
    private int _fd;
    private Waiter _reader;
    private Waiter _writer;
    private bool _readable;
    private bool _peerClosed;
    private readonly bool _isUnix;

    /// <summary>Takes over a connected, non-blocking descriptor. On the loop's thread only.</summary>
    internal LoopSocket(EventLoop loop, int fd, bool isUnix)
    {
        Loop = loop;
        _fd = fd;
        _isUnix = isUnix;
        _key = loop.Register(this, fd);
    }

    public EventLoop Loop { get; }

    public bool IsSecure => _isUnix;

    public bool IsPeerClosed => _peerClosed;

    public bool IsClosed => _fd < 0;

    public IHangupObserver? HangupObserver { get; set; }

    /// <summary>Connects to a Unix socket. From any thread; completes on the loop.</summary>
    /// <exception cref="ConnectFailedException">Nobody listens there, or it cannot be reached.</exception>
    public static Task<LoopSocket> ConnectUnixAsync(EventLoop loop, string path, CancellationToken cancellation = default) =>
        SocketConnector.ConnectUnixAsync(loop, path, cancellation);

    /// <summary>Connects over TCP. From any thread; completes on the loop.</summary>
    /// <exception cref="ConnectFailedException">Nobody listens there, or it cannot be reached.</exception>
    public static Task<LoopSocket> ConnectTcpAsync(EventLoop loop, IPEndPoint address, CancellationToken cancellation = default) =>
        SocketConnector.ConnectTcpAsync(loop, address, cancellation);

    /// <summary>The peer's TCP address; null for a Unix socket, or when it is gone.</summary>
    public IPEndPoint? GetRemoteEndPoint() => _fd < 0 || _isUnix ? null : SocketAddresses.PeerOf(_fd);

    public unsafe int TryReceive(Span<byte> buffer)
    {
        if (!_readable && !_peerClosed) return _fd < 0 ? throw Lost() : ITransport.WouldBlock;
        while (true)
        {
            if (_fd < 0) throw Lost();
            nint received;
            fixed (byte* start = buffer) received = Native.recv(_fd, start, (nuint)buffer.Length, 0);
            if (received >= 0)
            {
                // A short read has emptied the queue; what comes after it raises a new edge, so the call that would say EAGAIN is spared.
                if (received < buffer.Length) _readable = false;
                if (received == 0 && buffer.Length > 0) _peerClosed = true;
                return (int)received;
            }
            var error = Native.LastError;
            if (error == Native.EINTR) continue;
            if (error != Native.EAGAIN) throw Broken(error);
            _readable = false;
            return ITransport.WouldBlock;
        }
    }

    public unsafe int TrySend(ReadOnlySpan<byte> data)
    {
        while (true)
        {
            if (_fd < 0) throw Lost();
            nint sent;
            fixed (byte* start = data) sent = Native.send(_fd, start, (nuint)data.Length, Native.MsgNoSignal);
            if (sent >= 0) return (int)sent;
            if (SendFailed(Native.LastError)) return ITransport.WouldBlock;
        }
    }

    public unsafe int TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.IsEmpty) return TrySend(second);
        if (second.IsEmpty) return TrySend(first);
        var vectors = stackalloc Native.IoVector[2];
        while (true)
        {
            if (_fd < 0) throw Lost();
            nint sent;
            fixed (byte* start1 = first, start2 = second)
            {
                vectors[0] = new Native.IoVector { Start = start1, Length = (nuint)first.Length };
                vectors[1] = new Native.IoVector { Start = start2, Length = (nuint)second.Length };
                var message = new Native.MessageHeader { Vectors = vectors, VectorCount = 2 };
                sent = Native.sendmsg(_fd, &message, Native.MsgNoSignal);
            }
            if (sent >= 0) return (int)sent;
            if (SendFailed(Native.LastError)) return ITransport.WouldBlock;
        }
    }

    public ValueTask<bool> WaitReadableAsync()
    {
        if (_fd < 0) return ValueTask.FromException<bool>(Lost());
        if (_readable || _peerClosed) return new ValueTask<bool>(true);
        return new ValueTask<bool>(this, _reader.Begin());
    }

    public ValueTask WaitWritableAsync()
    {
        if (_fd < 0) return ValueTask.FromException(Lost());
        var token = _writer.Begin();
        // Only while somebody waits: a Unix socket would otherwise wake the loop each time the peer reads what it was sent.
        Loop.ChangeInterest(_fd, IdleInterest | Native.EpollOut, _key);
        return new ValueTask(this, (short)(token | Waiter.WriteToken));
    }

    public ValueTask DrainAsync() => ValueTask.CompletedTask;

    /// <summary>Receives at least one byte; 0 when the peer has closed.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken or was aborted.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        while (true)
        {
            var received = TryReceive(buffer.Span);
            if (received != ITransport.WouldBlock) return received;
            await WaitReadableAsync();
        }
    }

    /// <summary>Sends all of it.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken or was aborted.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data)
    {
        var sent = TrySend(data.Span);
        return sent == data.Length ? ValueTask.CompletedTask : SendRestAsync(data[Math.Max(sent, 0)..]);
    }

    /// <summary>Says that nothing more will be sent; what was sent still arrives.</summary>
    public void ShutdownSend()
    {
        if (_fd >= 0) Native.shutdown(_fd, Native.ShutWrite);
    }

    public bool InterruptRead() => _reader.Complete(WaitResult.Interrupted);

    public void Abort()
    {
        if (Loop.IsCurrent) Close();
        else Loop.Post(static socket => ((LoopSocket)socket!).Close(), this);
    }

    public void Dispose() => Abort();

    void IReadinessTarget.OnReady(uint events)
    {
        const uint gone = Native.EpollRdHup | Native.EpollHup | Native.EpollErr;
        var closedNow = (events & gone) != 0 && !_peerClosed;
        if (closedNow) _peerClosed = true;
        if ((events & (Native.EpollIn | gone)) != 0)
        {
            _readable = true;
            _reader.Complete(WaitResult.Ready);
        }
        if ((events & (Native.EpollOut | Native.EpollHup | Native.EpollErr)) != 0 && _fd >= 0 && _writer.IsWaiting)
        {
            Loop.ChangeInterest(_fd, IdleInterest, _key);
            _writer.Complete(WaitResult.Ready);
        }
        if (closedNow && _fd >= 0) HangupObserver?.OnPeerClosed(this);
    }

    void IReadinessTarget.OnLoopStopping() => Close();

    bool IValueTaskSource<bool>.GetResult(short token) =>
        _reader.End(token) switch
        {
            WaitResult.Ready => true,
            WaitResult.Interrupted => false,
            _ => throw Lost(),
        };

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _reader.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _reader.OnCompleted(Loop, continuation, state, token);

    void IValueTaskSource.GetResult(short token)
    {
        if (_writer.End(Waiter.Plain(token)) != WaitResult.Ready) throw Lost();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _writer.GetStatus(Waiter.Plain(token));

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _writer.OnCompleted(Loop, continuation, state, Waiter.Plain(token));

    private static ConnectionLostException Lost() => new("The connection was closed on this side.");

    private ConnectionLostException Broken(int error)
    {
        _peerClosed = true;
        return new ConnectionLostException($"The connection is broken: {Native.Describe(error)}.");
    }

    /// <summary>True: would block. False: try again.</summary>
    private bool SendFailed(int error) => error switch
    {
        Native.EAGAIN or Native.ENOBUFS => true,
        Native.EINTR => false,
        _ => throw Broken(error),
    };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendRestAsync(ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            await WaitWritableAsync();
            var sent = TrySend(data.Span);
            if (sent > 0) data = data[sent..];
        }
    }

    private void Close()
    {
        if (_fd < 0) return;
        Loop.Unregister(_key);
        Native.close(_fd);
        _fd = -1;
        var observer = HangupObserver;
        HangupObserver = null;
        // Whoever waits for something else than this connection hears of its end too.
        observer?.OnPeerClosed(this);
        _reader.Complete(WaitResult.Lost);
        _writer.Complete(WaitResult.Lost);
    }
}
