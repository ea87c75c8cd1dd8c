using System.Globalization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>A row whose columns are found by name, in any letter case.</summary>
internal readonly record struct SqlRow(QueryResult Result, string?[] Values)
{
    /// <summary>Null: NULL, or no such column in this engine.</summary>
    public string? this[string column] => Result.IndexOf(column) is var index and >= 0 ? Values[index] : null;

    public long? Number(string column) =>
        long.TryParse(this[column], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;
}

internal static class QueryResultExtensions
{
    public static IEnumerable<SqlRow> All(this QueryResult result) => result.Rows.Select(row => new SqlRow(result, row));

    /// <summary>Rows of name and value, as SHOW VARIABLES and SHOW STATUS give them. Names in any letter case.</summary>
    public static Dictionary<string, string> ToDictionary(this QueryResult result)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in result.Rows)
        {
            if (row.Length > 1) values[row[0] ?? ""] = row[1] ?? "";
        }
        return values;
    }
}
