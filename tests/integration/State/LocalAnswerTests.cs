using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>What is answered without a server is what the server answers: rows, column definitions, warnings and status.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(240_000)]
public sealed class LocalAnswerTests(ServerFamily family)
{
    private static readonly string[] Selects =
    [
        "SELECT 1", "select 1", "/* ping */ SELECT 1", "SELECT 1;", "SELECT  1 ", "SELECT 42 AS answer", "SELECT 123456789", "SELECT 1, 2 two, 3 AS `th ree`", "SELECT 1 FROM DUAL",
        "(SELECT 1)",
        "SELECT 1 LIMIT 1", "SELECT @@version", "select @@version_comment limit 1", "SELECT @@version, @@version_comment AS c, @@version_compile_os", "SELECT VERSION()", "select version() as v",
        "SELECT DATABASE()", "select schema()", "SELECT CONNECTION_ID()", "select connection_id() id", "SELECT CURRENT_USER()", "SELECT CURRENT_USER", "SELECT USER(), SESSION_USER()",
        "SELECT @@autocommit", "SELECT @@session.autocommit, @@SESSION.Foreign_Key_Checks", "select @@local.unique_checks x", "SELECT @@sql_mode", "SELECT @@session.sql_mode 'm'", "SELECT @@time_zone, @@system_time_zone",
        "SELECT @@tx_isolation", "SELECT @@transaction_isolation", "SELECT @@session.tx_isolation, @@tx_read_only", "SELECT @@session.transaction_isolation, @@session.transaction_read_only",
        "SELECT @@max_allowed_packet", "SELECT @@max_allowed_packet, @@system_time_zone, @@time_zone, @@auto_increment_increment, @@tx_isolation AS i, @@autocommit",
        "SELECT @@character_set_client, @@character_set_connection, @@character_set_results, @@collation_connection", "SELECT @@character_set_server, @@collation_server",
        "SELECT @@lower_case_table_names, @@global.lower_case_table_names, @@port", "SELECT @@wait_timeout, @@interactive_timeout, @@net_write_timeout, @@net_buffer_length", "SELECT @@init_connect, @@license",
        "SELECT @@performance_schema", "SELECT @@long_query_time", "SELECT @@max_statement_time", "SELECT @@max_execution_time", "SELECT @@default_storage_engine, @@lc_time_names",
        "/* mysql-connector-j-9.0 (Revision: x) */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results, @@character_set_server AS character_set_server, @@collation_server AS collation_server, @@collation_connection AS collation_connection, @@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@performance_schema AS performance_schema, @@sql_mode AS sql_mode, @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@transaction_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout",
        "SELECT LAST_INSERT_ID()",
        "SHOW VARIABLES LIKE 'sql_mode'", "SHOW SESSION VARIABLES LIKE 'autocommit'", "show variables like 'lower_case_table_names'", "SHOW VARIABLES LIKE 'transaction_isolation'", "SHOW VARIABLES LIKE 'max_allowed_packet'",
        "SHOW VARIABLES LIKE 'character_set_results'", "SHOW VARIABLES LIKE 'long_query_time'",
    ];

    private static readonly string[] Sets =
    [
        "SET NAMES utf8mb4", "SET NAMES binary", "set names 'latin1'", "SET NAMES euckr", "SET NAMES ujis", "SET NAMES gb2312", "SET NAMES dec8", "SET NAMES geostd8", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci", "SET NAMES utf8", "SET NAMES utf8mb3", "SET NAMES \"utf8mb4\" COLLATE 'utf8mb4_bin'", "SET character_set_results = NULL", "SET character_set_results=latin1",
        "SET autocommit=0", "SET AUTOCOMMIT = 1", "SET @@session.autocommit = ON", "SET SESSION autocommit=OFF", "set autocommit=true", "SET foreign_key_checks=0, unique_checks=0", "SET time_zone='+00:00'", "SET SESSION time_zone = '-11:30'",
        "SET time_zone='+12:59'", "SET sql_mode=''", "SET sql_mode='STRICT_TRANS_TABLES'", "set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')", "SET sql_mode=CONCAT( @@session.sql_mode , ',ANSI_QUOTES' )", "SET SESSION sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
        "SET sql_mode='NO_ENGINE_SUBSTITUTION,ANSI_QUOTES,no_backslash_escapes'", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET SESSION TRANSACTION READ ONLY", "set session transaction isolation level repeatable read, read write",
        "SET net_write_timeout=600", "SET SESSION wait_timeout=28800, @@session.net_read_timeout := 60", "SET NAMES utf8mb4, time_zone='+01:00', autocommit=0", "SET group_concat_max_len=1048576", "SET innodb_lock_wait_timeout=5", "SET sql_safe_updates=1, sql_select_limit=1000",
        "SET max_execution_time=5000", "COMMIT", "ROLLBACK", "rollback work;", "SET session_track_schema=1",
    ];

