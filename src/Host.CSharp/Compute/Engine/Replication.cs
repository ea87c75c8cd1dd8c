using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>The engine as a replica of another: what it says of its replication channels.</summary>
internal static class Replication
{
    /// <summary>How far the slowest channel is behind, in milliseconds; null: there is none, or it cannot tell.</summary>
    public static async Task<long?> ReadLagAsync(IEngineSql sql, ServerFamily family, CancellationToken cancellation)
    {
        var channels = await ReadAsync(sql, family, cancellation);
        return channels.Rows.Count == 0 ? null : channels.All().Max(channel => channel.Number("Seconds_Behind_Source") ?? channel.Number("Seconds_Behind_Master")) * 1000;
    }

    /// <summary>The source of a channel whose threads run or try to; null: none.</summary>
    public static async Task<string?> FindRunningAsync(IEngineSql sql, ServerFamily family, CancellationToken cancellation)
    {
        foreach (var channel in (await ReadAsync(sql, family, cancellation)).All())
        {
            var receiver = channel["Replica_IO_Running"] ?? channel["Slave_IO_Running"];
            var applier = channel["Replica_SQL_Running"] ?? channel["Slave_SQL_Running"];
            if (receiver != "No" || applier != "No") return $"{channel["Source_Host"] ?? channel["Master_Host"]}:{channel["Source_Port"] ?? channel["Master_Port"]}";
        }
        return null;
    }

    /// <summary>It is set up to replicate from somebody, whether it does or not.</summary>
    public static async Task<bool> HasChannelsAsync(IEngineSql sql, ServerFamily family, CancellationToken cancellation) => (await ReadAsync(sql, family, cancellation)).Rows.Count > 0;

    private static Task<QueryResult> ReadAsync(IEngineSql sql, ServerFamily family, CancellationToken cancellation) =>
        sql.QueryAsync(family == ServerFamily.MariaDb ? "SHOW ALL SLAVES STATUS" : "SHOW REPLICA STATUS", cancellation);
}
