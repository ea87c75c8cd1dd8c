using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>Values of sql_mode that can be set without a server: what it would show afterwards is known.</summary>
internal static class SqlModes
{
    /// <summary>In the order in which the servers show them. Combinations (ANSI, TRADITIONAL, ORACLE, …) are left to the server.</summary>
    private static readonly string[] Order =
    [
        "REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE", "IGNORE_BAD_TABLE_OPTIONS", "ONLY_FULL_GROUP_BY", "NO_UNSIGNED_SUBTRACTION",
        "NO_DIR_IN_CREATE", "NO_AUTO_VALUE_ON_ZERO", "NO_BACKSLASH_ESCAPES", "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE",
        "ALLOW_INVALID_DATES", "ERROR_FOR_DIVISION_BY_ZERO", "NO_AUTO_CREATE_USER", "HIGH_NOT_PRECEDENCE", "NO_ENGINE_SUBSTITUTION", "TIME_ROUND_FRACTIONAL",
    ];

    private static readonly string[] NotInMySql = ["IGNORE_BAD_TABLE_OPTIONS", "NO_AUTO_CREATE_USER", "TIME_ROUND_FRACTIONAL"];

    /// <summary>MySQL warns when only some of these go with strict mode.</summary>
    private static readonly string[] StrictCompanions = ["NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO"];

    /// <summary>The value as the server shows it; null when it is not known, or would come with a warning.</summary>
    public static string? Canonical(string value, ServerFamily family)
    {
        var wanted = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in value.Split(','))
        {
            if (part.Length == 0) continue;
            if (!Order.Contains(part, StringComparer.OrdinalIgnoreCase)) return null;
            wanted.Add(part);
        }
        if (family == ServerFamily.MySql && (wanted.Overlaps(NotInMySql) || WarnsInMySql(wanted))) return null;
        return string.Join(',', Order.Where(wanted.Contains));
    }

    private static bool WarnsInMySql(HashSet<string> modes)
    {
        var strict = modes.Contains("STRICT_TRANS_TABLES") || modes.Contains("STRICT_ALL_TABLES");
        return strict ? !modes.IsSupersetOf(StrictCompanions) : modes.Overlaps(StrictCompanions);
    }
}
