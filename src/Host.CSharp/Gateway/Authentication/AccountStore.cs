using System.Text.Json;
using Microsoft.Extensions.Logging;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>What is remembered of an engine between its runs, and between those of the gateway.</summary>
public sealed record EngineMemory(AccountSnapshot Accounts, ServerProfile? Profile);

/// <summary>
/// Keeps the account snapshot and the server profile in a file, so that clients can be greeted and authenticated while the engine sleeps,
/// also after the gateway itself started again. The file holds password hashes: it is readable by its owner only (0600).
/// Not for use on an event loop: it waits for the disk.
/// </summary>
public sealed partial class AccountStore(string path, ILogger<AccountStore> logger)
{
    // Calls may come from several threads, and the temporary name is one.
    private readonly Lock _gate = new();

    /// <summary>What was saved last; null when there is nothing, or nothing that can be read (then a warning says why).</summary>
    public EngineMemory? Load()
    {
        lock (_gate)
        {
            try
            {
                return StoredEngine.FromJson(File.ReadAllBytes(path));
            }
            catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException or NotSupportedException)
            {
                LogUnreadable(path, failure.Message);
            }
            return null;
        }
    }

    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder does not let us.</exception>
    public void Save(EngineMemory memory)
    {
        var json = StoredEngine.ToJson(memory);
        lock (_gate) PrivateFile.Replace(path, json);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read the remembered accounts in {Path}: {Reason}. Nobody can log in until the engine has run once; then the file is written anew.")]
    private partial void LogUnreadable(string path, string reason);
}
