using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Compute.External;

/// <summary>A server that somebody else runs, at a fixed address: proxied and observed, never started, stopped or resized.</summary>
public sealed class ExternalCompute : ICompute
{
    private readonly ExternalComputeOptions _options;
    private readonly TimeProvider _time;
    private readonly EngineSql _sql;
    private readonly MetricSql _metricSql;
    private readonly StatusSampler _sampler;
    private volatile bool _hasServed;

    public ExternalCompute(ExternalComputeOptions options, EventLoop loop, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _sampler = new StatusSampler(_time);
        _sql = new EngineSql(loop, Address, options.User, options.Password, options.StatementLimit);
        _metricSql = new MetricSql(
            opening => new EngineSql(loop, Address, options.User, options.Password, options.StatementLimit, opening, MetricSql.Capabilities), own: null, options.StatementLimit);
    }

    /// <summary>Never raised: an engine that is not ours is found gone, it does not crash on us.</summary>
    public event Action<string>? Crashed
    {
        add { }
        remove { }
    }

    /// <summary>Never raised, for the same reason.</summary>
    public event Action<string>? Lost
    {
        add { }
        remove { }
    }

    /// <summary>Never raised: nothing of it is watched.</summary>
    public event Action? Changed
    {
        add { }
        remove { }
    }

    public string Kind => "external";

    public bool EndsWithGateway => false;

    /// <summary>Not known, so nothing is capped by it.</summary>
    public ComputeSize Capacity => new(long.MaxValue, long.MaxValue);

    private BackendAddress Address => new(UnixSocket: null, _options.Address, ReadsProxyHeader: false) { Tls = _options.Tls };

    private string NotOurs => $"The server of {_options.Name} at {_options.Address} is run by somebody else (compute external)";

    /// <remarks>Once it has served, an error (no room for another connection, another password) is an answer: those that are connected go on.</remarks>
    public async ValueTask<ComputeView> ObserveAsync(CancellationToken cancellation)
    {
        var failure = _hasServed ? await _sql.WhySilentAsync(cancellation) : await _sql.TryConnectAsync(cancellation);
        if (failure is not null) return new ComputeView(ComputeState.Gone, Size: null, Address: null, $"{_options.Address} does not answer: {failure.Message}");
        _hasServed = true;
        return new ComputeView(ComputeState.Serving, Size: null, Address, NotOurs);
    }

    public async ValueTask<EffectResult> StartAsync(ComputeSize size, CancellationToken cancellation) => await _sql.TryConnectAsync(cancellation) is { } failure
        ? new EffectResult.Failed($"{NotOurs} and does not answer: {failure.Message}")
        : new EffectResult.Done(new Dictionary<string, double>(StringComparer.Ordinal));

    public ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation) =>
        ValueTask.FromResult<EffectResult>(new EffectResult.Infeasible($"{NotOurs}; it cannot be resized from here."));

    public ValueTask<EffectResult> StopAsync(bool hurry, CancellationToken cancellation) =>
        ValueTask.FromResult<EffectResult>(new EffectResult.Infeasible($"{NotOurs}; it cannot be stopped from here."));

    public ValueTask<string?> WhyNotStopAsync(CancellationToken cancellation) => ValueTask.FromResult<string?>($"{NotOurs}.");

    public ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation) => ValueTask.FromResult<string?>($"{NotOurs}.");

    public async ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation)
    {
        try
        {
            return await EngineUsage.ReadAsync(_sql, await _sql.FamilyAsync(cancellation), _sampler, cancellation);
        }
        catch (EngineSqlException)
        {
            return EngineUsage.None;
        }
    }

    public async ValueTask<AccountSnapshot> ReadAccountsAsync(CancellationToken cancellation) =>
        await AccountReader.ReadAsync(_sql, await _sql.FamilyAsync(cancellation), _time, cancellation);

    public async ValueTask<ServerProfile> ReadProfileAsync(CancellationToken cancellation) => await ProfileReader.ReadAsync(_sql, await _sql.FamilyAsync(cancellation), _time, cancellation);

    public ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation) => _metricSql.AskAsync(statement, cancellation);

    public async ValueTask DisposeAsync()
    {
        await _sql.DisposeAsync();
        await _metricSql.DisposeAsync();
    }
}
