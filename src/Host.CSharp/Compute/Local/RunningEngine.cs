using Serverless.Host.Compute.Engine;

namespace Serverless.Host.Compute.Local;

/// <summary>The engine that runs now, with what is known of it.</summary>
internal sealed class RunningEngine(EngineProcess process, ComputeSize? size, long logStart, EngineSql sql, MetricSql metricSql)
{
    private volatile bool _isServing;
    private volatile bool _endIsExpected;

    public EngineProcess Process => process;

    /// <summary>Null: it was found running, and nobody recorded how large it was made.</summary>
    public ComputeSize? Size { get; set; } = size;

    /// <summary>Where its part of the log begins.</summary>
    public long LogStart => logStart;

    /// <summary>For the gateway's own statements.</summary>
    public EngineSql Sql => sql;

    /// <summary>For statements that rules bring along.</summary>
    public MetricSql MetricSql => metricSql;

    /// <summary>It is recorded and in its control group.</summary>
    public Task Enlisted { get; set; } = Task.CompletedTask;

    /// <summary>It has answered.</summary>
    public bool IsServing { get => _isServing; set => _isServing = value; }

    /// <summary>Timestamp of the first question in a row that it has not answered; null: it answered the last one.</summary>
    public long? SilentSince { get; set; }

    /// <summary>We have asked it to end.</summary>
    public bool EndIsExpected { get => _endIsExpected; set => _endIsExpected = value; }

    public async Task CloseSqlAsync()
    {
        await sql.DisposeAsync();
        await metricSql.DisposeAsync();
    }
}
