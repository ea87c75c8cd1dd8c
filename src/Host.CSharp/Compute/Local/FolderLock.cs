using System.Globalization;
using System.Text;

namespace Serverless.Host.Compute.Local;

/// <summary>At most one gateway uses a data directory: an advisory lock (flock) that the kernel gives back when the process dies, however it dies.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <exception cref="ComputeException">Another process holds it.</exception>
    public static FolderLock Take(string path)
    {
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Unix.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new FolderLock(file);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new ComputeException($"The lock {path} cannot be opened: {failure.Message} Run as the user that owns the data directory.", failure);
        }
        catch (IOException failure)
        {
            throw new ComputeException($"The data directory {Path.GetDirectoryName(path)} is in use by another gateway{Holder(path)}. Stop that one, or choose another data directory.", failure);
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            var pid = reader.ReadToEnd().Trim();
            return pid.Length is > 0 and < 12 ? $" (process {pid})" : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
