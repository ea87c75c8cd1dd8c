using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>What a node says of itself in its cluster. Source of the columns: `consensus_replication_plugin` of wesql/wesql, table WESQL_CLUSTER_LOCAL.</summary>
/// <param name="Leads">It is the leader, keeps data, and takes writes: a leader that has just been elected does not at first, and a logger never does.</param>
/// <param name="Words">The same for people.</param>
internal sealed record WesqlRole(bool Leads, string Words)
{
    private const string Statement = "SELECT * FROM information_schema.wesql_cluster_local";

    /// <exception cref="EngineSqlException">It does not say, or is no WeSQL.</exception>
    public static async Task<WesqlRole> ReadAsync(IEngineSql sql, CancellationToken cancellation)
    {
        QueryResult found = await sql.QueryAsync(Statement, cancellation);
        if (found.Rows.Count == 0)
        {
            return new WesqlRole(false, "it is in no cluster (wesql_cluster_local is empty)");
        }

        SqlRow row = found.All().First();
        bool leads = Is(row["ROLE"], "Leader") && !Is(row["SERVER_READY_FOR_RW"], "No") && !Is(row["INSTANCE_TYPE"], "Log");
        string leader = row["CURRENT_LEADER"] is { Length: > 0 } known ? known : "nobody";
        return new WesqlRole(leads, leads ? "it leads its cluster" : $"it does not lead its cluster, or takes no writes yet: its role is {row["ROLE"]}, the leader is {leader}");
    }

    private static bool Is(string? text, string expected) => string.Equals(text, expected, StringComparison.OrdinalIgnoreCase);
}
