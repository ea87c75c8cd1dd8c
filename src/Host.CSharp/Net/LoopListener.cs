using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Serverless.Host.Net;

/// <summary>
/// Accepts connections and spreads them over the loops of a group. When the process has no descriptor left, it gives up one that it keeps
/// in reserve to take the next connection, tell it so and close it: clients get an answer, and the loop does not spin.
/// </summary>
public sealed unsafe partial class LoopListener : IReadinessTarget, IDisposable
{
    private const int AcceptsPerTurn = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly EventLoopGroup _loops;
    private readonly EventLoop _loop;
    private readonly Action<LoopSocket, IPEndPoint?> _accepted;
    private readonly ReadOnlyMemory<byte> _refusal;
    private readonly IConnectionPlaces? _places;
    private readonly ILogger _logger;
    private readonly string? _unixPath;
    private int _fd;
    private int _reserve;
    private ulong _key;
    private long _lastWarning;
    private bool _paused;

    private LoopListener(EventLoopGroup loops, EndPoint address, Action<LoopSocket, IPEndPoint?> accepted, ReadOnlyMemory<byte> refusal, IConnectionPlaces? places, ILogger? logger)
    {
        _loops = loops;
        _loop = loops.Next();
        _accepted = accepted;
        _refusal = refusal;
        _places = places;
        _logger = logger ?? NullLogger.Instance;
        _fd = ListenerSocket.Open(address);
        _unixPath = (address as UnixDomainSocketEndPoint)?.ToString();
        LocalEndPoint = _unixPath is null ? SocketAddresses.LocalOf(_fd) ?? address : address;
        _reserve = OpenReserve();
    }

    /// <summary>Where it listens, with the port that was given when 0 was asked for.</summary>
    public EndPoint LocalEndPoint { get; }

    /// <summary>Listens, and returns once connections are accepted.</summary>
    /// <param name="address">An <see cref="IPEndPoint"/> (port 0: any free one), or a <see cref="UnixDomainSocketEndPoint"/>.</param>
    /// <param name="accepted">Called on the loop that the socket belongs to, with the peer's address (null for a Unix socket).</param>
    /// <param name="refusal">Bytes for a client that cannot be served because there is no place, or the process has no descriptor left.</param>
    /// <param name="places">Room for connections; null: as much as there are descriptors.</param>
    /// <exception cref="IOException">It cannot listen there. The message names the address and what to do.</exception>
    public static LoopListener Start(
        EventLoopGroup loops, EndPoint address, Action<LoopSocket, IPEndPoint?> accepted, ReadOnlyMemory<byte> refusal = default, IConnectionPlaces? places = null,
        ILogger? logger = null)
    {
        var listener = new LoopListener(loops, address, accepted, refusal, places, logger);
        listener._loop.Post(static listener => ((LoopListener)listener!).Register(), listener);
        return listener;
    }

    /// <summary>Stops listening; connections made so far stay. From any thread.</summary>
    public void Dispose()
    {
        if (_loop.IsCurrent) Close();
        else _loop.Post(static listener => ((LoopListener)listener!).Close(), this);
    }

    void IReadinessTarget.OnReady(uint events)
    {
        if (!_paused) AcceptSome();
    }

    void IReadinessTarget.OnLoopStopping() => Close();

    private void Register()
    {
        if (_fd >= 0) _key = _loop.Register(this, _fd);
    }

    private void Continue()
    {
        _paused = false;
        AcceptSome();
    }

    private void AcceptSome()
    {
        var bytes = stackalloc byte[SocketAddresses.MaxLength];
        for (var i = 0; i < AcceptsPerTurn; i++)
        {
            if (_fd < 0) return;
            var length = SocketAddresses.MaxLength;
            var fd = Native.accept4(_fd, bytes, &length, Native.SockNonBlockCloexec);
            if (fd >= 0)
            {
                // Before it goes to another loop: one that is busy would let them pile up.
                if (_places is not null && !_places.TryTake()) Refuse(fd);
                else HandOver(fd, SocketAddresses.Parse(bytes, length));
                continue;
            }
            switch (Native.LastError)
            {
                case Native.EAGAIN:
                    return;
                case Native.EMFILE or Native.ENFILE when RefuseOne():
                    continue;
                case Native.EMFILE or Native.ENFILE or Native.ENOBUFS or Native.ENOMEM:
                    _paused = true;
                    _loop.StartTimer(Pause, static listener => ((LoopListener)listener!).Continue(), this);
                    return;
                default:
                    // ECONNABORTED, EPROTO, EPERM, EINTR and the network errors of accept(2) concern that one connection only.
                    continue;
            }
        }
        // Edge-triggered: what is left over is not announced again. The sockets on this loop have their turn first.
        _loop.Post(static listener => ((LoopListener)listener!).AcceptSome(), this);
    }

    private void HandOver(int fd, IPEndPoint? peer)
    {
        var loop = _loops.Next();
        loop.ExpectSocket();
        if (loop == _loop) Adopt(loop, fd, peer);
        else loop.Post(() => Adopt(loop, fd, peer));
    }

    private void Adopt(EventLoop loop, int fd, IPEndPoint? peer)
    {
        LoopSocket socket;
        try
        {
            socket = new LoopSocket(loop, fd, isUnix: _unixPath is not null);
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException)
        {
            // The loop has ended, or epoll is at its limit of watches.
            Native.close(fd);
            _places?.Return();
            LogNotAdopted(failure.Message);
            return;
        }
        finally
        {
            loop.EndExpecting();
        }
        _accepted(socket, peer);
    }

    /// <summary>Answers the next connection in the queue with the refusal. False when even that cannot be done now.</summary>
    private bool RefuseOne()
    {
        WarnOfDescriptors();
        if (_reserve < 0 && (_reserve = OpenReserve()) < 0) return false;
        Native.close(_reserve);
        var fd = Native.accept4(_fd, null, null, Native.SockNonBlockCloexec);
        if (fd >= 0) Refuse(fd);
        _reserve = OpenReserve();
        return fd >= 0 && _reserve >= 0;
    }

    private void Refuse(int fd)
    {
        fixed (byte* start = _refusal.Span) Native.send(fd, start, (nuint)_refusal.Length, Native.MsgNoSignal);
        Native.shutdown(fd, Native.ShutWrite);
        Native.close(fd);
    }

    private void WarnOfDescriptors()
    {
        var now = Environment.TickCount64;
        if (_lastWarning != 0 && now - _lastWarning < 10_000) return;
        _lastWarning = now;
        LogNoDescriptors(LocalEndPoint);
    }

    private static int OpenReserve() => Native.open("/dev/null", Native.OpenReadCloexec);

    private void Close()
    {
        if (_fd < 0) return;
        _loop.Unregister(_key);
        Native.close(_fd);
        _fd = -1;
        if (_reserve >= 0) Native.close(_reserve);
        _reserve = -1;
        if (_unixPath is not null) File.Delete(_unixPath);
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "No file descriptor left for clients on {Address}: refusing connections. Raise the limit of open files (ulimit -n, LimitNOFILE=)")]
    private partial void LogNoDescriptors(EndPoint address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An accepted connection was closed again: {Reason}")]
    private partial void LogNotAdopted(string reason);
}
