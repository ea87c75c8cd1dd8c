using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Serverless.Host.Net;

/// <summary>
/// One dedicated thread with an epoll instance, a run queue and timers. Everything that belongs to a loop (its sockets, its timers,
/// the sessions on them) is touched on its thread only, so none of it needs a lock.
/// <list type="bullet">
/// <item>Code on a loop must never block; heavy computation goes to the thread pool (`await Task.Run`) and comes back by itself,
/// because the loop's <see cref="SynchronizationContext"/> is installed on its thread.</item>
/// <item>Waits on a <see cref="LoopSocket"/> resume inline: no thread hop, no allocation.</item>
/// <item>Awaiting a pooled <see cref="ValueTask"/> (those of the packet channel) resumes inline too, with nothing allocated, when
/// `ConfigureAwait(false)` is given; without it the continuation goes round through the run queue. For an ordinary <see cref="Task"/> the
/// opposite holds: `ConfigureAwait(false)` leaves the loop.</item>
/// <item>Other threads come in by `Post` or `await loop.SwitchTo()`.</item>
/// </list>
/// </summary>
public sealed partial class EventLoop : IDisposable
{
    private const ulong WakeData = ulong.MaxValue;

    [ThreadStatic] private static EventLoop? t_current;

    private readonly Thread _thread;
    private readonly Epoll _epoll = new();
    private readonly int _wakeFd;
    private readonly WorkQueue _work = new();
    private readonly TargetTable _targets = new();
    private readonly ILogger _logger;
    private int _sleeping;
    private int _disposed;
    private volatile bool _stopping;
    private volatile int _socketCount;
    private int _coming;

