using System.Text;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control;

/// <summary>In a file of the database's directory, which is this gateway's alone.</summary>
internal sealed class FileStateStore(string path) : IStateStore
{
    public string Place => path;

    public TimeSpan Lazily { get; } = TimeSpan.FromSeconds(5);

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

    public Task WriteAsync(string state, CancellationToken cancellation)
    {
        try
        {
            PrivateFile.Replace(path, Encoding.UTF8.GetBytes(state));
            return Task.CompletedTask;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
