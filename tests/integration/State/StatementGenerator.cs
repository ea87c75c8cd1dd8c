using System.Globalization;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>
/// Statements that make and show session state, at random. <c>{s}</c> stands for the session's own schema, <c>{o}</c> for another one of its own, and
/// <c>{l}</c> for what must differ between two sessions of one server (names of user locks).
/// </summary>
internal sealed class StatementGenerator
{
    private static readonly string[] Assigned =
    [
        "1", "-7", "18446744073709551615", "NULL", "1.50", "-0.000", "2.5e300", "'text'", "'grüße'", "_latin1'\xE4'", "_binary'a\0b'", "X'00FF'", "TRUE", "'it''s'", "DATE'2020-02-29'", "CAST(NULL AS CHAR)",
        "CAST(5 AS UNSIGNED)", "_utf8mb4'x' COLLATE utf8mb4_bin", "CAST(3 AS DECIMAL(10,4))", "NOW() < '1990-01-01'", "''", "REPEAT('z', 300)",
    ];

    private static readonly string[] Fixed =
    [
        "USE {s}", "USE {o}", "SELECT DATABASE()",
        "INSERT INTO {s}.t (v) VALUES (1), (2), (3)", "INSERT INTO {s}.t (v) VALUES (4)", "UPDATE {s}.t SET v = v + 1 WHERE v > 2", "UPDATE {s}.t SET v = 1 LIMIT 2", "DELETE FROM {s}.t ORDER BY id LIMIT 3",
        "SELECT id, v FROM {s}.t ORDER BY id DESC LIMIT 5", "SELECT COUNT(*) FROM {s}.t", "SELECT SQL_CALC_FOUND_ROWS id FROM {s}.t ORDER BY id LIMIT 2", "SELECT v / 0 FROM {s}.t ORDER BY id LIMIT 2",
        "INSERT IGNORE INTO {s}.t (id, v) VALUES (1, 1), (1, 2)", "INSERT INTO {s}.t (id) SELECT MIN(id) FROM {s}.t", "SELECT CAST('abc' AS SIGNED)", "SELECT nosuch FROM {s}.t", "SELECT * FROM nosuch.nosuch", "DROP TABLE IF EXISTS {s}.nosuch",
        "SELEC", "SELECT 1", "SELECT 'x' AS y FROM DUAL", "INSERT INTO {s}.t (v) VALUES (LAST_INSERT_ID())", "UPDATE {s}.t SET id = LAST_INSERT_ID(id) LIMIT 1", "SELECT LAST_INSERT_ID(77)",
        "SELECT LAST_INSERT_ID()", "SELECT @@identity", "SELECT @@sql_mode, @@time_zone, @@autocommit", "SHOW VARIABLES LIKE 'sql_mode'", "SHOW VARIABLES LIKE 'character\\_set\\_c%'",
        "SELECT @a, @b, @c", "SELECT @d, @e", "SET @a = @b", "SET @b = @a, @c = CONVERT(CONCAT(@b, 'x') USING utf8mb4)", "SELECT v, id INTO @a, @b FROM {s}.t ORDER BY id LIMIT 1", "SELECT @d := 5, @e := 'y'",
        "PREPARE one FROM 'SELECT v + ? FROM {s}.t ORDER BY id LIMIT 2'", "PREPARE two FROM 'SELECT @a IS NULL, DATABASE()'", "PREPARE three FROM 'INSERT INTO t (v) VALUES (9)'", "EXECUTE one USING @a", "EXECUTE two", "EXECUTE three",
        "DEALLOCATE PREPARE one", "DEALLOCATE PREPARE two", "PREPARE one FROM 'SELEC'",
        "BEGIN", "START TRANSACTION READ ONLY", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT p", "ROLLBACK TO p", "SET autocommit = 0", "SET autocommit = 1", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION READ WRITE", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "CREATE TEMPORARY TABLE {s}.tmp (x INT)", "INSERT INTO {s}.tmp VALUES (1)", "SELECT * FROM {s}.tmp", "DROP TEMPORARY TABLE {s}.tmp", "DROP TABLE IF EXISTS {s}.tmp",
        "SELECT GET_LOCK('{l}', 0)", "SELECT RELEASE_LOCK('{l}')", "DO RELEASE_ALL_LOCKS()", "LOCK TABLES {s}.t WRITE", "UNLOCK TABLES", "HANDLER {s}.t OPEN", "HANDLER {s}.t READ FIRST", "HANDLER {s}.t CLOSE",
        "SET NAMES latin1", "SET NAMES utf8mb4", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci", "SET CHARACTER SET latin1", "SET character_set_results = NULL", "SET character_set_results = utf8mb4", "SELECT 'ä', CHARSET('x'), COLLATION('x')",
        "SET time_zone = '+05:30'", "SET time_zone = 'SYSTEM'", "SET timestamp = 1234567890.5", "SELECT NOW(6) < '2015-01-01'", "SET timestamp = DEFAULT", "SET sql_mode = ''", "SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = DEFAULT",
        "SET sql_mode = CONCAT(@@sql_mode, ',NO_ZERO_DATE')", "SET sql_select_limit = 1", "SET sql_select_limit = DEFAULT", "SET last_insert_id = 12", "SET insert_id = 5000000", "CALL {s}.leaves_nothing()", "CALL {s}.sets_things()",
        "SET ROLE reader", "SET ROLE NONE", "SELECT CURRENT_ROLE()", "DO 1", "SELECT \"q\"", "SELECT 'a\\'b'", "SET SESSION sql_notes = 0", "SET sql_warnings = 1", "SET nosuch_variable = 1", "SET time_zone = 'Mars/Olympus'",
    ];

