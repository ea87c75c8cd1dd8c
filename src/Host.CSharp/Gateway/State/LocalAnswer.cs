namespace Serverless.Host.Gateway.State;

/// <summary>A column of a local answer, as a real server defines it.</summary>
/// <param name="Name">Column name as the client sees it.</param>
/// <param name="Type">MYSQL_TYPE_… number.</param>
/// <param name="Length">Display length in bytes.</param>
/// <param name="Collation">Collation id.</param>
public readonly record struct LocalColumn(byte[] Name, byte Type, ushort Flags, ushort Collation, uint Length, byte Decimals)
{
    /// <summary>Schema, table and original names of the definition; empty for expressions.</summary>
    public string Schema { get; init; } = "";

    public string Table { get; init; } = "";

    public string OriginalTable { get; init; } = "";

    public string OriginalName { get; init; } = "";
}

/// <summary>An answer made without a compute: OK (no columns) or one result set.</summary>
public sealed class LocalAnswer
{
    public static LocalAnswer Ok { get; } = new();

    public IReadOnlyList<LocalColumn> Columns { get; init; } = [];

    /// <summary>Text-protocol values; null is NULL.</summary>
    public IReadOnlyList<byte[]?[]> Rows { get; init; } = [];

    /// <summary>Variables that this changed and that a server would report to a client with CLIENT_SESSION_TRACK: name and value.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tracked { get; init; } = [];

    /// <summary>Count of warnings for the closing packet.</summary>
    public ushort Warnings { get; init; }

    public bool IsOk => Columns.Count == 0;
}
