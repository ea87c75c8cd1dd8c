using System.Globalization;

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
            var held = new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            TryNameHolder(path);
            return held;
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

    /// <summary>Beside the lock, since whoever is refused it is refused a look at its file too. Only a help to people.</summary>
    private static void TryNameHolder(string path)
    {
        try
        {
            File.WriteAllText(HolderFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The lock is held all the same.
        }
    }

    private static string HolderFile(string path) => path + ".holder";

    private static string Holder(string path)
    {
        try
        {
            return $" (process {int.Parse(File.ReadAllText(HolderFile(path)), NumberStyles.None, CultureInfo.InvariantCulture)})";
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            return "";
        }
    }
}