    /// <summary>They leave something to be asked for, and nothing of what was left before them.</summary>
    private static readonly string[] Telling =
    [
        "SELECT id FROM {s}.t ORDER BY id LIMIT 4", "SELECT SQL_CALC_FOUND_ROWS id FROM {s}.t ORDER BY id LIMIT 2", "SELECT v / 0 FROM {s}.t ORDER BY id LIMIT 2", "SELECT CAST(CONCAT(v, 'x') AS SIGNED) FROM {s}.t ORDER BY id LIMIT 3",
        "SELECT * FROM {s}.t WHERE v = 'x' ORDER BY id LIMIT 1", "SELECT CONCAT(id, 'x') + v FROM {s}.t ORDER BY id LIMIT 200",
    ];

    private static readonly string[] TellingErrors =
    [
        "SELECT nosuch FROM {s}.t", "INSERT INTO {s}.t (id) SELECT MIN(id) FROM {s}.t", "INSERT INTO {s}.t (v) VALUES (5), (6)", "INSERT IGNORE INTO {s}.t (id, v) VALUES (1, 1), (1, 2)", "UPDATE {s}.t SET v = 2 WHERE v > 3", "DELETE FROM {s}.t ORDER BY id LIMIT 1",
        "DROP TABLE IF EXISTS {s}.nosuch", "SELEC",
    ];

    private static readonly string[] Questions =
    [
        "SELECT ROW_COUNT()", "SHOW WARNINGS", "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "SHOW COUNT(*) ERRORS", "SELECT @@warning_count", "SELECT @@error_count", "SHOW WARNINGS LIMIT 1", "SHOW WARNINGS LIMIT 1, 5", "SHOW ERRORS LIMIT 2 OFFSET 0",
    ];

    private static readonly string[] QuestionsOfRows = ["SELECT FOUND_ROWS()", "SELECT FOUND_ROWS(), ROW_COUNT()"];

    /// <summary>Would end the session or the test, needs the relay's help, or is compared by nobody.</summary>
    private static readonly string[] Untouched =
    [
        "timeout", "time_limit", "completion_type", "range_optimizer", "max_error_count", "debug", "session_track", "pseudo_", "server_id", "gtid", "wsrep", "max_statement_time", "max_execution_time", "character_set_", "collation_", "insert_id", "rand_seed", "timestamp", "sql_log", "profiling",
        "read_only", "max_join_size", "max_recursive", "binlog", "skip_replication", "replica_mode", "slave_mode", "lc_messages", "connection_memory", "default_master", "in_transaction", "original_", "parser_max_mem", "immediate_server",
        "max_length_for_sort_data", "statement_id", "max_session_mem", "max_tmp_session", "net_buffer", "max_allowed_packet", "system_versioning_asof", "sql_require_primary_key", "innodb_ddl", "innodb_tmpdir", "optimizer_trace_max",
    ];

