using Microsoft.Extensions.Logging;

namespace Serverless.Host.Control;

internal sealed partial class DatabaseController
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Decision}")]
    private partial void LogDecided(string database, string decision);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: {Decision}")]
    private partial void LogNoted(string database, string decision);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Effect} {Outcome}{Reason}")]
    private partial void LogEnded(string database, string effect, string outcome, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: {Effect} ended in a way nobody thought of")]
    private partial void LogEffectThrew(Exception exception, string database, string effect);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Effect} of revision {Revision} is not carried out, the plan is at {Present}")]
    private partial void LogStale(string database, string effect, long revision, long present);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: this machine's clock is {Ahead} behind what was decided before: it was set back, or another gateway's is ahead. Until it has caught up, the times of rules pass at half speed. See to its time service (NTP)")]
    private partial void LogClockIsBack(string database, TimeSpan ahead);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: this machine's clock has caught up with what was decided")]
    private partial void LogClockIsCaughtUp(string database);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the compute crashed: {Reason}")]
    private partial void LogCrashed(string database, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: a compute runs already and is taken over")]
    private partial void LogAttached(string database);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: the compute could not be asked: {Reason}")]
    private partial void LogNotMeasured(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the compute could not be looked at, and is again in a while: {Reason}")]
    private partial void LogNotObserved(string database, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the gateway ends before all sessions were done: {Reason}")]
    private partial void LogBroken(string database, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: the compute could not be stopped: {Reason}")]
    private partial void LogNotStopped(string database, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: the compute runs on: {Reason}")]
    private partial void LogLeft(string database, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Database}: an input could not be handled")]
    private partial void LogStepFailed(Exception exception, string database);
}
