using System.Globalization;

namespace Serverless.Host.Compute.Engine;

/// <summary>What <see cref="StopPreparation"/> changes of an engine that outlives a stop which comes to nothing: as it was, to be put back.</summary>
internal sealed class PreparedStop
{
    private const string Statement =
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_buffer_pool_dump_at_shutdown', 'innodb_max_dirty_pages_pct', 'innodb_max_dirty_pages_pct_lwm')";

    private readonly Dictionary<string, string> _before;

    private PreparedStop(Dictionary<string, string> before) => _before = before;

    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<PreparedStop> BeginAsync(IEngineSql sql, CancellationToken cancellation) => new((await sql.QueryAsync(Statement, cancellation)).ToDictionary());

    /// <exception cref="EngineSqlException">The engine does not answer, or does not let us.</exception>
    public async Task TakeBackAsync(IEngineSql sql, CancellationToken cancellation)
    {
        foreach (var (name, value) in _before)
        {
            // Numbers and ON or OFF, by the engine's own word: anything else is left as it is.
            if (value is "ON" or "OFF" || decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _))
                await sql.QueryAsync($"SET GLOBAL {name} = {value}", cancellation);
        }
    }
}
