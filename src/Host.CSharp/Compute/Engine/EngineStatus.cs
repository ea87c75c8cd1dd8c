using System.Globalization;

namespace Serverless.Host.Compute.Engine;

/// <summary>Counters of the engine at one instant (SHOW GLOBAL STATUS). Null: the engine has no such counter.</summary>
internal sealed class EngineStatus
{
    private readonly Dictionary<string, string> _values;

    private EngineStatus(Dictionary<string, string> values) => _values = values;

    private const string Statement =
        "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Innodb\\_buffer\\_pool\\_%' OR Variable_name IN ('Innodb_page_size', 'Threads_running', 'Created_tmp_disk_tables', " +
        "'Rows_read', 'Handler_write', 'Handler_update', 'Handler_delete', 'Innodb_rows_read', 'Innodb_rows_inserted', 'Innodb_rows_updated', 'Innodb_rows_deleted')";

    public static async Task<EngineStatus> ReadAsync(IEngineSql sql, CancellationToken cancellation) => new((await sql.QueryAsync(Statement, cancellation)).ToDictionary());

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public long? Number(string name) =>
        long.TryParse(Text(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    public long PageSize => Number("Innodb_page_size") ?? 16384;

    /// <summary>Size of the buffer pool in bytes, as pages that it has.</summary>
    public long? PoolBytes => Number("Innodb_buffer_pool_pages_total") * PageSize;

    /// <summary>Part of the pool that holds or held pages, in bytes; the rest has not been touched since the start or the last resize.</summary>
    public long? PoolUsedBytes => (Number("Innodb_buffer_pool_pages_total") - Number("Innodb_buffer_pool_pages_free")) * PageSize;

    /// <summary>Rows of tables read since the start. MySQL counts those of temporary tables among a handler's, so there InnoDB is asked.</summary>
    public long? RowsRead => Number("Rows_read") ?? Number("Innodb_rows_read");

    /// <summary>Rows inserted, updated or deleted since the start.</summary>
    public long? RowsChanged => Number("Innodb_rows_inserted") + Number("Innodb_rows_updated") + Number("Innodb_rows_deleted")
        ?? Number("Handler_write") + Number("Handler_update") + Number("Handler_delete");

    public long? DirtyBytes => Number("Innodb_buffer_pool_pages_dirty") * PageSize;
}
