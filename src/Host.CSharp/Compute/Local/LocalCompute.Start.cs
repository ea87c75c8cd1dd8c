using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Local;

public sealed partial class LocalCompute
{
    /// <summary>The engine's own start takes a hundred times as long, so looking this often costs nothing and adds half of it on average.</summary>
    private static readonly TimeSpan s_startPoll = TimeSpan.FromMilliseconds(1);

    /// <summary>ER_ACCESS_DENIED_ERROR</summary>
    private const int AccessDenied = 1045;

    /// <inheritdoc/>
    public async ValueTask<EffectResult> StartAsync(ComputeSize size, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var phases = new PhaseClock(_time);
            if (await TakeOverAsync(phases, cancellation) is { } running) return await FitAsync(running, size, phases, cancellation);
            var directory = new DataDirectory(_folder, _binary, _options);
            directory.VerifyReadable();
            directory.NoteVersion();
            return await StartNewAsync(size, phases, cancellation);
        }
        catch (Exception failure) when (failure is ComputeException or IOException or UnauthorizedAccessException)
        {
            LogStartFailed(_options.Name, failure.Message);
            return new EffectResult.Failed(failure.Message);
        }
        finally
        {
            // A start that was broken off may have left an engine that nobody attends to.
            if (_engine is null) _searched = false;
            _turn.Release();
        }
    }

    private async Task<EffectResult> StartNewAsync(ComputeSize size, PhaseClock phases, CancellationToken cancellation)
    {
        var mendAccount = !File.Exists(_folder.Password);
        while (true)
        {
            var engine = await SpawnAsync(size, mendAccount, phases);
            var failure = await WaitForAnswerAsync(engine, phases, cancellation);
            await engine.Enlisted;
            if (failure is null)
            {
                BeginServing(engine);
                LogStarted(_options.Name, EngineName, engine.Process.Pid, size.CpuMillicores, size.MemoryBytes >> 20);
                phases.Mark("settle");
                return new EffectResult.Done(phases.PhasesMs);
            }
            await EndAsync(engine, _options.HurriedStopLimit, phases, CancellationToken.None);
            if (!failure.IsAccessDenied || mendAccount) throw new ComputeException(failure.Reason);
            LogMendingAccount(_options.Name);
            mendAccount = true;
        }
    }

    private async Task<RunningEngine> SpawnAsync(ComputeSize size, bool mendAccount, PhaseClock phases)
    {
        _log.TurnOver();
        File.Delete(_folder.Socket);
        if (_binary.Family == ServerFamily.MariaDb) _folder.MakeCertificate(_time.GetUtcNow());
        var initFile = mendAccount ? WriteInitFile() : null;
        var arguments = EngineArguments.ForServing(_folder, _binary, _options, PoolFor(size), Capacity.MemoryBytes, initFile);
        // Read before there is an engine that would have to be ended again if it cannot be.
        var password = ReadPassword();
        var logStart = _log.Length;
        phases.Mark("prepare");
        var pid = Spawn.Start(_binary.Path, arguments, _folder.Log);
        var process = await EngineProcess.OpenAsync(pid, startTicks: null, _loop)
            ?? throw new ComputeException($"The engine {_binary.Path} ended at once; {_log.Explain(logStart)}");
        var engine = Attend(process, size, logStart, password);
        engine.Enlisted = Task.Run(() => Enlist(engine, size));
        phases.Mark("spawn");
        return engine;
    }

    /// <summary>
    /// What must be done before the engine serves, and need not hold up its start: the kernel takes 10 ms to 30 ms to move a process into a control group,
    /// in which the engine goes on.
    /// </summary>
    private void Enlist(RunningEngine engine, ComputeSize size)
    {
        TryLimit(group =>
        {
            group.UnlimitCpu();
            group.Add(engine.Process.Pid);
            LimitMemory(size);
        });
        Record(engine, size);
    }

    /// <summary>It has answered: its processor share holds from now on, so that the start was not slowed down by it.</summary>
    private void BeginServing(RunningEngine engine)
    {
        if (engine.Size is { } size) TryLimit(group => group.LimitCpu(size.CpuMillicores));
        File.Delete(_folder.InitFile);
        engine.IsServing = true;
    }

    private void Record(RunningEngine engine, ComputeSize size)
    {
        try
        {
            new ProcessRecord(engine.Process.Pid, engine.Process.StartTicks, size.CpuMillicores, size.MemoryBytes).Write(_folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without a record a later gateway finds the engine by its command line, only not its size.
            LogNotRecorded(_options.Name, failure.Message);
        }
    }

    /// <summary>An engine without its limits is better than none.</summary>
    private void TryLimit(Action<ControlGroup> limit)
    {
        if (_controlGroup is null) return;
        try
        {
            limit(_controlGroup);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNotLimited(_options.Name, failure.Message);
        }
    }

    private string WriteInitFile()
    {
        var password = ReadPassword() is { Length: > 0 } kept ? kept : ServiceAccount.NewPassword();
        _folder.WritePrivate(_folder.Password, password);
        _folder.WritePrivate(_folder.InitFile, string.Join('\n', ServiceAccount.Statements(password)) + "\n", durable: false);
        return _folder.InitFile;
    }

    private sealed record StartFailure(string Reason, bool IsAccessDenied);

    /// <summary>Null: it answered.</summary>
    private async Task<StartFailure?> WaitForAnswerAsync(RunningEngine engine, PhaseClock phases, CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        var listens = false;
        while (!engine.Process.Ended.IsCompleted)
        {
            if (!listens && File.Exists(_folder.Socket))
            {
                listens = true;
                phases.Mark("engine");
            }
            if (listens)
            {
                var answer = await engine.Sql.TryConnectAsync(cancellation);
                if (answer is null)
                {
                    phases.Mark("login");
                    return null;
                }
                if (answer.Code == AccessDenied) return new StartFailure($"The engine refused the gateway's own account: {answer.Message}", IsAccessDenied: true);
            }
            if (_time.GetElapsedTime(began) > _options.StartLimit) return new StartFailure($"The engine did not answer within {_options.StartLimit.TotalSeconds:0} s; {_log.Explain(engine.LogStart)}", IsAccessDenied: false);
            await Task.WhenAny(engine.Process.Ended, Task.Delay(s_startPoll, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
        return new StartFailure($"The engine {await engine.Process.Ended} while it was starting; {_log.Explain(engine.LogStart)}", IsAccessDenied: false);
    }

    /// <summary>An engine that runs already: one of an earlier gateway's, or of a start whose wait was abandoned. Null: none, or it had to be stopped.</summary>
    private async Task<RunningEngine?> TakeOverAsync(PhaseClock phases, CancellationToken cancellation)
    {
        await FindOrphanAsync();
        if (_engine is not { } engine) return null;
        if (engine.IsServing && engine.Process.IsAlive) return engine;
        var began = _time.GetTimestamp();
        while (engine.Process.IsAlive && _time.GetElapsedTime(began) < _options.AdoptLimit)
        {
            if (await AnswersAsync(engine, cancellation)) return engine;
            await Task.WhenAny(engine.Process.Ended, Task.Delay(s_startPoll, cancellation));
        }
        if (engine.Process.IsAlive) LogSilentOrphan(_options.Name, engine.Process.Pid);
        await EndAsync(engine, _options.HurriedStopLimit, phases, CancellationToken.None);
        return null;
    }

    private async Task<EffectResult> FitAsync(RunningEngine engine, ComputeSize size, PhaseClock phases, CancellationToken cancellation)
    {
        if (engine.Size == size) return new EffectResult.Done(phases.PhasesMs);
        var resized = await ResizeRunningAsync(engine, size, phases, cancellation);
        if (resized is not EffectResult.Done) LogNotResized(_options.Name, resized.ToString());
        // It serves, whatever its size.
        return new EffectResult.Done(phases.PhasesMs);
    }

    private async Task FindOrphanAsync()
    {
        if (_searched || _engine is not null) return;
        if (await OrphanFinder.FindAsync(_folder, _loop) is { } orphan)
        {
            LogOrphan(_options.Name, orphan.Process.Pid);
            TryLimit(group => group.Add(orphan.Process.Pid));
            Attend(orphan.Process, orphan.Size, _log.Length, ReadPassword());
        }
        _searched = true;
    }

    private async Task<bool> AnswersAsync(RunningEngine engine, CancellationToken cancellation)
    {
        if (await engine.Sql.TryConnectAsync(cancellation) is not null) return false;
        BeginServing(engine);
        return true;
    }

    /// <summary>From here on its end is noticed.</summary>
    private RunningEngine Attend(EngineProcess process, ComputeSize? size, long logStart, string password)
    {
        var sql = NewSql(password);
        var engine = new RunningEngine(process, size, logStart, sql, new MetricSql(opening => NewMetricSql(password, opening), sql, _options.StatementLimit));
        _sampler.Reset();
        _engine = engine;
        _ = WatchAsync(engine);
        return engine;
    }

    private string ReadPassword() => File.Exists(_folder.Password) ? File.ReadAllText(_folder.Password) : "";

    private EngineSql NewSql(string password) => new(_loop, Address, ServiceAccount.User, password, _options.StatementLimit);

    private EngineSql NewMetricSql(string password, Func<ServerFamily, IReadOnlyList<string>> opening) =>
        new(_loop, Address, ServiceAccount.User, password, _options.StatementLimit, opening, MetricSql.Capabilities);

    private async Task WatchAsync(RunningEngine engine)
    {
        try
        {
            var end = await engine.Process.Ended;
            if (_engine == engine) _engine = null;
            await engine.CloseSqlAsync();
            if (engine.EndIsExpected) return;
            var how = $"The engine (process {engine.Process.Pid}) {end}; {_log.Explain(engine.LogStart)}";
            _lastEnd = how;
            if (!engine.IsServing) return;
            LogCrashed(_options.Name, how);
            Crashed?.Invoke(how);
        }
        catch (OperationCanceledException)
        {
            // No longer watched: the compute was disposed, or its loop ended.
        }
    }
}
