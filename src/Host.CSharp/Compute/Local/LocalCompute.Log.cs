using Microsoft.Extensions.Logging;

namespace Serverless.Host.Compute.Local;

public sealed partial class LocalCompute
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Engine} started as process {Pid} with {Millicores}m cpu and {MebiBytes} MiB")]
    private partial void LogStarted(string database, string engine, int pid, long millicores, long mebiBytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: the engine stopped in {Milliseconds:0} ms")]
    private partial void LogStopped(string database, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: found the engine of an earlier gateway running as process {Pid}")]
    private partial void LogOrphan(string database, int pid);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine found running as process {Pid} does not answer; it is stopped")]
    private partial void LogSilentOrphan(string database, int pid);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine (process {Pid}) does not answer: {Reason}. It is killed when it has not for {Limit} (engine:silentFor)")]
    private partial void LogSilent(string database, int pid, string reason, TimeSpan limit);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: the engine answers again, after {Silence}")]
    private partial void LogAnswersAgain(string database, TimeSpan silence);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: the engine (process {Pid}) has not answered for {Silence} and is killed, so that another one can take its place")]
    private partial void LogKilledForSilence(string database, int pid, TimeSpan silence);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: {How}")]
    private partial void LogCrashed(string database, string how);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: the start failed: {Reason}")]
    private partial void LogStartFailed(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine refuses the gateway's own account; it is started once more to make that account anew")]
    private partial void LogMendingAccount(string database);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: stopping unprepared: {Reason}")]
    private partial void LogNotPrepared(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: process {Pid} did not end within {Seconds:0} s of SIGTERM and is killed; the next start has to recover")]
    private partial void LogKilling(string database, int pid, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the running engine keeps its size: {Reason}")]
    private partial void LogNotResized(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine did not answer the gateway: {Reason}")]
    private partial void LogNoAnswer(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: {Engine} needs {Least} MiB to run at all, so the limit is that and not the {Size} MiB of its size; raise the lower bound of the size")]
    private partial void LogTooSmall(string database, string engine, long least, long size);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the engine runs without the limits of its size: {Reason}")]
    private partial void LogNotLimited(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the running engine could not be recorded: {Reason}")]
    private partial void LogNotRecorded(string database, string reason);
}
