using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>
/// Work on an engine that did not come through the gateway. Asked when the gateway itself has given all its connections back, so every client thread
/// but the one that asks belongs to somebody else: backups and physical copies hold a connection too, and so do replicas.
/// </summary>
internal static class ForeignWork
{
    private const int StatementLength = 60;

    /// <summary>Connections that the gateway closed a moment ago may still be listed; they are given this long.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    private static readonly OwnAccountOnly s_ownAccount = new();

    /// <param name="ownership">What is no work of others; null: what the account does that only the gateway knows.</param>
    /// <returns>Null: none. Otherwise what was found, in words.</returns>
    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<string?> FindAsync(
        IEngineSql sql, ServerFamily family, TimeProvider time, CancellationToken cancellation, IForeignWorkOwnership? ownership = null)
    {
        ownership ??= s_ownAccount;
        var began = time.GetTimestamp();
        string? clients;
        while ((clients = Describe(await sql.QueryAsync("SHOW FULL PROCESSLIST", cancellation), ownership)) is not null && time.GetElapsedTime(began) < s_settle)
        {
            await Task.Delay(s_poll, time, cancellation);
        }
        if (clients is not null) return clients;
        if (await Replication.FindRunningAsync(sql, family, cancellation) is { } source && !ownership.IsOurSource(source)) return $"it replicates from {source}";
        return DescribePrepared(await sql.QueryAsync("XA RECOVER", cancellation));
    }

    /// <summary>Names the connection that matters most, and counts the others.</summary>
    internal static string? Describe(QueryResult processes, IForeignWorkOwnership? ownership = null)
    {
        var foreign = processes.All().Where(process => IsForeign(process) && !(ownership ?? s_ownAccount).IsOurs(process)).OrderByDescending(Weight).ToArray();
        if (foreign.Length == 0) return null;
        var words = DescribeOne(foreign[0]);
        return foreign.Length == 1 ? words : $"{words}, and {foreign.Length - 1} more connections that did not come through the gateway";
    }

    internal static string? DescribePrepared(QueryResult prepared) => prepared.Rows.Count switch
    {
        0 => null,
        1 => $"there is a prepared XA transaction {NameOf(prepared.All().First())}: commit or roll it back",
        var count => $"there are {count} prepared XA transactions, {NameOf(prepared.All().First())} among them: commit or roll them back",
    };

    private static bool IsForeign(SqlRow process) => process["User"] switch
    {
        // Replication is found by its own status; purge, page cleaners and the waiting event scheduler are no work.
        "system user" or "event_scheduler" => false,
        _ => process["Command"] != "Daemon",
    };

    private static int Weight(SqlRow process) => process["Command"] switch { "Sleep" => 0, _ => 1 };

    private static string DescribeOne(SqlRow process)
    {
        var who = $"connection {process["Id"]} of {process["User"]}@{WithoutPort(process["Host"])}";
        var duration = $"{process["Time"] ?? "0"} s";
        if (process["Command"] is { } command && command.StartsWith("Binlog Dump", StringComparison.Ordinal)) return $"{who} is a replica that reads the binary log";
        if (process["Info"] is { Length: > 0 } statement) return $"{who} runs \"{Shorten(statement)}\" for {duration}";
        return process["Command"] == "Sleep" ? $"{who} did not come through the gateway (idle for {duration})" : $"{who} did not come through the gateway ({process["Command"]}, {process["State"]})";
    }

    private static string NameOf(SqlRow prepared) => $"'{Shorten(prepared["data"] ?? "")}'";

    private static string WithoutPort(string? host) => host?.LastIndexOf(':') is > 0 and var colon ? host[..colon] : host ?? "";

    private static string Shorten(string text)
    {
        var clean = string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character)).Trim();
        return clean.Length > StatementLength ? clean[..StatementLength] + "…" : clean;
    }
}