    /// <summary>Ends with a SELECT: before the first one of a connection FOUND_ROWS() has no certain value in MariaDB.</summary>
    private static readonly string[] Preparation = ["TRUNCATE shop.t", "INSERT INTO shop.t (v) VALUES (1),(1),(2)", "SELECT * FROM shop.t"];

    private const string Observed =
        "SELECT @@autocommit, @@sql_mode, @@time_zone, @@foreign_key_checks, @@unique_checks, @@character_set_client, @@character_set_connection, @@character_set_results, "
        + "@@collation_connection, @@net_write_timeout, @@net_read_timeout, @@wait_timeout, @@group_concat_max_len, @@innodb_lock_wait_timeout, @@sql_safe_updates, @@sql_select_limit, "
        + "@@session_track_schema LIMIT 1";

    private StateServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await StateServer.StartAsync(family);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [TestCaseSource(nameof(Selects))]
    public async Task Select_AnsweredWithoutAServer_IsTheServersAnswer(string sql)
    {
        await CompareAsync(sql, CollationId.Utf8Mb4GeneralCi);
        await CompareAsync(sql, CollationId.Latin1SwedishCi, "SET autocommit=0", "SET time_zone='+03:00'", "SET NAMES utf8mb4 COLLATE utf8mb4_bin");
        await CompareAsync(sql, CollationId.Utf8Mb4GeneralCi, "SET NAMES latin1", "SET sql_mode=''");
        await CompareAsync(sql, CollationId.Utf8Mb4GeneralCi, "SET character_set_results=NULL");
        await CompareAsync(sql, CollationId.Utf8Mb4GeneralCi, "SET NAMES binary");
    }

    [TestCaseSource(nameof(Sets))]
    public async Task Set_AnsweredWithoutAServer_IsWhatTheServerWouldHaveMadeOfIt(string sql)
    {
        var state = new SessionState(_server.Catalogue.Dialect, CollationId.Utf8Mb4GeneralCi, schema: null);
        if (Answer(sql, state, 1) is not { } answer) return;
        Assert.That(answer.IsOk, Is.True);

        await using var direct = await _server.OpenAsync();
        var result = await direct.RunAsync(sql);
        Assert.That(result.Warnings, Is.EqualTo(answer.Warnings), "warnings");
        Assert.That(state.ServerStatus, Is.EqualTo(direct.State.ServerStatus), "status flags");

        await using var woken = new TestSession(_server, state, "root");
        await woken.AttachAsync();
        Assert.That(await woken.AskAsync(Observed), Is.EqualTo(await direct.AskAsync(Observed)));
        Assert.That(state.Dialect, Is.EqualTo(direct.State.Dialect));
    }

    [Test]
    public void EveryCommonStartUp_IsAnswered()
    {
        string[] always =
        [
            "SELECT 1", "select @@version_comment limit 1", "SET AUTOCOMMIT = 0", "SET NAMES utf8mb4", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci", "SELECT DATABASE()", "SELECT CONNECTION_ID()", "SELECT VERSION()",
            "SET time_zone='+00:00'", "SET sql_mode=''", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "ROLLBACK", "COMMIT", "SHOW VARIABLES LIKE 'lower_case_table_names'", "SELECT @@session.autocommit",
            "SELECT @@max_allowed_packet", "SET character_set_results = NULL", "/* ping */ SELECT 1",
            // MariaDB Connector/J 2.x sends both at once and waits for half a second.
            "set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')", "SELECT @@max_allowed_packet,@@system_time_zone,@@time_zone,@@auto_increment_increment",
        ];
        Assert.That(always.Where(sql => Answer(sql, Fresh(), 1) is null), Is.Empty);
    }

