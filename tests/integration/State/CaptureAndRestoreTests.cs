using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>A session that moved to another backend connection of a real server finds there what it left.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(240_000)]
public sealed class CaptureAndRestoreTests(ServerFamily family)
{
    private const int Latin1 = 8;

    private StateServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await StateServer.StartAsync(family);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [TestCase("SET time_zone='+05:30'", "@@time_zone")]
    [TestCase("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "@@character_set_client, @@character_set_results, @@character_set_connection, @@collation_connection")]
    [TestCase("SET NAMES latin1 COLLATE latin1_german2_ci", "@@character_set_client, @@character_set_results, @@collation_connection")]
    [TestCase("SET CHARACTER SET latin1", "@@character_set_client, @@character_set_results, @@collation_connection")]
    [TestCase("SET character_set_results=NULL", "@@character_set_client, HEX(@@character_set_results), @@collation_connection")]
    [TestCase("SET collation_connection=utf8mb4_unicode_ci", "@@collation_connection, @@character_set_connection")]
    [TestCase("SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'", "@@sql_mode, 'a\\b', 'x'||'y'")]
    [TestCase("SET autocommit=0", "@@autocommit")]
    [TestCase("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", "(SELECT 1)")]
    [TestCase("SET foreign_key_checks=0, unique_checks=0, sql_safe_updates=1", "@@foreign_key_checks, @@unique_checks, @@sql_safe_updates")]
    [TestCase("SET sort_buffer_size=400000, group_concat_max_len=100000, wait_timeout=123", "@@sort_buffer_size, @@group_concat_max_len, @@wait_timeout")]
    [TestCase("SET sql_select_limit=0", "1")]
    [TestCase("SET max_join_size=1000, sql_big_selects=1", "@@max_join_size, @@sql_big_selects")]
    [TestCase("SET long_query_time=1.25", "@@long_query_time")]
    [TestCase("SET timestamp=1234567890.123456", "NOW(6), @@timestamp")]
    [TestCase("SET last_insert_id=18446744073709551615", "LAST_INSERT_ID(), @@identity")]
    [TestCase("SET lc_time_names='de_DE'", "DATE_FORMAT('2020-03-01','%M')")]
    [TestCase("SET optimizer_switch='mrr=on,materialization=off'", "@@optimizer_switch")]
    [TestCase("SET default_storage_engine=MyISAM", "@@default_storage_engine")]
    [TestCase("SET @@session.div_precision_increment:=7", "1/3")]
    [TestCase("SET @@sort_buffer_size=400000, @@lc_time_names='de_DE', max_error_count=7", "@@sort_buffer_size, @@lc_time_names, @@max_error_count")]
    [TestCase("SET @@sql_mode='ANSI_QUOTES', @a=1", "@@sql_mode")]
    [TestCase("SET @@collation_connection=latin1_bin", "@@collation_connection, @@character_set_connection")]
    [TestCase("SET @@timestamp=1234567890", "NOW()")]
    [TestCase("USE shop", "DATABASE()")]
    [TestCase("SET @a=1, time_zone='+01:00'", "@a, @@time_zone")]
    public async Task Variable_SetByTheClient_IsThereAfterTheMove(string set, string observed)
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync(set);
        var before = await session.AskAsync("SELECT " + observed);
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT " + observed), Is.EqualTo(before));
    }

    /// <summary>The server reads a name in the character set of the client, whatever that is.</summary>
    [TestCase(Latin1)]
    [TestCase(CollationId.Utf8Mb4GeneralCi)]
    public async Task SchemaWithLettersBeyondAscii_IsInUseAfterTheMove(int collation)
    {
        await using var session = await _server.OpenAsync(collation);
        await session.RunAsync("SET NAMES utf8mb4", "CREATE DATABASE IF NOT EXISTS `bücher`", "USE `bücher`", "SET NAMES latin1");
        const string observed = "SELECT HEX(CONVERT(DATABASE() USING utf8mb4)), @@character_set_client, @@collation_connection";
        var before = await session.AskAsync(observed);
        await session.MoveAsync();
        Assert.That(await session.AskAsync(observed), Is.EqualTo(before));
    }

    [Test]
    public async Task AllSessionVariables_AfterManySets_AreTheSameAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync(
            "USE shop", "SET NAMES latin1 COLLATE latin1_german2_ci", "SET collation_server=latin1_bin, character_set_filesystem=utf8mb4", "SET sql_mode='ANSI_QUOTES,STRICT_ALL_TABLES'",
            "SET time_zone='-03:00', lc_time_names='fr_FR', lc_messages='en_US'", "SET autocommit=0, completion_type=0", "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET net_read_timeout=77, net_write_timeout=88, interactive_timeout=99, max_error_count=10", "SET optimizer_switch='mrr=on'", "SET tmp_table_size=2097152, max_heap_table_size=3145728",
            "SET default_week_format=3, div_precision_increment=6, low_priority_updates=1, profiling=0", "SET innodb_lock_wait_timeout=7, lock_wait_timeout=8, join_buffer_size=524288");
        var before = await SessionVariablesAsync(session);
        await session.MoveAsync();
        Assert.That(await SessionVariablesAsync(session), Is.EqualTo(before));
    }

