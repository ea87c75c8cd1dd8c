using System.Text;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// The engine's log: what it writes to its output. Kept within a bound: turned over when it has grown, keeping one older file.
/// </summary>
internal sealed class EngineLog(string path)
{
    private const long TurnAtStart = 1 << 20, TurnWhileRunning = 16 << 20;
    private const int TailBytes = 16 << 10, TailLines = 5, LineLength = 300;

    public string Path => path;

    private string Older => path + ".1";

    /// <summary>Before a start: nobody has the file open.</summary>
    public void TurnOver()
    {
        if (Length > TurnAtStart) File.Move(path, Older, overwrite: true);
    }

    /// <summary>While the engine writes to it, which it does by appending, so that it goes on at the beginning of the emptied file.</summary>
    public void Bound()
    {
        if (Length <= TurnWhileRunning) return;
        try
        {
            File.Copy(path, Older, overwrite: true);
        }
        catch (IOException)
        {
            // A full disk is no reason to go on filling it: better no older log than one that grows for ever.
            File.Delete(Older);
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(0);
    }

    /// <summary>Where the log ends now, for <see cref="Explain"/>.</summary>
    public long Length => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>The lines that say best why it ended: its errors since that point, or the last lines.</summary>
    public string Explain(long since)
    {
        var lines = ReadTail(since).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = lines.Where(line => line.Contains("[ERROR]", StringComparison.Ordinal) || line.Contains(" got signal ", StringComparison.Ordinal)).ToArray();
        var chosen = (errors.Length > 0 ? errors : lines).TakeLast(TailLines).Select(line => line.Length > LineLength ? line[..LineLength] + "…" : line).ToArray();
        return chosen.Length > 0 ? $"its log {path} says: {string.Join(" | ", chosen)}" : $"its log {path} says nothing";
    }

    private string ReadTail(long since)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(Math.Max(Math.Min(since, file.Length), file.Length - TailBytes), SeekOrigin.Begin);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