    [TestCase("SELECT * FROM t")]
    [TestCase("SELECT 1 FROM t")]
    [TestCase("SELECT 1 WHERE 1=0")]
    [TestCase("SELECT 1 LIMIT 0")]
    [TestCase("SELECT 1 UNION SELECT 2")]
    [TestCase("SELECT 1; SELECT 2")]
    [TestCase("SELECT @@nosuch")]
    [TestCase("SELECT @@global.autocommit")]
    [TestCase("SELECT @@session.version")]
    [TestCase("SELECT @@hostname.x")]
    [TestCase("SELECT 1.5")]
    [TestCase("SELECT 'a'")]
    [TestCase("SELECT SLEEP(1)")]
    [TestCase("SELECT NOW()")]
    [TestCase("SELECT 1 INTO @x")]
    [TestCase("SELECT 1 FOR UPDATE")]
    [TestCase("SELECT -1")]
    [TestCase("SELECT DISTINCT 1")]
    [TestCase("SELECT FOUND_ROWS()")]
    [TestCase("SHOW WARNINGS")]
    [TestCase("SHOW VARIABLES")]
    [TestCase("SHOW VARIABLES LIKE 'character%'")]
    [TestCase("SHOW GLOBAL VARIABLES LIKE 'autocommit'")]
    [TestCase("SHOW TABLES")]
    [TestCase("SET @x=1")]
    [TestCase("SET GLOBAL autocommit=0")]
    [TestCase("SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED")]
    [TestCase("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")]
    [TestCase("SET NAMES nosuch")]
    [TestCase("SET NAMES sjis")]
    [TestCase("SET NAMES utf16")]
    [TestCase("SET NAMES utf8mb4 COLLATE latin1_bin")]
    [TestCase("SET NAMES DEFAULT")]
    [TestCase("SET time_zone='Europe/Berlin'")]
    [TestCase("SET time_zone='+15:00'")]
    [TestCase("SET time_zone='-00:00'")]
    [TestCase("SET sql_mode='TRADITIONAL'")]
    [TestCase("SET sql_mode=DEFAULT")]
    [TestCase("SET sql_mode=CONCAT(@@sql_mode, ',ANSI')")]
    [TestCase("SET sql_mode=CONCAT(@@global.sql_mode, ',ANSI_QUOTES')")]
    [TestCase("SET sql_mode=CONCAT(@@sql_mode, ',ANSI_QUOTES', '')")]
    [TestCase("SET sql_mode=CONCAT('ANSI_QUOTES,', @@sql_mode)")]
    [TestCase("SET sql_mode='', sql_mode=CONCAT(@@sql_mode, ',ANSI_QUOTES')")]
    [TestCase("SET autocommit=2")]
    [TestCase("SET autocommit=0, nosuch=1")]
    [TestCase("SET autocommit=0 nonsense")]
    [TestCase("SET net_write_timeout=0")]
    [TestCase("SET sql_log_bin=0")]
    [TestCase("SET autocommit=(SELECT 1)")]
    [TestCase("SET PASSWORD = 'x'")]
    [TestCase("COMMIT AND CHAIN")]
    [TestCase("ROLLBACK TO SAVEPOINT a")]
    [TestCase("ROLLBACK RELEASE")]
    [TestCase("BEGIN")]
    [TestCase("USE shop")]
    [TestCase("")]
    [TestCase("/* only a comment */")]
    [TestCase("/*!40101 SET NAMES utf8mb4 */")]
    [TestCase("INSERT INTO t VALUES (1)")]
    public void WhatIsNotCertain_IsLeftToTheServer(string sql) => Assert.That(Answer(sql, Fresh(), 1), Is.Null);

    [Test]
    public void Set_ThatIsNotAnswered_ChangesNothing()
    {
        var state = Fresh();
        Answer("SET autocommit=0, time_zone='Mars/Olympus'", state, 1);
        Assert.That(state.Autocommit, Is.True);
        Assert.That(state.Variables, Is.Null);
    }

