using Microsoft.Extensions.Logging;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

internal sealed partial class ResourceCache<T>
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Kubernetes: what happens to {Resource} is not heard of: {Reason}. It is tried again, and until then what was last known is old")]
    private partial void LogLost(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Kubernetes: what happens to {Resource} is heard of again, after {Failures} failures")]
    private partial void LogFound(string resource, int failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kubernetes: {Resource} {Name} cannot be read and is taken to be as it was: {Reason}")]
    private partial void LogUnreadable(string resource, ObjectName name, string reason);
}
