namespace Serverless.Host.Net;

/// <summary>
/// A timer of one loop, made by <see cref="EventLoop.StartTimer"/>. Resolution is a few milliseconds. Cancelling costs O(log n), so
/// a timer can serve as a deadline that nearly always is cancelled, and can be started again without an allocation.
/// To be used on its loop's thread only.
/// </summary>
public sealed class LoopTimer
{
    private readonly EventLoop _loop;
    private readonly Action<object?> _callback;
    private readonly object? _state;

    internal LoopTimer(EventLoop loop, Action<object?> callback, object? state)
    {
        _loop = loop;
        _callback = callback;
        _state = state;
    }

    /// <summary>It is started and has not fired.</summary>
    public bool IsPending => HeapIndex >= 0;

    /// <summary>In milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    internal long Due { get; set; }

    internal int HeapIndex { get; set; } = -1;

    /// <summary>Starts it again, whether it is pending or not.</summary>
    public void Restart(TimeSpan delay)
    {
        _loop.VerifyAccess();
        Cancel();
        Due = Environment.TickCount64 + Math.Max(0, (long)Math.Ceiling(delay.TotalMilliseconds));
        _loop.Timers.Add(this);
    }

    public void Cancel()
    {
        _loop.VerifyAccess();
        if (IsPending) _loop.Timers.Remove(this);
    }

    internal void Fire() => _callback(_state);
}