    [TestCase("SELECT v/0 FROM shop.t")]
    [TestCase("SELECT 1/0")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES binary")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET character_set_results = NULL")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES euckr")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES ujis")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES eucjpms")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES gb2312")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES cp850")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES tis620")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES armscii8")]
    [TestCase("SELECT CAST('x' AS SIGNED)", "SET NAMES macroman")]
    [TestCase("INSERT INTO shop.t (v) VALUES (3),(4)")]
    [TestCase("UPDATE shop.t SET v=9 WHERE v=1")]
    [TestCase("SELECT nosuch FROM shop.t")]
    [TestCase("SELECT SQL_CALC_FOUND_ROWS * FROM shop.t LIMIT 1")]
    [TestCase("SET time_zone='+01:00'")]
    [TestCase("DROP TABLE IF EXISTS shop.nosuch")]
    public async Task QuestionsAboutTheLastStatement_AfterLeaving_HaveTheServersAnswers(string statement, string set = "DO 1")
    {
        string[] questions =
        [
            "SHOW WARNINGS", "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "SELECT @@error_count", "SELECT @@warning_count", "SELECT ROW_COUNT()", "SELECT FOUND_ROWS()", "SELECT FOUND_ROWS(), ROW_COUNT()", "SELECT LAST_INSERT_ID()",
        ];
        foreach (var question in questions)
        {
            await using var direct = await _server.OpenAsync();
            await using var left = await _server.OpenAsync();
            foreach (var session in new[] { direct, left })
            {
                await session.RunAsync(set);
                await session.RunAsync(Preparation);
                await session.RunOneAsync(statement);
            }
            Assert.That((await left.CaptureAsync()).Pinned, Is.Null);
            Assert.That(Answer(question, left.State, left.Client.ConnectionId), Is.Not.Null, question);
            // Twice: what the first answer leaves is asked by the second.
            await using var again = await _server.OpenAsync();
            await again.RunAsync(set);
            await again.RunAsync(Preparation);
            await again.RunOneAsync(statement);
            Assert.That((await again.CaptureAsync()).Pinned, Is.Null);
            for (var i = 0; i < 2; i++)
            {
                var (expected, _) = await AskAsync(direct, question);
                Assert.That(Describe(Answer(question, again.State, again.Client.ConnectionId)!), Is.EqualTo(expected), $"{question} #{i + 1}");
            }
        }
    }

    private SessionState Fresh() => new(_server.Catalogue.Dialect, CollationId.Utf8Mb4GeneralCi, schema: null);

    private async Task CompareAsync(string sql, int collation, params string[] before)
    {
        await using var direct = await _server.OpenAsync(collation);
        foreach (var set in before) await direct.RunAsync(set);
        var state = new SessionState(_server.Catalogue.Dialect, collation, schema: null);
        foreach (var set in before) Assert.That(Answer(set, state, 1), Is.Not.Null, set);
        if (Answer(sql, state, direct.Client.ConnectionId) is not { } answer) return;
        var (expected, _) = await AskAsync(direct, sql);
        Assert.That(Describe(answer), Is.EqualTo(expected), string.Join("; ", before));
    }

    private LocalAnswer? Answer(string sql, SessionState state, uint connectionId)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        var info = StatementClassifier.Classify(bytes, state.Dialect);
        var context = new LocalContext(connectionId, "root@localhost", "root@localhost");
        return LocalAnswers.TryAnswer(bytes, info, state, _server.Catalogue, context, out var answer) ? answer : null;
    }

    private static async Task<(string Text, ushort Status)> AskAsync(TestSession session, string sql)
    {
        var backend = session.Backend;
        var result = await session.Client.Channel.Loop.RunAsync(async () => (await backend.QueryAsync([Encoding.UTF8.GetBytes(sql)], 1 << 20, default))[0]);
        Assert.That(result.ErrorMessage, Is.Empty, sql);
        var columns = backend.Definitions.Select(c => $"{c.Schema}.{c.Table}.{c.OriginalTable}.{c.Name}.{c.OriginalName} {(byte)c.Type} {(ushort)c.Flags} {c.CollationId} {c.Length} {c.Decimals}");
        return (Text(columns, result.Rows, result.Warnings), result.ServerStatus);
    }

    private static string Describe(LocalAnswer answer) => Text(
        answer.Columns.Select(c => $"{c.Schema}.{c.Table}.{c.OriginalTable}.{Encoding.UTF8.GetString(c.Name)}.{c.OriginalName} {c.Type} {c.Flags} {c.Collation} {c.Length} {c.Decimals}"),
        answer.Rows, answer.Warnings);

    private static string Text(IEnumerable<string> columns, IReadOnlyList<byte[]?[]> rows, int warnings) =>
        string.Join('\n', columns) + "\n--\n" + string.Join('\n', rows.Select(r => string.Join('|', r.Select(v => v is null ? "NULL" : Encoding.UTF8.GetString(v)))))
        + $"\nwarnings {warnings}";
}
