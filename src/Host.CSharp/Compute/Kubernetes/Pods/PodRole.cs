using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Host.Compute.Kubernetes.Pods;

/// <summary>What an engine is among the replicas of its StatefulSet, as it says itself.</summary>
internal static class PodRole
{
    /// <summary>Of several pods only the primary takes writes; one that replicates from another is none, even if it would take them.</summary>
    /// <exception cref="EngineSqlException">It does not say.</exception>
    public static async Task<bool> TakesWritesAsync(PodEngine engine, CancellationToken cancellation) => engine.IsWesql
        ? await LeadsAsync(engine, cancellation)
        : (await engine.Sql.QueryAsync("SELECT @@GLOBAL.read_only", cancellation)).Scalar is "0"
        && await Replication.FindRunningAsync(engine.Sql, await engine.FamilyAsync(cancellation), cancellation) is null;

    /// <summary>
    /// It may take the place of a primary that lives: it takes writes, and is nobody's replica, not even one whose replication somebody has stopped for a while.
    /// </summary>
    /// <exception cref="EngineSqlException">It does not say.</exception>
    public static async Task<bool> IsSuccessorAsync(PodEngine engine, CancellationToken cancellation) =>
        await TakesWritesAsync(engine, cancellation) && (engine.IsWesql || !await Replication.HasChannelsAsync(engine.Sql, await engine.FamilyAsync(cancellation), cancellation));

    private static async Task<bool> LeadsAsync(PodEngine engine, CancellationToken cancellation)
    {
        WesqlRole role = await WesqlRole.ReadAsync(engine.Sql, cancellation);
        engine.RoleSaid = role.Words;
        return role.Leads;
    }
}
