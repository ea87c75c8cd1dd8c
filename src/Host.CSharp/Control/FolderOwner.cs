using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control;

/// <summary>Which StatefulSet a database's directory tells of.</summary>
/// <param name="Uid">Another one of the same name has another.</param>
internal sealed record FolderOwner(string Namespace, string Name, string Uid);

/// <summary>
/// A directory is found again by the name of its database, which another StatefulSet may have by now: what it knows of the one before, whose accounts are not this one's, is not taken for it. The audit log, of what
/// was done under the name, stays.
/// </summary>
internal static partial class FolderOwners
{
    private const string Note = "statefulset.json";

    /// <summary>Forgets what is kept of another StatefulSet, and notes whose the directory is. One without a note is taken as it is.</summary>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory does not let us.</exception>
    public static void Settle(string directory, FolderOwner owner, ILogger logger)
    {
        Directory.CreateDirectory(directory);
        string note = Path.Combine(directory, Note);
        FolderOwner? before = Read(note, logger);
        if (before == owner)
        {
            return;
        }

        if (before is not null)
        {
            // made anew under its name it has other accounts, perhaps, and is paused as before
            bool isSameName = (before.Namespace, before.Name) == (owner.Namespace, owner.Name);
            LogOther(logger, directory, $"{before.Namespace}/{before.Name} ({before.Uid})", $"{owner.Namespace}/{owner.Name} ({owner.Uid})", isSameName ? "accounts" : "accounts and state");
            File.Delete(Path.Combine(directory, Database.AccountsFile));
            if (!isSameName)
            {
                File.Delete(Path.Combine(directory, Database.StateFile));
            }
        }

        // last: whoever is killed before does it again
        PrivateFile.Replace(note, JsonSerializer.SerializeToUtf8Bytes(owner, FolderOwnerJson.Default.FolderOwner));
    }

    private static FolderOwner? Read(string note, ILogger logger)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(note), FolderOwnerJson.Default.FolderOwner);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            LogUnreadable(logger, note, e.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Directory} tells of StatefulSet {Before}, and the database is StatefulSet {Now}: its {What} begin anew, and it is woken once to read accounts")]
    private static partial void LogOther(ILogger logger, string directory, string before, string now, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read in {Note} which StatefulSet the directory tells of, and what is kept there is taken for this one's: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string note, string reason);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(FolderOwner))]
internal sealed partial class FolderOwnerJson : JsonSerializerContext;
