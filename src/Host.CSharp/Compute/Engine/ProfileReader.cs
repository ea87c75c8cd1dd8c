using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>Reads what the gateway must know of an engine to greet clients and to answer their drivers while it sleeps.</summary>
internal static class ProfileReader
{
    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<ServerProfile> ReadAsync(EngineSql sql, ServerFamily family, CancellationToken cancellation)
    {
        var greeting = await sql.GreetingAsync(cancellation);
        var variables = await sql.QueryAsync("SHOW SESSION VARIABLES", cancellation);
        return new ServerProfile(
            family, greeting.ServerVersion, (ulong)greeting.Capabilities, greeting.CollationId, greeting.AuthPlugin ?? "",
            variables.Rows.ToDictionary(row => (row[0] ?? "").ToLowerInvariant(), row => row[1] ?? "", StringComparer.Ordinal),
            await ReadCollationsAsync(sql, family, cancellation))
        {
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