    /// <summary>Makes the loop and starts its thread.</summary>
    public EventLoop(string name = "loop", ILogger? logger = null)
    {
        _logger = logger ?? NullLogger.Instance;
        _wakeFd = Native.eventfd(0, Native.EventFdNonBlockCloexec);
        if (_wakeFd < 0) throw new IOException($"eventfd failed: {Native.Describe(Native.LastError)}");
        // Edge-triggered, so that each write wakes once and the counter need never be read back.
        _epoll.Add(_wakeFd, Native.EpollIn | Native.EpollEdge, WakeData);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>The loop whose thread this is, or null.</summary>
    public static EventLoop? Current => t_current;

    public bool IsCurrent => t_current == this;

    public string Name => _thread.Name!;

    /// <summary>Sockets that are open on this loop, or on their way to it; may be read from any thread.</summary>
    public int SocketCount => _socketCount + Volatile.Read(ref _coming);

    internal TimerHeap Timers { get; } = new();

    internal ILogger Logger => _logger;

    /// <summary>Runs the callback on the loop's thread, later. From any thread.</summary>
    public void Post(Action<object?> callback, object? state) => PostWork(callback, state);

    /// <inheritdoc cref="Post(Action{object?}, object?)"/>
    public void Post(Action callback) => PostWork(callback, state: null);

    /// <summary>`await loop.SwitchTo()` goes on on the loop's thread. From any thread.</summary>
    public SwitchToLoop SwitchTo() => new(this);

    /// <summary>Runs the function on the loop and hands out its result; from any thread.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> function)
    {
        await SwitchTo();
        return await function();
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public async Task RunAsync(Func<Task> function)
    {
        await SwitchTo();
        await function();
    }

    /// <summary>Calls back on the loop's thread after the delay (a few milliseconds coarse). On the loop's thread only.</summary>
    public LoopTimer StartTimer(TimeSpan delay, Action<object?> callback, object? state = null)
    {
        var timer = new LoopTimer(this, callback, state);
        timer.Restart(delay);
        return timer;
    }

    /// <summary>Completes after the delay, on the loop. From any thread.</summary>
    public async Task DelayAsync(TimeSpan delay, CancellationToken cancellation = default)
    {
        await SwitchTo();
        cancellation.ThrowIfCancellationRequested();
        var done = new TaskCompletionSource();
        var timer = StartTimer(delay, static state => ((TaskCompletionSource)state!).TrySetResult(), done);
        using (cancellation.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetCanceled(), done))
        {
            try
            {
                await done.Task;
            }
            finally
            {
                timer.Cancel();
            }
        }
    }

    /// <summary>Throws when the calling thread is not the loop's.</summary>
    public void VerifyAccess()
    {
        if (t_current != this) throw new InvalidOperationException($"This must be called on the thread of {Name}: await EventLoop.SwitchTo() first.");
    }

    /// <summary>Ends the loop: its sockets are aborted, what was posted runs, the thread ends. Waits for that, except on the loop itself.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _stopping = true;
            Wake();
        }
        if (!IsCurrent) _thread.Join();
    }

    internal void PostWork(object callback, object? state)
    {
        var item = new WorkQueue.Item(callback, state);
        if (_work.TryAdd(item))
        {
            if (!IsCurrent && Interlocked.Exchange(ref _sleeping, 0) == 1) Wake();
        }
        else
        {
            // The loop has ended and all its sockets are closed: what still comes finds that out on the thread pool, and nobody waits for ever.
            ThreadPool.UnsafeQueueUserWorkItem(static item => item.Run(), item, preferLocal: false);
        }
    }

    /// <summary>A socket will be handed to this loop: it counts from now on, so that a busy loop is not given all that come meanwhile.</summary>
    internal void ExpectSocket() => Interlocked.Increment(ref _coming);

    /// <summary>It has come, or will not.</summary>
    internal void EndExpecting() => Interlocked.Decrement(ref _coming);

    internal ulong Register(IReadinessTarget target, int fd)
    {
        VerifyAccess();
        var data = _targets.Add(target);
        try
        {
            _epoll.Add(fd, LoopSocket.IdleInterest, data);
        }
        catch
        {
            _targets.Remove(data);
            throw;
        }
        _socketCount = _targets.Count;
        return data;
    }

    internal void ChangeInterest(int fd, uint events, ulong data) => _epoll.Modify(fd, events, data);

    internal void Unregister(ulong data)
    {
        _targets.Remove(data);
        _socketCount = _targets.Count;
    }

    private unsafe void Wake()
    {
        ulong one = 1;
        Native.write(_wakeFd, &one, sizeof(ulong));
    }

    private void Run()
    {
        t_current = this;
        SynchronizationContext.SetSynchronizationContext(new LoopSynchronizationContext(this));
        try
        {
            while (!_stopping)
            {
                RunPosted();
                RunTimers();
                var timeout = WaitTime();
                Volatile.Write(ref _sleeping, 1);
                Interlocked.MemoryBarrier();
                if (!_work.IsEmpty || _stopping) timeout = 0;
                var count = _epoll.Wait(timeout);
                Volatile.Write(ref _sleeping, 0);
                for (var i = 0; i < count; i++) Dispatch(_epoll.DataAt(i), _epoll.EventsAt(i));
            }
        }
        finally
        {
            Stop();
        }
    }

    private void Dispatch(ulong data, uint events)
    {
        if (data == WakeData || _targets.Find(data) is not { } target) return;
        try
        {
            target.OnReady(events);
        }
        catch (Exception failure)
        {
            LogUnhandled(Name, failure);
        }
    }

    private void RunPosted()
    {
        if (_work.IsEmpty) return;
        var items = _work.TakeAll();
        foreach (var item in items) RunItem(item);
        // What has run is not kept alive until the next post.
        items.Clear();
    }

    private void RunItem(WorkQueue.Item item)
    {
        try
        {
            item.Run();
        }
        catch (Exception failure)
        {
            LogUnhandled(Name, failure);
        }
    }

    private void RunTimers()
    {
        if (Timers.Count == 0) return;
        var now = Environment.TickCount64;
        while (Timers.Next is { } timer && timer.Due <= now)
        {
            Timers.Remove(timer);
            try
            {
                timer.Fire();
            }
            catch (Exception failure)
            {
                LogUnhandled(Name, failure);
            }
        }
    }

    private int WaitTime() =>
        Timers.Next is { } timer ? (int)Math.Clamp(timer.Due - Environment.TickCount64, 0, int.MaxValue) : -1;

    private void Stop()
    {
        Volatile.Write(ref _sleeping, 0);
        foreach (var target in _targets.All())
        {
            try
            {
                target.OnLoopStopping();
            }
            catch (Exception failure)
            {
                LogUnhandled(Name, failure);
            }
        }
        // Those woken by it get a few turns to end; whatever comes later runs on the thread pool.
        for (var turn = 0; turn < 100 && !_work.IsEmpty; turn++) RunPosted();
        foreach (var item in _work.Close()) RunItem(item);
        _epoll.Dispose();
        Native.close(_wakeFd);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Unhandled exception on {Loop}; the loop goes on")]
    private partial void LogUnhandled(string loop, Exception failure);
}
