using Microsoft.Extensions.Logging;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Database}: two samples of its usage are {Apart:0} s apart, and `cpu` and `memory` are unknown where a gap comes near {Stale:0} s: rules that look at them do nothing meanwhile. Is the Metrics Server well, and its --metric-resolution 20 s or less?")]
    private partial void LogSparse(string database, double apart, double stale);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: pod {Pod} answers after {Milliseconds:0} ms")]
    private partial void LogStarted(string database, string pod, double milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: the start failed: {Reason}")]
    private partial void LogStartFailed(string database, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {StatefulSet} is scaled to 0")]
    private partial void LogStopped(string database, string statefulSet);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the pods of {StatefulSet} were not told to end within {Seconds:0} s of its being scaled to 0; is the controller manager of the cluster there?")]
    private partial void LogNotActed(string database, string statefulSet, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: {How}")]
    private partial void LogLost(string database, string how);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: {How}, and no other is wanted: somebody else scaled it to 0 or deleted it")]
    private partial void LogTakenDown(string database, string how);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: tried again on what is there now: {Reason}")]
    private partial void LogPutOff(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: its pods start at the size they have: {Reason}")]
    private partial void LogUnsized(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: stopping unprepared: {Reason}")]
    private partial void LogNotPrepared(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine runs on with the settings of a stop that came to nothing: {Reason}")]
    private partial void LogNotTakenBack(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the buffer pool keeps its size: {Reason}")]
    private partial void LogNotFitted(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: pod {Pod} may get the size that it was to have after all, since that could not be taken back: {Reason}")]
    private partial void LogNotGivenBack(string database, string pod, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine did not answer the gateway: {Reason}")]
    private partial void LogNoAnswer(string database, string reason);
}
