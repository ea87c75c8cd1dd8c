using Microsoft.Extensions.Logging;

namespace Serverless.Host.Control.Policies;

internal sealed partial class RuleFolderWatch
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Policy {Policy} is in force, revision {Revision}, from {Folder}")]
    private partial void LogTaken(string policy, string revision, string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "The rule files in {Folder} change nothing, they cannot be used:\n{Report}")]
    private partial void LogRejected(string folder, string report);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The rule folder {Folder} is looked at once a second, the system cannot tell of changes: {Reason}")]
    private partial void LogUnwatched(string folder, string reason);
}
