using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// A database's compute as a process of this machine: mariadbd or mysqld on a data directory of its own, reached by a socket that only its owner can
/// open. The engine is a child in a session of its own. It outlives a gateway that is killed, or disposed without a stop; the next one on the same data
/// directory finds it and takes it over, or stops it when it does not answer. The directory's lock, and the engine's own, see to it that there are never two.
/// </summary>
public sealed partial class LocalCompute : ICompute
{
    private readonly LocalComputeOptions _options;
    private readonly EngineBinary _binary;
    private readonly EngineFolder _folder;
    private readonly FolderLock _lock;
    private readonly ControlGroup? _controlGroup;
    private readonly string? _whyNoControlGroup;
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly EngineLog _log;
    private readonly CpuMeter _cpu;
    private readonly StatusSampler _sampler;

    /// <summary>One start, stop, resize or taking over at a time.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    private volatile RunningEngine? _engine;
    private volatile string? _lastEnd;
    private bool _searched;

    private LocalCompute(LocalComputeOptions options, EngineBinary binary, EngineFolder folder, FolderLock folderLock, EventLoop loop, ILogger logger, TimeProvider time)
    {
        (_options, _binary, _folder, _lock, _loop, _logger, _time) = (options, binary, folder, folderLock, loop, logger, time);
        _log = new EngineLog(folder.Log);
        _cpu = new CpuMeter(time);
        _sampler = new StatusSampler(time);
        if (options.UseControlGroups) (_controlGroup, _whyNoControlGroup) = ControlGroup.TryMake(folder.UniqueName);
        else _whyNoControlGroup = "control groups are switched off in the configuration";
    }

    /// <inheritdoc/>
    public event Action<string>? Crashed;

    /// <summary>Never raised: a process that ends has crashed, which is known at once.</summary>
    public event Action<string>? Lost
    {
        add { }
        remove { }
    }

    /// <summary>Never raised: nobody else changes it.</summary>
    public event Action? Changed
    {
        add { }
        remove { }
    }

    public string Kind => "local";

    public bool EndsWithGateway => true;

    public ComputeSize Capacity => Machine.Capacity;

    /// <summary>The account that was made for clients with the data directory; null: the data came from elsewhere.</summary>
    public FirstAccount? FirstAccount => FirstAccountFile.Read(_folder);

    /// <summary>Name and version of the engine, for people.</summary>
    public string EngineName => $"{_binary.FamilyName} {_binary.Version}";

    /// <summary>How far a size is a limit and not only a recommendation, in words.</summary>
    public string SizeIsLimitedBy => _controlGroup is { } group ? $"buffer pool and control group ({group.Limits})" : $"buffer pool only: {_whyNoControlGroup}";

    private BackendAddress Address => new(_folder.Socket, Tcp: null, ReadsProxyHeader: _binary.Family == ServerFamily.MariaDb) { ServiceUser = ServiceAccount.User };

    /// <summary>Finds the engine, takes the data directory for this gateway alone, and makes its content when there is none. Starts nothing.</summary>
    /// <param name="loop">Where the engine's end is watched for, and the gateway's own connections to it live.</param>
    /// <exception cref="ComputeException">It cannot be: the message says what to do.</exception>
    public static async Task<LocalCompute> OpenAsync(
        LocalComputeOptions options, EventLoop loop, ILogger? logger = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        EngineArguments.Verify(options.EngineArguments);
        var binary = await EngineBinary.FindAsync(options.EnginePath, cancellation);
        var folder = new EngineFolder(options.Directory);
        folder.Make();
        var folderLock = FolderLock.Take(folder.Lock);
        try
        {
            await new DataDirectory(folder, binary, options).PrepareAsync(cancellation);
            return new LocalCompute(options, binary, folder, folderLock, loop, logger ?? NullLogger.Instance, time ?? TimeProvider.System);
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>The user has been told the first account's password: it is no longer kept.</summary>
    public void ForgetFirstPassword()
    {
        if (FirstAccount is { Password: not null } account) FirstAccountFile.Write(_folder, account with { Password = null });
    }

    /// <inheritdoc/>
    public async ValueTask<ComputeView> ObserveAsync(CancellationToken cancellation)
    {
        if (_engine is null && !_searched && await _turn.WaitAsync(TimeSpan.Zero, cancellation))
        {
            try
            {
                await FindOrphanAsync();
            }
            finally
            {
                _turn.Release();
            }
        }
        if (_engine is not { } engine || !engine.Process.IsAlive) return new ComputeView(ComputeState.Gone, Size: null, Address: null, _lastEnd);
        // While a start is under way it is the one that finds out.
        if (engine.IsServing) await LookForSilenceAsync(engine, cancellation);
        if (engine.IsServing || (_turn.CurrentCount > 0 && await AnswersAsync(engine, cancellation))) return new ComputeView(ComputeState.Serving, engine.Size, Address, SizeIsLimitedBy);
        return new ComputeView(ComputeState.Starting, engine.Size, Address: null, $"the engine (process {engine.Process.Pid}) does not answer yet");
    }

    /// <inheritdoc/>
    public async ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation)
    {
        if (_engine is not { } engine) return EngineUsage.None;
        _log.Bound();
        var (cpu, resident) = (_cpu.Read(engine.Process.Pid, engine.Process.StartTicks), ProcFiles.ReadResident(engine.Process.Pid));
        try
        {
            return await EngineUsage.ReadAsync(engine.Sql, _binary.Family, _sampler, cancellation) with { CpuMillicores = cpu, ResidentBytes = resident };
        }
        catch (EngineSqlException failure)
        {
            LogNoAnswer(_options.Name, failure.Message);
            return EngineUsage.None with { CpuMillicores = cpu, ResidentBytes = resident };
        }
    }

    /// <inheritdoc/>
    public ValueTask<string?> WhyNotStopAsync(CancellationToken cancellation) => ValueTask.FromResult<string?>(null);

    /// <inheritdoc/>
    public async ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation)
    {
        if (_engine is not { } engine) return null;
        try
        {
            return await ForeignWork.FindAsync(engine.Sql, _binary.Family, _time, cancellation);
        }
        catch (EngineSqlException failure)
        {
            return $"the engine could not be asked for work of others: {failure.Message}";
        }
    }

    /// <inheritdoc/>
    public async ValueTask<AccountSnapshot> ReadAccountsAsync(CancellationToken cancellation) =>
        await AccountReader.ReadAsync(Running.Sql, _binary.Family, _time, cancellation);

    /// <inheritdoc/>
    public async ValueTask<ServerProfile> ReadProfileAsync(CancellationToken cancellation) => await ProfileReader.ReadAsync(Running.Sql, _binary.Family, _time, cancellation);

    /// <inheritdoc/>
    public ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation) =>
        _engine is { IsServing: true } engine ? engine.MetricSql.AskAsync(statement, cancellation) : ValueTask.FromResult(MetricAnswer.None("the engine does not run"));

    /// <summary>Gives the data directory back. An engine that runs goes on, and is taken over by whoever opens the directory next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_engine is { } engine)
        {
            engine.EndIsExpected = true;
            await engine.CloseSqlAsync();
            engine.Process.Dispose();
        }
        else
        {
            _controlGroup?.Remove();
        }
        _lock.Dispose();
        _turn.Dispose();
    }

    /// <exception cref="EngineSqlException">None serves.</exception>
    internal RunningEngine Running => _engine is { IsServing: true } engine ? engine : throw new EngineSqlException($"The compute of {_options.Name} is not running.");
}
