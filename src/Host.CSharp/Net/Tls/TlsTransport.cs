using System.Buffers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Threading.Tasks.Sources;

namespace Serverless.Host.Net.Tls;

/// <summary>
/// TLS on a socket of a loop. Waiting for bytes holds no buffer of ours: a read of no bytes is under way inside, and ends when a record has been decrypted.
/// For its loop's thread only; <see cref="Abort"/> and <see cref="Dispose"/> from any.
/// </summary>
public sealed class TlsTransport : ITransport, IHangupObserver, IValueTaskSource<bool>, IValueTaskSource
{
    /// <summary>Plain bytes in one record at most. Source: RFC 8446, section 5.1.</summary>
    private const int RecordLength = 1 << 14;

    private readonly LoopSocket _socket;
    private readonly TlsSocketStream _encrypted;
    private readonly SslStream _ssl;
    private readonly Action _onRead;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _reading;
    private Waiter _reader;
    private Waiter _writer;
    private ConnectionLostException? _lost;
    private bool _isReading;
    private bool _isReadable;
    private bool _isDisposed;

    private TlsTransport(LoopSocket socket, TlsSocketStream encrypted, SslStream ssl)
    {
        (_socket, _encrypted, _ssl, _onRead) = (socket, encrypted, ssl, OnRead);
        _encrypted.Output.OnDrained = drained => _writer.Complete(drained ? WaitResult.Ready : WaitResult.Lost);
        _socket.HangupObserver = this;
    }

    public EventLoop Loop => _socket.Loop;

    public bool IsSecure => true;

    public bool IsPeerClosed => _socket.IsPeerClosed;

    public IHangupObserver? HangupObserver { get; set; }

    /// <summary>The version and cipher agreed on, as OpenSSL names them.</summary>
    public string Cipher => $"{_ssl.SslProtocol} {_ssl.NegotiatedCipherSuite}";

    /// <summary>The host name that the client asked for, or the server was asked for; empty for none.</summary>
    public string HostName => _ssl.TargetHostName;

    /// <summary>Does the server's part of the handshake. On the loop's thread; the computing is done elsewhere.</summary>
    /// <param name="received">Bytes that have arrived already.</param>
    /// <param name="choose">Given the host name that the client asks for (SNI; empty for none), how to go on. Called on some thread, must not block.</param>
    /// <exception cref="ConnectionLostException">The peer closed, does not speak TLS, or nothing could be agreed on.</exception>
    public static Task<TlsTransport> AcceptAsync(LoopSocket socket, byte[] received, Func<string, SslServerAuthenticationOptions> choose) =>
        ShakeHandsAsync(socket, received, ssl => ssl.AuthenticateAsServerAsync(
            static (_, hello, choose, _) => ValueTask.FromResult(((Func<string, SslServerAuthenticationOptions>)choose!)(hello.ServerName)), choose, CancellationToken.None));

    /// <summary>Does the client's part of the handshake. On the loop's thread; the computing is done elsewhere.</summary>
    /// <param name="received">Bytes that have arrived already.</param>
    /// <exception cref="ConnectionLostException">The peer closed, does not speak TLS, or its certificate is not accepted.</exception>
    public static Task<TlsTransport> ConnectAsync(LoopSocket socket, byte[] received, SslClientAuthenticationOptions options) =>
        ShakeHandsAsync(socket, received, ssl => ssl.AuthenticateAsClientAsync(options, CancellationToken.None));

    public int TryReceive(Span<byte> buffer)
    {
        if (!_isReadable && !BeginRead()) return ITransport.WouldBlock;
        if (_lost is not null) throw _lost;
        if (buffer.IsEmpty) return 0;
        _isReadable = false;
        try
        {
            return _ssl.Read(buffer);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw Lose(failure);
        }
    }

    public int TrySend(ReadOnlySpan<byte> data)
    {
        var taken = 0;
        while (taken < data.Length && !_encrypted.Output.IsCongested)
        {
            var part = data.Slice(taken, Math.Min(RecordLength, data.Length - taken));
            WriteRecord(part);
            taken += part.Length;
        }
        return taken == 0 && data.Length > 0 ? ITransport.WouldBlock : taken;
    }

