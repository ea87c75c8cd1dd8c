using System.Globalization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>
/// Statements that rules bring along (`metric … from sql`), on a connection of their own, so that a slow one holds up none of the gateway's own. The engine lets them
/// change no data, and ends what takes too long; what an engine of the gateway's own does not end is killed, so that a statement that is asked every few seconds
/// does not run beside itself.
/// </summary>
internal sealed class MetricSql : IAsyncDisposable
{
    /// <summary>How much longer than the engine this side waits: for the engine's own error to arrive.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);

    private static readonly QueryLimits s_oneValue = new(Rows: 1, Bytes: 64 * 1024);

    /// <summary>One statement at a time: a second one could take the limits away.</summary>
    public const Capabilities Capabilities = EngineLogin.DefaultCapabilities & ~Mysql.Capabilities.MultiStatements;

    private readonly EngineSql _sql;
    private readonly EngineSql? _own;
    private readonly TimeSpan _limit;

    /// <param name="connect">Makes the connection, given what to say first on it.</param>
    /// <param name="own">The gateway's own connection, by which a statement is killed; null where two connections may lead to two servers, whose numbers mean others.</param>
    /// <param name="limit">How long a statement may take.</param>
    public MetricSql(Func<Func<ServerFamily, IReadOnlyList<string>>, EngineSql> connect, EngineSql? own, TimeSpan limit)
    {
        (_own, _limit) = (own, limit);
        _sql = connect(Opening);
    }

    public async ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation)
    {
        try
        {
            return Value(await _sql.QueryAsync(statement, _limit + s_grace, s_oneValue, cancellation));
        }
        catch (EngineSqlException failure)
        {
            if (failure.IsLate) await KillAsync(cancellation);
            return MetricAnswer.None(failure.Message);
        }
    }

    /// <summary>The engine's number of its connection; null: there is none.</summary>
    public uint? ConnectionId => _sql.ConnectionId;

    public ValueTask DisposeAsync() => _sql.DisposeAsync();

    private static MetricAnswer Value(QueryResult result) => result switch
    {
        { Columns.Count: not 1 } => MetricAnswer.None($"one value expected, {(result.Columns.Count == 0 ? "no result" : $"{result.Columns.Count} columns")} found"),
        { Rows.Count: 0 } => MetricAnswer.None("one value expected, no row found"),
        { Scalar: { } value } => MetricAnswer.Of(value),
        _ => MetricAnswer.None("one value expected, NULL found"),
    };

    /// <summary>max_statement_time is in seconds and for all statements, max_execution_time in milliseconds and for SELECT.</summary>
    private IReadOnlyList<string> Opening(ServerFamily family) =>
    [
        // A transaction that went on would show the same snapshot for ever, and keep the tables from being altered.
        "SET SESSION autocommit = 1",
        "SET SESSION TRANSACTION READ ONLY",
        family == ServerFamily.MariaDb
            ? string.Create(CultureInfo.InvariantCulture, $"SET SESSION max_statement_time = {_limit.TotalSeconds}")
            : string.Create(CultureInfo.InvariantCulture, $"SET SESSION max_execution_time = {_limit.TotalMilliseconds:0}"),
    ];

    private async Task KillAsync(CancellationToken cancellation)
    {
        if (_own is null || _sql.ConnectionId is not { } connection) return;
        try
        {
            await _own.QueryAsync($"KILL {connection}", cancellation);
        }
        catch (EngineSqlException)
        {
            // It has ended by itself, or the engine does not answer at all.
        }
    }
}
