using Serverless.Host.Compute.Engine;

namespace Serverless.Host.Compute.Local;

public sealed partial class LocalCompute
{
    /// <summary>After SIGKILL only the kernel's own work, such as writing back a dump of its memory, can hold a process.</summary>
    private static readonly TimeSpan s_killLimit = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async ValueTask<EffectResult> StopAsync(bool hurry, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var phases = new PhaseClock(_time);
            await FindOrphanAsync();
            if (_engine is not { } engine) return new EffectResult.Done(phases.PhasesMs);
            if (!hurry) await PrepareAsync(engine, cancellation);
            phases.Mark("prepare");
            return await EndAsync(engine, hurry ? _options.HurriedStopLimit : _options.StopLimit, phases, cancellation)
                ? new EffectResult.Done(phases.PhasesMs)
                : new EffectResult.Failed($"The engine (process {engine.Process.Pid}) does not end, not even by SIGKILL; the kernel holds it");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new EffectResult.Failed(failure.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task PrepareAsync(RunningEngine engine, CancellationToken cancellation)
    {
        try
        {
            if (await StopPreparation.RunAsync(engine.Sql, _options.PrepareLimit, _time, cancellation) is { } undone) LogNotPrepared(_options.Name, undone);
        }
        catch (EngineSqlException failure)
        {
            LogNotPrepared(_options.Name, failure.Message);
        }
    }

    /// <summary>SIGTERM, bounded, then SIGKILL with a warning. False: it still runs.</summary>
    private async Task<bool> EndAsync(RunningEngine engine, TimeSpan limit, PhaseClock phases, CancellationToken cancellation)
    {
        engine.EndIsExpected = true;
        await engine.CloseSqlAsync();
        // The shutdown's checkpoint is work that nobody gains from having slowed down.
        TryLimit(group => group.UnlimitCpu());
        engine.Process.Signal(SystemCalls.SigTerm);
        if (!await EndsWithinAsync(engine, limit, cancellation))
        {
            LogKilling(_options.Name, engine.Process.Pid, limit.TotalSeconds);
            engine.Process.Signal(SystemCalls.SigKill);
            if (!await EndsWithinAsync(engine, s_killLimit, cancellation)) return false;
        }
        phases.Mark("stop");
        if (_engine == engine) _engine = null;
        _lastEnd = null;
        File.Delete(_folder.ProcessFile);
        File.Delete(_folder.Socket);
        LogStopped(_options.Name, phases.PhasesMs["stop"]);
        return true;
    }

    private async Task<bool> EndsWithinAsync(RunningEngine engine, TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            await engine.Process.Ended.WaitAsync(limit, _time, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