    /// <remarks>Both in one record when they fit: a small head before a long body would cost a record, and the peer a call.</remarks>
    public int TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.IsEmpty || first.Length >= RecordLength || _encrypted.Output.IsCongested) return TrySend(first.IsEmpty ? second : first);
        if (second.IsEmpty) return TrySend(first);
        var length = Math.Min(RecordLength, first.Length + second.Length);
        var record = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            first.CopyTo(record);
            second[..(length - first.Length)].CopyTo(record.AsSpan(first.Length));
            WriteRecord(record.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(record);
        }
        return length == first.Length + second.Length ? length : length + Math.Max(0, TrySend(second[(length - first.Length)..]));
    }

    public ValueTask<bool> WaitReadableAsync()
    {
        if (_isReadable || BeginRead()) return _lost is null ? new ValueTask<bool>(true) : ValueTask.FromException<bool>(_lost);
        return new ValueTask<bool>(this, _reader.Begin());
    }

    public ValueTask WaitWritableAsync()
    {
        if (_lost is not null) return ValueTask.FromException(_lost);
        if (!_encrypted.Output.IsCongested) return ValueTask.CompletedTask;
        return new ValueTask(this, (short)(_writer.Begin() | Waiter.WriteToken));
    }

    public ValueTask DrainAsync() => WaitWritableAsync();

    public bool InterruptRead() => _reader.Complete(WaitResult.Interrupted);

    public void Abort()
    {
        if (Loop.IsCurrent) Close(sayGoodbye: false);
        else Loop.Post(static transport => ((TlsTransport)transport!).Close(sayGoodbye: false), this);
    }

    /// <summary>Closes, and tells the peer if that can be done at once: so it knows that nothing was cut off.</summary>
    public void Dispose()
    {
        if (Loop.IsCurrent) Close(sayGoodbye: true);
        else Loop.Post(static transport => ((TlsTransport)transport!).Close(sayGoodbye: true), this);
    }

    void IHangupObserver.OnPeerClosed(ITransport transport) => HangupObserver?.OnPeerClosed(this);

    bool IValueTaskSource<bool>.GetResult(short token) =>
        _reader.End(token) switch
        {
            WaitResult.Ready => true,
            WaitResult.Interrupted => false,
            _ => throw _lost ?? Closed(),
        };

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _reader.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _reader.OnCompleted(Loop, continuation, state, token);

    void IValueTaskSource.GetResult(short token)
    {
        if (_writer.End(Waiter.Plain(token)) != WaitResult.Ready) throw _lost ?? Closed();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _writer.GetStatus(Waiter.Plain(token));

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _writer.OnCompleted(Loop, continuation, state, Waiter.Plain(token));

    private static ConnectionLostException Closed() => new("The connection was closed on this side.");

    // On the thread pool, so that a crowd of clients that connect does not delay those that are in; the stream hops to the loop for each byte.
    private static async Task<TlsTransport> ShakeHandsAsync(LoopSocket socket, byte[] received, Func<SslStream, Task> authenticate)
    {
        var encrypted = new TlsSocketStream(socket, received);
        var ssl = new SslStream(encrypted, leaveInnerStreamOpen: true);
        try
        {
            await Task.Run(() => authenticate(ssl));
            return new TlsTransport(socket, encrypted, ssl);
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or InvalidOperationException or NotSupportedException)
        {
            await ssl.DisposeAsync();
            if (failure is ConnectionLostException) throw;
            throw new ConnectionLostException($"The TLS handshake failed: {failure.InnerException?.Message ?? failure.Message}", failure);
        }
    }

    /// <summary>True: bytes, the end, or a failure are there; otherwise a read is under way.</summary>
    private bool BeginRead()
    {
        if (_isReading) return false;
        if (_lost is not null) return true;
        try
        {
#pragma warning disable CA2012 // Consumed once all the same: by EndRead, at once or when it tells that it is done.
            _reading = _ssl.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        }
        catch (ObjectDisposedException failure)
        {
            Lose(failure);
            return true;
        }
        if (!_reading.IsCompleted)
        {
            _isReading = true;
            _reading.UnsafeOnCompleted(_onRead);
            return false;
        }
        EndRead();
        return true;
    }

    private void OnRead()
    {
        Loop.VerifyAccess();
        _isReading = false;
        EndRead();
        if (_isDisposed) _ssl.Dispose();
        _reader.Complete(_lost is null ? WaitResult.Ready : WaitResult.Lost);
    }

    private void EndRead()
    {
        _isReadable = true;
        try
        {
            _reading.GetResult();
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or AuthenticationException)
        {
            Lose(failure);
        }
    }

    private void WriteRecord(ReadOnlySpan<byte> plain)
    {
        if (_lost is not null) throw _lost;
        try
        {
            _ssl.Write(plain);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw Lose(failure);
        }
    }

    private ConnectionLostException Lose(Exception failure) =>
        _lost = failure as ConnectionLostException ?? new ConnectionLostException($"The TLS connection is broken: {failure.Message}", failure);

    private void Close(bool sayGoodbye)
    {
        if (_isDisposed) return;
        _isDisposed = true;
        var observer = HangupObserver;
        HangupObserver = null;
        if (sayGoodbye && _lost is null && !_socket.IsClosed && !_encrypted.Output.IsCongested) SayGoodbye();
        _lost ??= Closed();
        // Ends a read under way, which then gives back what TLS holds: it must not be taken away beneath it.
        _socket.Dispose();
        if (!_isReading) _ssl.Dispose();
        observer?.OnPeerClosed(this);
        _reader.Complete(WaitResult.Lost);
        _writer.Complete(WaitResult.Lost);
    }

    private void SayGoodbye()
    {
        try
        {
            // A few bytes, which the socket takes or which are lost with it.
            _ = _ssl.ShutdownAsync();
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException)
        {
            // The peer is gone, which is what was to be said.
        }
    }
}
