using Serverless.Host.Net;

namespace Serverless.Host.Compute.Local;

/// <summary>Finds an engine that an earlier gateway left running on the data directory.</summary>
internal static class OrphanFinder
{
    /// <summary>The engine and the size recorded for it; null: none runs.</summary>
    public static async Task<(EngineProcess Process, ComputeSize? Size)?> FindAsync(EngineFolder folder, EventLoop loop)
    {
        if (ProcessRecord.Read(folder) is { } record && Uses(record.Pid, folder)
            && await EngineProcess.OpenAsync(record.Pid, record.StartTicks, loop) is { } recorded)
        {
            return (recorded, record.Size);
        }
        // The gateway may have been killed between starting the engine and recording it.
        foreach (var pid in ProcFiles.AllProcesses())
        {
            if (Uses(pid, folder) && await EngineProcess.OpenAsync(pid, startTicks: null, loop) is { } found) return (found, null);
        }
        return null;
    }

    private static bool Uses(int pid, EngineFolder folder) =>
        ProcFiles.ReadArguments(pid) is { } arguments && arguments.Contains(EngineArguments.DataDirectory(folder), StringComparer.Ordinal)
        && ProcFiles.ReadStat(pid) is { IsAlive: true };
}
