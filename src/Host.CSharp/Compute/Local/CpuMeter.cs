namespace Serverless.Host.Compute.Local;

/// <summary>Mean processor use of a process between two looks at it.</summary>
internal sealed class CpuMeter(TimeProvider time)
{
    private (int Pid, long StartTicks, long CpuTicks, long At)? _last;

    /// <summary>Millicores since the last look at the same process; null at the first one.</summary>
    public double? Read(int pid, long startTicks)
    {
        if (ProcFiles.ReadStat(pid) is not { } stat || stat.StartTicks != startTicks)
        {
            _last = null;
            return null;
        }
        var now = time.GetTimestamp();
        double? usage = null;
        if (_last is { } last && last.Pid == pid && last.StartTicks == startTicks && time.GetElapsedTime(last.At, now).TotalSeconds is > 0 and var seconds)
        {
            usage = (stat.CpuTicks - last.CpuTicks) * 1000.0 / ProcFiles.TicksPerSecond / seconds;
        }
        _last = (pid, startTicks, stat.CpuTicks, now);
        return usage;
    }
}