    private readonly List<Func<Random, string>> _settings = [];

    private StatementGenerator()
    {
    }

    /// <summary>With what the server tells of its own session variables.</summary>
    public static async Task<StatementGenerator> CreateAsync(StateServer server)
    {
        var generator = new StatementGenerator();
        await using var client = await server.ConnectAsync();
        var limits = new QueryLimits(10_000, 4 << 20);
        if (server.Catalogue.Family == ServerFamily.MariaDb)
        {
            var found = await client.QueryAsync(
                "SELECT VARIABLE_NAME, VARIABLE_TYPE, NUMERIC_MIN_VALUE, ENUM_VALUE_LIST, GLOBAL_VALUE FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_SCOPE = 'SESSION' AND READ_ONLY = 'NO'", default, limits);
            foreach (var row in found.Rows) generator.Add(row[0]!, row[1]!, row[2], row[3], row[4]);
        }
        else
        {
            var found = await client.QueryAsync("SHOW SESSION VARIABLES", default, limits);
            foreach (var row in found.Rows.Where(row => MySqlSessionVariables.Names.Contains(row[0]!)))
            {
                if (row[1] is "ON" or "OFF") generator.Add(row[0]!, "BOOLEAN", null, null, row[1]);
                else if (long.TryParse(row[1], out _)) generator.Add(row[0]!, "BIGINT", "0", null, row[1]);
            }
        }
        return generator;
    }

    /// <summary>Steps of one statement, or of one and a question about it on the next line.</summary>
    public IReadOnlyList<string> Sequence(Random random) => [.. Enumerable.Range(0, random.Next(4, 14)).Select(_ => Next(random))];

    private string Next(Random random) => random.Next(12) switch
    {
        < 2 => _settings[random.Next(_settings.Count)](random),
        < 3 => $"SET @{(char)('a' + random.Next(5))} = {Any(Assigned, random)}",
        3 => $"{Any(Telling, random)}\n{Any(QuestionsOfRows, random)}",
        4 => $"{Any([.. Telling, .. TellingErrors], random)}\n{Any(Questions, random)}",
        _ => Any(Fixed, random),
    };

    private static string Any(string[] all, Random random) => all[random.Next(all.Length)];

    private void Add(string name, string type, string? least, string? values, string? present)
    {
        if (Untouched.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase))) return;
        Func<Random, string>? value = type switch
        {
            "BOOLEAN" => random => random.Next(2) == 0 ? "ON" : "OFF",
            "ENUM" when values is not null => random => Quoted(values.Split(','), random),
            "SET" when values is not null => random => Quoted(values.Split(','), random),
            "FLAGSET" when values is not null => random => $"'{values.Split(',')[random.Next(values.Split(',').Length - 1)]}={(random.Next(2) == 0 ? "on" : "off")}'",
            _ when type.Contains("INT", StringComparison.Ordinal) => random => Number(random, least, present),
            "DOUBLE" => random => random.NextDouble().ToString("0.00", CultureInfo.InvariantCulture),
            _ => null,
        };
        if (value is not null) _settings.Add(random => $"SET {name} = {(random.Next(6) == 0 ? "DEFAULT" : value(random))}");
    }

    private static string Quoted(string[] values, Random random) => $"'{values[random.Next(values.Length)]}'";

    private static string Number(Random random, string? least, string? present)
    {
        var from = decimal.TryParse(random.Next(2) == 0 ? least : present, NumberStyles.Any, CultureInfo.InvariantCulture, out var number) ? number : 0;
        return (from + random.Next(-1, 3) * (random.Next(2) == 0 ? 1 : 1024)).ToString(CultureInfo.InvariantCulture);
    }
}
