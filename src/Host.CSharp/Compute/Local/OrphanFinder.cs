using Serverless.Host.Net;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// Finds an engine that an earlier gateway left running on the data directory. Nothing else that names the directory is one: not the engine's own tools,
/// which may be at work on it while it sleeps, nor a process of somebody else's, who could put anything on a command line.
/// </summary>
internal static class OrphanFinder
{
    /// <summary>The engine and the size recorded for it; null: none runs.</summary>
    public static async Task<(EngineProcess Process, ComputeSize? Size)?> FindAsync(EngineFolder folder, EventLoop loop)
    {
        if (ProcessRecord.Read(folder) is { } record && await OpenAsync(record.Pid, record.StartTicks, folder, loop) is { } recorded) return (recorded, record.Size);
        // The gateway may have been killed between starting the engine and recording it.
        foreach (var pid in ProcFiles.AllProcesses())
        {
            if (await OpenAsync(pid, startTicks: null, folder, loop) is { } found) return (found, null);
        }
        return null;
    }

    private static async Task<EngineProcess?> OpenAsync(int pid, long? startTicks, EngineFolder folder, EventLoop loop)
    {
        if (!Serves(pid, folder) || await EngineProcess.OpenAsync(pid, startTicks, loop) is not { } process) return null;
        // Once more, now that it is held: the number may have become another process's in between.
        if (Serves(pid, folder)) return process;
        process.Dispose();
        return null;
    }

    private static bool Serves(int pid, EngineFolder folder) =>
        ProcFiles.ReadArguments(pid) is { } arguments && EngineArguments.AreForServing(arguments, folder)
        && ProcFiles.ReadUser(pid) is { } user && folder.MayBeRunBy(user)
        && ProcFiles.ReadStat(pid) is { IsAlive: true };
}
