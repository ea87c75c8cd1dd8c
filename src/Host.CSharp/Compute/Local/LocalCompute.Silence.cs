using Serverless.Host.Compute.Engine;

namespace Serverless.Host.Compute.Local;

public sealed partial class LocalCompute
{
    /// <summary>
    /// An engine that is stopped, or caught in itself, still has its process and its connections, and answers nobody. It is asked whenever it is looked at, and
    /// killed when it has been silent for too long: then it has crashed, and is started again when somebody needs it.
    /// </summary>
    private async Task LookForSilenceAsync(RunningEngine engine, CancellationToken cancellation)
    {
        var asked = _time.GetTimestamp();
        if (await engine.Sql.WhySilentAsync(cancellation) is not { } why)
        {
            if (engine.SilentSince is { } silent) LogAnswersAgain(_options.Name, _time.GetElapsedTime(silent));
            engine.SilentSince = null;
            return;
        }
        // One that has ended, or is to, is noticed elsewhere.
        if (!engine.Process.IsAlive || engine.EndIsExpected) return;
        if (engine.SilentSince is null) LogSilent(_options.Name, engine.Process.Pid, why.Message, _options.SilenceLimit);
        var since = engine.SilentSince ??= asked;
        var silence = _time.GetElapsedTime(since);
        if (silence < _options.SilenceLimit) return;
        LogKilledForSilence(_options.Name, engine.Process.Pid, silence);
        engine.Process.Signal(SystemCalls.SigKill);
    }
}
