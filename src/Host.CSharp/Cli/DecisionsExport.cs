using System.Text;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

namespace Serverless.Host.Cli;

/// <summary>Writes what a gateway saw as a load of comma-separated values, which `rules simulate --load` reads.</summary>
internal static class DecisionsExport
{
    /// <summary>From the audit log on disk: a folder or a file of it.</summary>
    /// <exception cref="CommandFailedException">There is no log, it cannot be read, or the file cannot be written.</exception>
    public static async Task FromDiskAsync(string log, string target, TextWriter output, CancellationToken cancellation)
    {
        IReadOnlyList<string> files = Directory.Exists(log) ? AuditLog.AuditFiles(log) : File.Exists(log) ? [log] : [];
        if (files.Count == 0)
        {
            throw new CommandFailedException(
                Directory.Exists(log) ? $"--audit {log}: there is no audit file in it (expected files like 00000001.jsonl)" : $"--audit {log}: there is no such file or folder");
        }

        await WriteAsync(log, files, target, output, cancellation);
    }

    /// <summary>From a running gateway, which gives out its log.</summary>
    /// <exception cref="CommandFailedException">It does not answer, nothing was recorded, or the file cannot be written.</exception>
    public static async Task FromGatewayAsync(AdminClient client, string database, string target, TextWriter output, CancellationToken cancellation)
    {
        string log = Path.GetTempFileName();
        try
        {
            await client.SaveAsync($"/api/databases/{Uri.EscapeDataString(database)}/audit", log, cancellation);
            await WriteAsync($"the audit log of {database}", [log], target, output, cancellation);
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static async Task WriteAsync(string what, IReadOnlyList<string> files, string target, TextWriter output, CancellationToken cancellation)
    {
        AuditTrace trace;
        try
        {
            trace = await AuditTrace.ReadAsync(files, cancellation);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(e.Message, e);
        }

        if (trace.Recorded.LengthMs == 0)
        {
            throw new CommandFailedException($"{what}: expected inputs at two instants at least, found nothing that lasts, and {target} was not written");
        }

        LoadSource load = trace.Recorded.ToLoad(what);
        long rows = Save(target, load, trace);
        await output.WriteLineAsync(
            $"{target}: {QuantityText.OfMilliseconds(trace.Recorded.LengthMs)} from {InstantText.Plain(load.StartMs)}, {rows} rows; simulate it with: serverless rules simulate RULES --load {target}");
    }

    /// <summary>In one step: a file that was there stays until the new one is whole.</summary>
    private static long Save(string target, LoadSource load, AuditTrace trace)
    {
        string temporary = $"{target}.{Environment.ProcessId}.new";
        try
        {
            long rows;
            using (var file = new StreamWriter(temporary, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
            {
                rows = LoadText.Write(load, trace.Policies, file);
            }

            File.Move(temporary, target, overwrite: true);
            return rows;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            TryDelete(temporary);
            throw new CommandFailedException($"--export {target}: it cannot be written: {e.Message}", e);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // what kept it from being written is what is told
        }
    }
}
