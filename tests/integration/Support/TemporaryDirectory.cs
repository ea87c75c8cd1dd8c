namespace Serverless.Tests.Integration.Support;

/// <summary>A directory of a test, short enough for Unix socket paths, gone when disposed.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sls-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A server that was killed may still be unlinking its files; the directory is under /tmp.
        }
    }
}
