using System.Globalization;
using System.Text;

namespace Serverless.Host.Compute.Local;

/// <summary>What /proc tells of a process (proc(5)). Null where the process is gone.</summary>
internal static class ProcFiles
{
    /// <summary>USER_HZ: what /proc counts processor time and start times in, fixed to 100 in the Linux ABI of every architecture we run on.</summary>
    public const int TicksPerSecond = 100;

    /// <param name="State">`Z` and `X` are dead already.</param>
    /// <param name="CpuTicks">User and system time of all threads.</param>
    /// <param name="StartTicks">Start in ticks since boot: with the number it names a process for good.</param>
    public readonly record struct Stat(char State, long CpuTicks, long StartTicks)
    {
        public bool IsAlive => State is not ('Z' or 'X');
    }

    public static Stat? ReadStat(int pid) => Read(pid, "stat") is { } text ? ParseStat(text) : null;

    /// <summary>Fields after the last `)`, since the program's name may hold anything.</summary>
    internal static Stat? ParseStat(string text)
    {
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19
            ? new Stat(fields[0][0], Number(fields[11]) + Number(fields[12]), Number(fields[19]))
            : null;
    }

    /// <summary>Resident set in bytes.</summary>
    public static long? ReadResident(int pid) =>
        ReadStatus(pid, "VmRSS:") is { } text ? Number(text.Replace("kB", "", StringComparison.Ordinal).Trim()) * 1024 : null;

    /// <summary>The user that it acts as.</summary>
    public static uint? ReadUser(int pid) =>
        // Real, effective, saved, and that of the file system.
        ReadStatus(pid, "Uid:")?.Split('\t', StringSplitOptions.RemoveEmptyEntries) is { Length: > 1 } users && uint.TryParse(users[1], CultureInfo.InvariantCulture, out var user) ? user : null;

    public static string[]? ReadArguments(int pid) => Read(pid, "cmdline")?.Split('\0', StringSplitOptions.RemoveEmptyEntries);

    public static IEnumerable<int> AllProcesses()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) yield return pid;
        }
    }

    private static string? ReadStatus(int pid, string field) =>
        Read(pid, "status")?.Split('\n').FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal))?[field.Length..];

    private static long Number(string text) => long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string? Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}", Encoding.UTF8);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
