using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>Statements of the gateway's own on an engine, one at a time. Connections behind it never count as activity.</summary>
internal interface IEngineSql
{
    /// <param name="within">How long it may take, for the few that are known to take longer than others; null: as long as any.</param>
    /// <exception cref="EngineSqlException">The engine refused the statement, or did not answer in time.</exception>
    Task<QueryResult> QueryAsync(string statement, CancellationToken cancellation, TimeSpan? within = null);
}
