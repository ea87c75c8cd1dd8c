using System.Text;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control;

/// <summary>In a file of the database's directory, which is this gateway's alone.</summary>
internal sealed class FileStateStore(string path) : IStateStore
{
    public string Place => path;

    public TimeSpan Lazily { get; } = TimeSpan.FromSeconds(5);

    /// <summary>What was kept is kept elsewhere by now, and must not come back. As far as that can be done: what is left is read only where nothing is kept there.</summary>
    public void Remove()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // the place where it is kept by now counts all the same
        }
    }

    public async Task<string?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellation);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // the first start on this directory
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public Task<bool> WriteAsync(string state, string? term, CancellationToken cancellation)
    {
        try
        {
            PrivateFile.Replace(path, Encoding.UTF8.GetBytes(state));
            return Task.FromResult(true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
