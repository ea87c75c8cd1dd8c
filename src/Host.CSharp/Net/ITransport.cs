namespace Serverless.Host.Net;

/// <summary>
/// A byte stream to a peer, as the packet channel sees it: a raw socket, or something (TLS) on top of one. All members are for
/// the thread of <see cref="Loop"/> only, except where said otherwise.
/// </summary>
public interface ITransport : IDisposable
{
    /// <summary>What <see cref="TryReceive"/> and <see cref="TrySend(ReadOnlySpan{byte})"/> return when they would have to wait.</summary>
    const int WouldBlock = -1;

    EventLoop Loop { get; }

    /// <summary>Nobody between the peer and this process can read along: TLS, or a Unix socket.</summary>
    bool IsSecure { get; }

    /// <summary>The peer has closed its side; bytes sent before may still be there to be received.</summary>
    bool IsPeerClosed { get; }

    /// <summary>
    /// Told once when the peer closes or dies, or the connection is aborted, whatever waits at that time; on the loop's thread. Whoever aborts it and knows
    /// takes itself off first. Not told of what a call has found out and said before, nor of what happened before it was set: look at <see cref="IsPeerClosed"/> after setting it.
    /// </summary>
    IHangupObserver? HangupObserver { get; set; }

    /// <summary>Number of bytes received, 0 when the peer has closed, or <see cref="WouldBlock"/>.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken.</exception>
    int TryReceive(Span<byte> buffer);

    /// <summary>Number of bytes taken, or <see cref="WouldBlock"/>.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken.</exception>
    int TrySend(ReadOnlySpan<byte> data);

    /// <summary>Like one <see cref="TrySend(ReadOnlySpan{byte})"/> of both spans after each other.</summary>
    /// <exception cref="ConnectionLostException">The connection is broken.</exception>
    int TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);

    /// <summary>
    /// Waits without a buffer until <see cref="TryReceive"/> has something to say (bytes, or that the peer closed): true. False when
    /// <see cref="InterruptRead"/> ended the wait. One wait at a time.
    /// </summary>
    /// <exception cref="ConnectionLostException">Aborted, here or by the end of the loop.</exception>
    ValueTask<bool> WaitReadableAsync();

    /// <summary>Waits until <see cref="TrySend(ReadOnlySpan{byte})"/> can go on. One wait at a time.</summary>
    /// <exception cref="ConnectionLostException">Aborted, here or by the end of the loop.</exception>
    ValueTask WaitWritableAsync();

    /// <summary>
    /// Waits until all that <see cref="TrySend(ReadOnlySpan{byte})"/> took is with the kernel, which sends it whatever becomes of this process's side. What is
    /// closed before loses what is still kept here. Not while somebody waits for writability.
    /// </summary>
    /// <exception cref="ConnectionLostException">Aborted, here or by the end of the loop.</exception>
    ValueTask DrainAsync();

    /// <summary>Ends a wait for readability with false. Returns whether there was one. Bytes are never lost by it.</summary>
    bool InterruptRead();

    /// <summary>Closes at once; whoever waits gets <see cref="ConnectionLostException"/>. From any thread, any number of times.</summary>
    void Abort();
}
