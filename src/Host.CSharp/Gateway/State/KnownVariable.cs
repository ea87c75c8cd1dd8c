using System.Collections.Frozen;

namespace Serverless.Host.Gateway.State;

internal enum VariableKind : byte
{
    /// <summary>`ON`/`OFF` in SHOW VARIABLES, 1/0 in SELECT.</summary>
    Bool,

    /// <summary>An unsigned integer.</summary>
    Number,

    /// <summary>A floating-point number with six decimals.</summary>
    Double,
    Text,
}

/// <summary>A variable that local answers may speak of.</summary>
/// <param name="Global">It has only a global value, which no session can differ from.</param>
/// <param name="Least">Of a number: the least value that a SET answered here may give it; larger than <paramref name="Most"/> when none may.</param>
/// <param name="Most">Of a number: the greatest such value.</param>
/// <param name="MaySet">A SET of it may be answered here: no rights are needed, and what is shown afterwards is known exactly.</param>
internal readonly record struct KnownVariable(VariableKind Kind, bool Global = false, bool MaySet = false, ulong Least = 1, ulong Most = 0)
{
    private const ulong Year = 31_536_000;

    public static FrozenDictionary<string, KnownVariable> All { get; } = Make();

    private static FrozenDictionary<string, KnownVariable> Make()
    {
        var all = new Dictionary<string, KnownVariable>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in new[] { "autocommit", "foreign_key_checks", "unique_checks", "sql_safe_updates", "session_track_schema" })
            all[name] = new KnownVariable(VariableKind.Bool, MaySet: true);
        // The read-only flags of a session take part in SET TRANSACTION as well, which is answered by itself.
        foreach (var name in new[] { "transaction_read_only", "tx_read_only", "sql_auto_is_null", "sql_notes", "sql_warnings", "low_priority_updates" })
            all[name] = new KnownVariable(VariableKind.Bool);
        all["performance_schema"] = new KnownVariable(VariableKind.Bool, Global: true);
        foreach (var name in new[] { "net_read_timeout", "net_write_timeout", "wait_timeout", "interactive_timeout" })
            all[name] = new KnownVariable(VariableKind.Number, MaySet: true, Least: 1, Most: Year);
        all["innodb_lock_wait_timeout"] = new KnownVariable(VariableKind.Number, MaySet: true, Least: 1, Most: Year);
        all["lock_wait_timeout"] = new KnownVariable(VariableKind.Number, MaySet: true, Least: 1, Most: Year);
        all["group_concat_max_len"] = new KnownVariable(VariableKind.Number, MaySet: true, Least: 4, Most: uint.MaxValue);
        all["sql_select_limit"] = new KnownVariable(VariableKind.Number, MaySet: true, Least: 1, Most: ulong.MaxValue);
        all["max_execution_time"] = new KnownVariable(VariableKind.Number, MaySet: true, Least: 0, Most: uint.MaxValue);
        foreach (var name in new[] { "auto_increment_increment", "auto_increment_offset", "max_allowed_packet", "net_buffer_length" })
            all[name] = new KnownVariable(VariableKind.Number);
        foreach (var name in new[] { "lower_case_table_names", "max_connections", "port" })
            all[name] = new KnownVariable(VariableKind.Number, Global: true);
        foreach (var name in new[] { "long_query_time", "max_statement_time" }) all[name] = new KnownVariable(VariableKind.Double);
        foreach (var name in new[] { "sql_mode", "time_zone", "character_set_results", "character_set_client", "character_set_connection", "collation_connection" })
            all[name] = new KnownVariable(VariableKind.Text, MaySet: name is "sql_mode" or "time_zone" or "character_set_results");
        foreach (var name in new[] { "tx_isolation", "transaction_isolation", "default_storage_engine", "lc_time_names", "character_set_server", "collation_server" })
            all[name] = new KnownVariable(VariableKind.Text);
        foreach (var name in new[]
        {
            "version", "version_comment", "version_compile_os", "version_compile_machine", "license", "init_connect", "character_set_system", "hostname", "system_time_zone",
        })
        {
            all[name] = new KnownVariable(VariableKind.Text, Global: true);
        }
        return all.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
