using System.Globalization;
using Serverless.Host.Compute.Local;

namespace Serverless.Tests.Integration.Compute;

/// <summary>Reads the limits of a process from the kernel, in either version of control groups.</summary>
internal static class ControlGroupFiles
{
    public static long ReadCpuMillicores(int pid)
    {
        var location = Of(pid);
        if (TryRead(location.Unified, "cpu.max") is { } both)
        {
            var fields = both.Split(' ');
            return Number(fields[0]) * 1000 / Number(fields[1]);
        }
        return Number(TryRead(location.Cpu, "cpu.cfs_quota_us")!) * 1000 / Number(TryRead(location.Cpu, "cpu.cfs_period_us")!);
    }

    public static long ReadMemory(int pid)
    {
        var location = Of(pid);
        return Number(TryRead(location.Unified, "memory.max") ?? TryRead(location.Memory, "memory.limit_in_bytes")!);
    }

    private static ControlGroupLocation Of(int pid) => ControlGroupLocation.Parse(File.ReadAllLines("/proc/self/mountinfo"), File.ReadAllLines($"/proc/{pid}/cgroup"));

    private static string? TryRead(string? folder, string file) =>
        folder is not null && File.Exists(Path.Combine(folder, file)) ? File.ReadAllText(Path.Combine(folder, file)).Trim() : null;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
