using Serverless.Host.Net;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// A running engine, held by a process descriptor: a signal can never reach another process that got its number, and its end is
/// noticed at once by the event loop, whether it is our child or one that an earlier gateway left.
/// </summary>
internal sealed class EngineProcess : IReadinessTarget, IDisposable
{
    private readonly EventLoop _loop;
    private readonly TaskCompletionSource<ProcessEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _guard = new();
    private readonly ulong _registration;
    private int _fd;

    private EngineProcess(int pid, long startTicks, int fd, EventLoop loop)
    {
        Pid = pid;
        StartTicks = startTicks;
        _fd = fd;
        _loop = loop;
        _registration = loop.Register(this, fd);
    }

    public int Pid { get; }

    public long StartTicks { get; }

    /// <summary>Completes when the process has ended; cancelled when it is no longer watched.</summary>
    public Task<ProcessEnd> Ended => _ended.Task;

    /// <summary>It runs, as far as the kernel says now (its end may still be on its way to <see cref="Ended"/>).</summary>
    public bool IsAlive => !_ended.Task.IsCompleted && ProcFiles.ReadStat(Pid) is { IsAlive: true } stat && stat.StartTicks == StartTicks;

    /// <summary>Takes hold of a process; null: it is gone, or (given the start that was recorded) another one has its number.</summary>
    public static async Task<EngineProcess?> OpenAsync(int pid, long? startTicks, EventLoop loop)
    {
        var fd = SystemCalls.OpenProcess(pid);
        if (fd < 0) return null;
        // Read after the descriptor was got: the two are of the same process now.
        if (ProcFiles.ReadStat(pid) is not { } stat || (startTicks is { } expected && stat.StartTicks != expected))
        {
            _ = SystemCalls.close(fd);
            return null;
        }
        await loop.SwitchTo();
        return new EngineProcess(pid, stat.StartTicks, fd, loop);
    }

    /// <summary>False: it was gone already.</summary>
    public bool Signal(int signal)
    {
        lock (_guard) return _fd >= 0 && SystemCalls.Signal(_fd, signal);
    }

    void IReadinessTarget.OnReady(uint events)
    {
        var end = Reap();
        Close();
        _ended.TrySetResult(end);
    }

    void IReadinessTarget.OnLoopStopping()
    {
        Close();
        _ended.TrySetCanceled();
    }

    /// <summary>Stops watching; the process goes on.</summary>
    public void Dispose() => _loop.Post(static process => ((IReadinessTarget)process!).OnLoopStopping(), this);

    private unsafe ProcessEnd Reap()
    {
        // siginfo_t: si_signo, si_errno, si_code, padding, then si_pid, si_uid, si_status (sigaction(2)).
        const int size = 128, code = 2, status = 6, exited = 1;
        var info = stackalloc int[size / sizeof(int)];
        new Span<int>(info, size / sizeof(int)).Clear();
        if (SystemCalls.waitid(SystemCalls.WaitByPidFd, _fd, info, SystemCalls.WaitExited | SystemCalls.WaitNoHang) != 0 || info[code] == 0) return default;
        return info[code] == exited ? new ProcessEnd(info[status], null) : new ProcessEnd(null, info[status]);
    }

    private void Close()
    {
        lock (_guard)
        {
            if (_fd < 0) return;
            _loop.Unregister(_registration);
            _ = SystemCalls.close(_fd);
            _fd = -1;
        }
    }
}
