namespace Serverless.Host.Mysql;

/// <summary>What one statement answered. Without a result set, <see cref="Columns"/> and <see cref="Rows"/> are empty.</summary>
/// <param name="Columns">Names.</param>
/// <param name="Rows">Values as text in UTF-8, null for NULL. Select HEX(…) of what is not text.</param>
/// <param name="Info">The engine's remark on it, often empty.</param>
public sealed record QueryResult(
    IReadOnlyList<string> Columns, IReadOnlyList<string?[]> Rows, ulong AffectedRows, ulong LastInsertId, ushort Warnings, ServerStatus Status, string Info)
{
    /// <summary>First value of the first row; null when it is NULL or there is no row.</summary>
    public string? Scalar => Rows.Count > 0 && Rows[0].Length > 0 ? Rows[0][0] : null;

    /// <summary>Position of a column by name, regardless of case; -1 when there is none.</summary>
    public int IndexOf(string column)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (string.Equals(Columns[i], column, StringComparison.OrdinalIgnoreCase)) return i;
        }
        return -1;
    }
}
