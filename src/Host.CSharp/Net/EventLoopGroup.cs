using Microsoft.Extensions.Logging;

namespace Serverless.Host.Net;

/// <summary>A fixed number of loops, usually one per processor core.</summary>
public sealed class EventLoopGroup : IDisposable
{
    private readonly EventLoop[] _loops;
    private int _turn;

    public EventLoopGroup(int count, ILogger? logger = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _loops = [.. Enumerable.Range(0, count).Select(i => new EventLoop($"loop {i}", logger))];
    }

    public IReadOnlyList<EventLoop> Loops => _loops;

    /// <summary>The loop with the fewest sockets; equals take turns. From any thread.</summary>
    public EventLoop Next()
    {
        var start = (uint)Interlocked.Increment(ref _turn);
        var best = _loops[start % (uint)_loops.Length];
        for (var i = 1u; i < _loops.Length; i++)
        {
            var candidate = _loops[(start + i) % (uint)_loops.Length];
            if (candidate.SocketCount < best.SocketCount) best = candidate;
        }
        return best;
    }

    public void Dispose()
    {
        foreach (var loop in _loops) loop.Dispose();
    }
}
