using System.Globalization;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// A control group of the engine's own, which makes its size a limit of the kernel's. Version 2 of the interface: docs.kernel.org, "Control Group v2";
/// version 1: "CPU bandwidth control" and "Memory Resource Controller" there.
/// </summary>
internal sealed class ControlGroup
{
    private const int PeriodMicroseconds = 100_000;

    /// <summary>The least quota that the kernel takes.</summary>
    private const long LeastQuota = 1_000;

    private readonly string? _cpu;
    private readonly string? _memory;
    private readonly bool _unified;

    private ControlGroup(string? cpu, string? memory, bool unified)
    {
        _cpu = cpu;
        _memory = memory;
        _unified = unified;
    }

    /// <summary>What it can limit, in words.</summary>
    public string Limits => (_cpu, _memory) switch { (not null, not null) => "cpu and memory", (not null, null) => "cpu", _ => "memory" };

    public bool LimitsMemory => _memory is not null;

    /// <summary>Makes the group where this process may; null, and why, where it may not.</summary>
    /// <param name="name">Name of the group, unique on the machine.</param>
    public static (ControlGroup? Group, string? WhyNot) TryMake(string name)
    {
        var location = ControlGroupLocation.Read();
        if (location.Unified is { } unified && TryMakeUnified(unified, name) is { } second) return (second, null);
        var cpu = location.Cpu is { } cpuParent ? TryMakeFolder(cpuParent, name, "cpu.cfs_quota_us") : null;
        var memory = location.Memory is { } memoryParent ? TryMakeFolder(memoryParent, name, "memory.limit_in_bytes") : null;
        if (cpu is not null || memory is not null) return (new ControlGroup(cpu, memory, unified: false), null);
        return (null, "no control group can be written here (systemd: Delegate=yes and DelegateSubgroup=; or run as root)");
    }

    /// <summary>Takes the process into the group, with all its threads.</summary>
    public void Add(int pid)
    {
        foreach (var folder in Folders) Write(folder, "cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));
    }

    public void LimitCpu(long millicores)
    {
        if (_cpu is null) return;
        var quota = Math.Max(LeastQuota, millicores * PeriodMicroseconds / 1000);
        if (_unified)
        {
            Write(_cpu, "cpu.max", $"{quota} {PeriodMicroseconds}");
            return;
        }
        Write(_cpu, "cpu.cfs_period_us", PeriodMicroseconds.ToString(CultureInfo.InvariantCulture));
        Write(_cpu, "cpu.cfs_quota_us", quota.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A start is not to be slowed down by the size that it starts at.</summary>
    public void UnlimitCpu()
    {
        if (_cpu is not null) Write(_cpu, _unified ? "cpu.max" : "cpu.cfs_quota_us", _unified ? "max" : "-1");
    }

    public void LimitMemory(long bytes)
    {
        if (_memory is not null) Write(_memory, _unified ? "memory.max" : "memory.limit_in_bytes", bytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Removes the group; it must be empty. The kernel needs a moment after the last process, so a refusal is no error: the next start uses it again.</summary>
    public void Remove()
    {
        foreach (var folder in Folders)
        {
            try
            {
                if (Directory.Exists(folder)) Directory.Delete(folder);
            }
            catch (IOException)
            {
                // Not empty yet.
            }
        }
    }

    private IEnumerable<string> Folders => _cpu == _memory ? [_cpu!] : new[] { _cpu, _memory }.OfType<string>();

    /// <summary>Below our own group, or beside it: a group with processes cannot share out to others in version 2.</summary>
    private static ControlGroup? TryMakeUnified(string own, string name)
    {
        foreach (var parent in new[] { own, Path.GetDirectoryName(own) })
        {
            if (parent is null || TryMakeFolder(parent, name, "cgroup.procs") is not { } folder) continue;
            var cpu = File.Exists(Path.Combine(folder, "cpu.max"));
            var memory = File.Exists(Path.Combine(folder, "memory.max"));
            if (cpu || memory) return new ControlGroup(cpu ? folder : null, memory ? folder : null, unified: true);
            Directory.Delete(folder);
        }
        return null;
    }

    /// <summary>Null: not allowed, or what is to be set is not there.</summary>
    private static string? TryMakeFolder(string parent, string name, string needed)
    {
        var folder = Path.Combine(parent, name);
        try
        {
            if (!File.Exists(Path.Combine(parent, "cgroup.procs"))) return null;
            Directory.CreateDirectory(folder);
            using (new FileStream(Path.Combine(folder, needed), FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) return folder;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            TryDelete(folder);
            return null;
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // An empty group costs nothing.
        }
    }

    private static void Write(string folder, string file, string value)
    {
        using var stream = new FileStream(Path.Combine(folder, file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(value));
    }
}