    [TestCase("SET NAMES utf8mb4 COLLATE utf8mb4_bin")]
    [TestCase("SET NAMES latin1 COLLATE latin1_german2_ci")]
    [TestCase("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET character_set_results=latin1")]
    [TestCase("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET NAMES utf8mb4")]
    [TestCase("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET collation_connection=latin1_bin, character_set_client=latin1")]
    public async Task CollationOfColumns_AfterSetNames_IsTheSameAfterTheMove(params string[] sets)
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync(sets);
        var before = (await session.RunAsync("SELECT @@version, @@collation_connection, @@character_set_client")).Columns;
        await session.MoveAsync();
        Assert.That((await session.RunAsync("SELECT @@version, @@collation_connection, @@character_set_client")).Columns, Is.EqualTo(before));
    }

    [TestCase("DROP DATABASE gone", "CREATE DATABASE gone; CREATE TABLE gone.t (a INT)")]
    [TestCase("REVOKE ALL ON gone.* FROM plain@localhost", "GRANT ALL ON gone.* TO plain@localhost")]
    public async Task SchemaInUse_ThatCannotBeUsedForAWhile_IsInUseAgainAfterwards(string takeAway, string giveBack)
    {
        await using var administrator = await _server.OpenAsync();
        await administrator.RunAsync("DROP DATABASE IF EXISTS gone", "CREATE DATABASE gone", "CREATE TABLE gone.t (a INT)", "GRANT ALL ON gone.* TO plain@localhost");
        await using var session = await _server.OpenAsync(user: "plain");
        await session.RunAsync("USE gone", "SET @kept=7");
        await administrator.RunAsync(takeAway);
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT @kept"), Is.EqualTo("7"), "what needs no schema runs");
        Assert.That((await session.RunOneAsync("SELECT * FROM t")).Failed, Is.True);
        await session.MoveAsync();
        await administrator.RunAsync(giveBack.Split("; "));
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT DATABASE(), COUNT(*) FROM t"), Is.EqualTo("gone|0"));
        await session.RunAsync("USE shop");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT DATABASE()"), Is.EqualTo("shop"));
    }

    [Test]
    public async Task CharacterSetOfResults_SetWithoutAScope_IsAllThatIsRestored_WhenTheConnectionBreaks()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET character_set_results=utf8mb3", "SET @@character_set_results=latin1");
        await session.ReadUnreportedAsync();
        var before = await session.AskAsync("SELECT @@character_set_client, @@character_set_connection, @@character_set_results");
        session.State.LoseBackend();
        await session.Client.DisposeAsync();
        await session.AttachAsync();
        Assert.That(await session.AskAsync("SELECT @@character_set_client, @@character_set_connection, @@character_set_results"), Is.EqualTo(before).And.EndsWith("latin1"));
    }

    /// <summary>MariaDB's tracker tells nothing of a SET that names a variable as `@@name`.</summary>
    [Test]
    public async Task VariableSetWithoutAScope_IsKnownBeforeTheNextStatement()
    {
        await using var session = await _server.OpenAsync();
        var untouched = await session.AskAsync("SELECT @@max_error_count");
        await session.RunAsync("SET @@sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES', @@sort_buffer_size=1");
        await session.ReadUnreportedAsync();
        Assert.That(session.State.Dialect.AnsiQuotes, Is.True);
        Assert.That(session.State.AnswersLastStatement, Is.EqualTo(family == ServerFamily.MariaDb), "the warning can still be shown");
        await session.RunOneAsync("SET @@nosuch=1");
        await session.RunOneAsync("SET @@max_connections=1, @@max_error_count=9");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT @@sql_mode, @@max_error_count"), Is.EqualTo("ANSI_QUOTES,NO_BACKSLASH_ESCAPES|" + untouched));
    }

    [Test]
    public async Task VariableSetByStoredCode_IsThereAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync(
            "DROP PROCEDURE IF EXISTS shop.sets", "CREATE PROCEDURE shop.sets() BEGIN SET @@sort_buffer_size=400000; SET @@time_zone='+05:00'; END", "CALL shop.sets()");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT @@sort_buffer_size, @@time_zone"), Is.EqualTo("400000|+05:00"));
    }

    [Test]
    public async Task DefaultTimestamp_SetAfterAFixedOne_RunsOnAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET timestamp=5", "SET timestamp=DEFAULT");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT @@timestamp > 1700000000"), Is.EqualTo("1"));
    }

    [Test]
    public async Task UserVariables_OfEveryType_KeepValueTypeAndCollation()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync(
            "SET @i=1, @neg=-5, @min=-9223372036854775807-1, @u=CAST(5 AS UNSIGNED), @big=18446744073709551615, @d=1.50, @d0=CAST(7 AS DECIMAL(10,0)), @dn=-0.001",
            "SET @f=1.5e0, @fe=1e300, @f3=0.1e0+0.2e0, @fi=3e0, @bool=TRUE",
            "SET @s='it''s', @e='', @l=_latin1 x'e4' COLLATE latin1_german2_ci, @b=_binary x'610062ff', @bit=b'101', @w=_utf16 x'00e4' COLLATE utf16_bin, @long=REPEAT('ä', 5000)",
            "SET @n=NULL, @ni=1, @nd=1.5, @nf=1e0, @ns=_latin1'x' COLLATE latin1_german1_ci, @nu=CAST(1 AS UNSIGNED)", "SET @ni=NULL, @nd=NULL, @nf=NULL, @ns=NULL, @nu=NULL",
            "SET @j=JSON_OBJECT('a', 1), @t=TIMESTAMP'2020-01-02 03:04:05.6', @`we ird`='w', @`b``t`=2, @'quo\"te'=3, @dot.ted$1=4",
            "SELECT @assigned := 42, 7 INTO @into, @into2");
        const string all = "@i,@neg,@min,@u,@big,@d,@d0,@dn,@f,@fe,@f3,@fi,@bool,@s,@e,@l,@b,@bit,@w,@long,@n,@ni,@nd,@nf,@ns,@nu,@j,@t,@`we ird`,@`b``t`,@'quo\"te',@dot.ted$1,@into,@into2";
        var before = await session.AskTypedAsync(all);
        await session.MoveAsync();
        Assert.That(await session.AskTypedAsync(all), Is.EqualTo(before));
    }

    [Test]
    public async Task UserVariables_OfAnAccountWithoutRights_AreRestored()
    {
        await using var session = await _server.OpenAsync(user: "plain");
        await session.RunAsync("SET @a = 'x', @A2 = 2.5", "SELECT @b := 3");
        var before = await session.AskTypedAsync("@a, @A2, @b");
        await session.MoveAsync();
        Assert.That(await session.AskTypedAsync("@a, @A2, @b"), Is.EqualTo(before));
    }

    [Test]
    public async Task UserVariables_UnderHostileModes_AreRestored()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "SET @q = 'back\\slash''quote', @`na\"me` = 1", "SET NAMES latin1", "SET sql_select_limit=0, character_set_results=NULL");
        var before = await session.AskTypedAsync("@q, @`na\"me` LIMIT 1");
        await session.MoveAsync();
        Assert.That(await session.AskTypedAsync("@q, @`na\"me` LIMIT 1"), Is.EqualTo(before));
    }

    [Test]
    public async Task UserVariables_TooLargeToCarry_PinTheSessionAndLeaveItUsable()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET @big = REPEAT('x', 2000000)");
        var captured = await session.CaptureAsync();
        Assert.That(captured.Pinned?.Words, Does.Contain("user variables"));
        Assert.That(await session.AskAsync("SELECT LENGTH(@big)"), Is.EqualTo("2000000"));
    }

    [Test]
    public async Task LastInsertId_OfAnInsert_IsThereAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("INSERT INTO shop.t (v) VALUES (1),(2)");
        var before = await session.AskAsync("SELECT LAST_INSERT_ID()");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT LAST_INSERT_ID()"), Is.EqualTo(before).And.Not.EqualTo("0"));
    }

    [Test]
    public async Task Capture_WithoutAMove_LeavesTheBackendAsItWas()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("USE shop", "SET NAMES latin1", "SET @x='a', autocommit=0, timestamp=7", "SET character_set_results=utf8mb4");
        const string observed = "SELECT DATABASE(), @@character_set_results, @@character_set_client, @x, @@autocommit, @@timestamp LIMIT 1";
        var before = await session.AskAsync(observed);
        Assert.That((await session.CaptureAsync()).Pinned, Is.Null);
        Assert.That(await session.AskAsync(observed), Is.EqualTo(before));
    }

    [Test]
    public async Task Capture_WithAutocommitOff_LeavesNoTransactionOpen()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET autocommit=0", "SET @x=1");
        await session.CaptureAsync();
        var result = await session.RunOneAsync("SET @y=1");
        Assert.That(result.ServerStatus & (ushort)ServerStatus.InTransaction, Is.Zero);
    }

    [Test]
    public async Task Role_SetByTheClient_IsThereAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("CREATE ROLE IF NOT EXISTS `r 1`", "GRANT `r 1` TO root@localhost", "SET ROLE `r 1`");
        var before = await session.AskAsync("SELECT CURRENT_ROLE()");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT CURRENT_ROLE()"), Is.EqualTo(before).And.Contains("r 1"));
        await session.RunAsync("SET ROLE NONE");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT CURRENT_ROLE()"), Is.EqualTo("NONE").Or.EqualTo("NULL"));
    }

    [Test]
    public async Task ManyMoves_OneAfterTheOther_LoseNothing()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("USE shop", "SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET @x=_latin1'ä' COLLATE latin1_german2_ci, @y=1.0", "SET sql_mode='ANSI_QUOTES', timestamp=9, last_insert_id=4");
        const string observed = "@x, @y, @@sql_mode, @@timestamp, LAST_INSERT_ID(), DATABASE(), @@collation_connection";
        var before = await session.AskTypedAsync(observed);
        for (var i = 0; i < 5; i++)
        {
            if (i > 0) await session.RunAsync("SET character_set_results=utf8mb4");
            await session.MoveAsync();
        }
        Assert.That(await session.AskTypedAsync(observed), Is.EqualTo(before));
    }

    private static async Task<string> SessionVariablesAsync(TestSession session)
    {
        var text = await session.AskAsync("SHOW SESSION VARIABLES");
        // The clock, the connection's number, and what differs from one SHOW to the next.
        return string.Join('\n', text.Split('\n').Where(l =>
            !l.StartsWith("timestamp|", StringComparison.Ordinal) && !l.StartsWith("pseudo_thread_id|", StringComparison.Ordinal)
            && !l.StartsWith("statement_id|", StringComparison.Ordinal) && !l.StartsWith("rand_seed", StringComparison.Ordinal)));
    }
}
