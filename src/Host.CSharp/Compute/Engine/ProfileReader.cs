using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>Reads what the gateway must know of an engine to greet clients and to answer their drivers while it sleeps.</summary>
internal static class ProfileReader
{
    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<ServerProfile> ReadAsync(EngineSql sql, ServerFamily family, TimeProvider time, CancellationToken cancellation)
    {
        var readAt = time.GetUtcNow();
        var greeting = await sql.GreetingAsync(cancellation);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        // Our own session keeps the values of its login; those of a new one are the global values, where there are any.
        foreach (var statement in new[] { "SHOW SESSION VARIABLES", "SHOW GLOBAL VARIABLES" })
        {
            foreach (var row in (await sql.QueryAsync(statement, cancellation)).Rows) variables[(row[0] ?? "").ToLowerInvariant()] = row[1] ?? "";
        }
        return new ServerProfile(
            family, greeting.ServerVersion, (ulong)greeting.Capabilities, greeting.CollationId, greeting.AuthPlugin ?? "",
            variables, await ReadCollationsAsync(sql, family, cancellation))
        {
            ReadAt = readAt,
            MayRunStoredCode = await HasStoredCodeAsync(sql, cancellation),
        };
    }

    /// <summary>Procedures and events do not count: a CALL says that it runs one, and an event has a session of its own.</summary>
    private static async Task<bool> HasStoredCodeAsync(EngineSql sql, CancellationToken cancellation)
    {
        const string ofTheServer = "('sys','mysql','information_schema','performance_schema')";
        var found = await sql.QueryAsync(
            $"SELECT EXISTS(SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_TYPE<>'PROCEDURE' AND ROUTINE_SCHEMA NOT IN {ofTheServer})"
            + $" OR EXISTS(SELECT 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN {ofTheServer})",
            cancellation);
        return found.Scalar != "0";
    }

    private static async Task<Dictionary<string, CollationInfo>> ReadCollationsAsync(EngineSql sql, ServerFamily family, CancellationToken cancellation)
    {
        // MariaDB since 10.10 has collations that are made per character set, listed with their numbers only here.
        var rows = family == ServerFamily.MariaDb
            ? await QueryAnyAsync(sql, "SELECT FULL_COLLATION_NAME AS name, CHARACTER_SET_NAME AS charset, ID AS id, IS_DEFAULT AS standard FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY", cancellation)
            : null;
        rows ??= await sql.QueryAsync("SELECT COLLATION_NAME AS name, CHARACTER_SET_NAME AS charset, ID AS id, IS_DEFAULT AS standard FROM information_schema.COLLATIONS", cancellation);
        var collations = new Dictionary<string, CollationInfo>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in rows.All())
        {
            if (row["name"] is { } name && row.Number("id") is { } id) collations[name] = new CollationInfo((int)id, row["charset"] ?? "", row["standard"] == "Yes");
        }
        return collations;
    }

    /// <summary>Null: this version does not know the columns.</summary>
    private static async Task<QueryResult?> QueryAnyAsync(EngineSql sql, string statement, CancellationToken cancellation)
    {
        const int unknownColumn = 1054;
        try
        {
            return await sql.QueryAsync(statement, cancellation);
        }
        catch (EngineSqlException failure) when (failure.Code == unknownColumn)
        {
            return null;
        }
    }
}
