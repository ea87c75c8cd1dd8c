using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>What pins a session, when it ends, and in which words it is said. No server is needed.</summary>
public sealed class SessionPinTests
{
    private const ushort Autocommit = 2;
    private const ushort InTransaction = 1;

    private SessionState _state = null!;

    [SetUp]
    public void NewSession() => _state = new SessionState(new SqlDialect(ServerFamily.MariaDb, 101106), CollationId.Utf8Mb4GeneralCi, "shop");

    [TestCase("CREATE TEMPORARY TABLE basket (a INT)", "DROP TABLE basket", "temporary table shop.basket")]
    [TestCase("CREATE TEMPORARY TABLE IF NOT EXISTS `b a` AS SELECT 1", "DROP TEMPORARY TABLE IF EXISTS shop.`b a`", "temporary table shop.b a")]
    [TestCase("CREATE OR REPLACE TEMPORARY TABLE o.t SELECT 1", "DROP TABLES o.t", "temporary table o.t")]
    [TestCase("LOCK TABLES t WRITE", "UNLOCK TABLES", "LOCK TABLES")]
    [TestCase("LOCK TABLES t WRITE", "START TRANSACTION", "LOCK TABLES")]
    [TestCase("FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES", "FLUSH TABLES WITH READ LOCK")]
    [TestCase("HANDLER t OPEN AS h", "HANDLER h CLOSE", "open HANDLER h")]
    [TestCase("HANDLER shop.t OPEN", "HANDLER t CLOSE", "open HANDLER t")]
    [TestCase("XA START 'x'", "XA ROLLBACK 'x'", "XA transaction")]
    [TestCase("PREPARE S FROM @text", "DEALLOCATE PREPARE s", "statement prepared by SQL PREPARE s")]
    [TestCase("SELECT GET_LOCK('a', 1)", "SELECT RELEASE_ALL_LOCKS()", "user-level lock (GET_LOCK) a")]
    [TestCase("BACKUP STAGE START", "BACKUP STAGE END", "backup lock (LOCK INSTANCE, BACKUP STAGE)")]
    [TestCase("SET TRANSACTION READ ONLY", "COMMIT", "characteristics set for the next transaction (SET TRANSACTION)")]
    [TestCase("SET TRANSACTION READ ONLY", "INSERT INTO t VALUES (1)", "characteristics set for the next transaction (SET TRANSACTION)")]
    public void WhatHoldsASession_PinsItInWordsUntilItEnds(string begin, string end, string words)
    {
        Run(begin);
        Assert.That(_state.Pin?.Words, Is.EqualTo(words));
        Run("SELECT 1");
        Assert.That(_state.Pin, Is.Not.Null);
        Run(end);
        Assert.That(_state.Pin, Is.Null);
    }

    [TestCase("CREATE TEMPORARY TABLE t (a INT)", "DROP TABLE other")]
    [TestCase("CREATE TEMPORARY TABLE t (a INT)", "DROP TABLE elsewhere.t")]
    [TestCase("CREATE TEMPORARY TABLE t (a INT)", "DROP TABLE T")]
    [TestCase("CREATE TEMPORARY TABLE t (a INT)", "DROP VIEW t")]
    [TestCase("CREATE TEMPORARY TABLE t (a INT)", "ALTER TABLE t RENAME TO u; DROP TABLE t")]
    [TestCase("SELECT GET_LOCK('a', 1)", "SELECT RELEASE_LOCK('a')")]
    [TestCase("SELECT GET_LOCK('a', 1)", "SELECT RELEASE_ALL_LOCKS(); SELECT GET_LOCK('b', 1)")]
    [TestCase("HANDLER t OPEN AS h", "HANDLER t CLOSE")]
    [TestCase("CALL p()", "SELECT 1")]
    [TestCase("SET insert_id=4", "SELECT 1")]
    [TestCase("SELECT LASTVAL(s)", "SELECT 1")]
    [TestCase("FLUSH STATUS", "SHOW STATUS LIKE 'Handler%'")]
    [TestCase("SET profiling=1", "SET profiling=0")]
    [TestCase("SET @@session.profiling := ON", "SHOW PROFILES")]
    [TestCase("SET optimizer_trace='enabled=on'", "SET optimizer_trace='enabled=off'")]
    [TestCase("FROBNICATE", "SELECT 1")]
    public void WhatMayStillHoldASession_KeepsItPinned(string begin, string end)
    {
        Run(begin);
        Run(end);
        Assert.That(_state.Pin, Is.Not.Null);
    }

    [TestCase("SHOW STATUS LIKE 'Handler%'")]
    [TestCase("SELECT variable_value FROM information_schema.session_status")]
    public void CountersSetToZero_HoldUntilNobodyLooksAtThemAnyMore(string look)
    {
        Run("FLUSH STATUS");
        for (var i = 0; i < 99; i++) Run("SELECT 1");
        Run(look);
        for (var i = 0; i < 99; i++) Run("SELECT 1");
        Assert.That(_state.Pin?.Cause, Is.EqualTo(PinCauses.StatusCounters));
        Run("SELECT 1");
        Assert.That(_state.Pin, Is.Null);
    }

    /// <summary>Stored code may look at them unseen; and what it left is told by counters that were not set to zero after it.</summary>
    [Test]
    public void CountersSetToZero_HoldWhileStoredCodeRuns()
    {
        Run("FLUSH STATUS");
        for (var i = 0; i < 50; i++)
        {
            for (var statement = 0; statement < 3; statement++) Run("SELECT 1");
            Run("CALL p()");
        }

        Assert.That(_state.PinCauses, Is.EqualTo(PinCauses.StoredCode | PinCauses.StatusCounters));
        for (var i = 0; i < 100; i++) Run("SELECT 1");
        Assert.That(_state.PinCauses, Is.EqualTo(PinCauses.StoredCode));
        Assert.That(SessionProbe.IsWanted(_state), Is.True);
    }

    /// <summary>Whether there is a temporary table of stored code is known by the counters.</summary>
    [Test]
    public void CountersSetToZeroAfterStoredCode_HoldForGood()
    {
        Run("CALL p()");
        Run("FLUSH STATUS");
        for (var i = 0; i < 300; i++) Run("SELECT 1");
        Assert.That(_state.PinCauses, Is.EqualTo(PinCauses.StoredCode | PinCauses.StatusCounters));
        Assert.That(SessionProbe.IsWanted(_state), Is.False);
    }

    [Test]
    public void FailedStatement_HoldsNothing()
    {
        foreach (var sql in new[] { "CREATE TEMPORARY TABLE t (a INT)", "LOCK TABLES t READ", "HANDLER t OPEN", "PREPARE s FROM 'x'", "FROBNICATE", "SET insert_id=1" })
            Run(sql, succeeded: false);
        Assert.That(_state.Pin, Is.Null);
    }

    [TestCase("SET profiling=0")]
    [TestCase("SET SESSION profiling = OFF")]
    [TestCase("SET optimizer_trace='enabled=off'")]
    [TestCase("SET optimizer_trace = \"ENABLED=OFF,one_line=off\"")]
    [TestCase("SET optimizer_trace=DEFAULT")]
    public void WhatSwitchesTheServersRecordsOff_HoldsNothing(string sql)
    {
        Run(sql);
        Assert.That(_state.Pin, Is.Null);
    }

    [TestCase("PREPARE s FROM @text")]
    [TestCase("PREPARE s FROM CONCAT('SELECT ', 1)")]
    [TestCase("PREPARE s FROM _latin1'SELECT 1'")]
    [TestCase("PREPARE s FROM 'SELECT' ' 1'")]
    [TestCase("PREPARE s FROM 'SELECT 1'; SELECT 1")]
    [TestCase("PREPARE s FROM 'SELECT 1")]
    public void PrepareOfATextThatIsNotAllThere_Pins(string prepare)
    {
        Run(prepare);
        Assert.That(_state.Pin?.Cause, Is.EqualTo(PinCauses.SqlPreparedStatement));
    }

    [Test]
    public void PreparesBeyondWhatIsKept_Pin()
    {
        for (var i = 0; i < 2; i++)
        {
            Run($"PREPARE s{i} FROM 'SELECT \"{new string('x', 50_000)}\"'");
            Assert.That(_state.Pin, Is.Null);
        }
        Run($"PREPARE s2 FROM 'SELECT \"{new string('x', 50_000)}\"'");
        Assert.That(_state.Pin?.Words, Is.EqualTo("statement prepared by SQL PREPARE s2"));
        Run("PREPARE s2 FROM 'SELECT 1'");
        Assert.That(_state.Pin, Is.Null);
    }

    [Test]
    public void MoreNamesThanAreKept_Pin()
    {
        for (var i = 0; i < 1000; i++) Run($"PREPARE s{i} FROM 'SELECT 1'");
        Assert.That(_state.Pin, Is.Null);
        Run("PREPARE s1000 FROM 'SELECT 1'");
        Assert.That(_state.Pin?.Cause, Is.EqualTo(PinCauses.SqlPreparedStatement));
    }

    [Test]
    public void FailedDrop_KeepsTheTable()
    {
        Run("CREATE TEMPORARY TABLE t (a INT)");
        Run("DROP TABLE t, nosuch", succeeded: false);
        Assert.That(_state.Pin?.Words, Is.EqualTo("temporary table shop.t"));
    }

    [Test]
    public void SecondCreateOfTheSameTable_Failing_DoesNotUnpin()
    {
        Run("CREATE TEMPORARY TABLE t (a INT)");
        Run("CREATE TEMPORARY TABLE t (a INT)", succeeded: false);
        Assert.That(_state.Pin, Is.Not.Null);
    }

    /// <summary>A function that the statement called has made it.</summary>
    [Test]
    public void CreateOfATemporaryTableThatIsThere_Failing_Pins()
    {
        Run("CREATE TEMPORARY TABLE t AS SELECT f()", succeeded: false, error: ErrorCode.TableExists);
        Assert.That(_state.Pin?.Words, Is.EqualTo("temporary table shop.t"));
        Run("DROP TABLE t");
        Assert.That(_state.Pin, Is.Null);
    }

    [Test]
    public void FailedBatch_CountsAsRun()
    {
        Run("LOCK TABLES t READ; SELECT nosuch", succeeded: false);
        Assert.That(_state.Pin?.Cause, Is.EqualTo(PinCauses.TableLock));
    }

    [Test]
    public void FailedStatementThatTookALock_StillPins()
    {
        Run("SELECT GET_LOCK('a',1), 1/0 FROM nosuch", succeeded: false);
        Assert.That(_state.Pin?.Cause, Is.EqualTo(PinCauses.UserLock));
    }

    [Test]
    public void TemporaryTables_OfManyNames_AreCountedInTheWords()
    {
        foreach (var name in "abcde") Run($"CREATE TEMPORARY TABLE {name} (a INT)");
        Assert.That(_state.Pin?.Words, Is.EqualTo("temporary table shop.a, shop.b, shop.c and 2 more"));
    }

    [Test]
    public void OpenTransaction_IsNamedByHowItBegan()
    {
        Run("BEGIN", status: InTransaction | Autocommit);
        Assert.That(_state.Pin?.Words, Is.EqualTo("open transaction"));
        Run("COMMIT", status: Autocommit);
        Assert.That(_state.Pin, Is.Null);
        Run("SET autocommit=0", status: 0);
        Run("SELECT 1 FROM t", status: InTransaction);
        Assert.That(_state.Pin?.Words, Does.Contain("autocommit is off"));
    }

    [Test]
    public void OpenTransaction_AfterAFailedStatement_IsStillOpen()
    {
        Run("BEGIN", status: InTransaction | Autocommit);
        Run("SELECT nosuch", succeeded: false, status: 0);
        Assert.That(_state.InTransaction, Is.True);
    }

    [Test]
    public void NextTransaction_SetAndBegun_IsUsedUpByItsEnd()
    {
        Run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
        Run("BEGIN", status: InTransaction | Autocommit);
        Run("COMMIT", status: Autocommit);
        Assert.That(_state.Pin, Is.Null);
    }

    [TestCase("START TRANSACTION READ ONLY", "SET autocommit=1", true)]
    [TestCase("BEGIN", "SET autocommit=1", false)]
    [TestCase("START TRANSACTION READ ONLY", "COMMIT", false)]
    public void TransactionOfItsOwnKind_ThatSetAutocommitEnds_HandsItOnToTheNext(string begin, string end, bool pins)
    {
        Run("SET autocommit=0", status: 0);
        Run(begin, status: (ushort)(InTransaction | (begin.EndsWith("ONLY", StringComparison.Ordinal) ? ServerStatusFlags.InReadOnlyTransaction : 0)));
        Run(end, status: Autocommit);
        Assert.That(_state.PinCauses, Is.EqualTo(pins ? PinCauses.NextTransaction : PinCauses.None));
        Run("BEGIN", status: InTransaction | Autocommit);
        Run("COMMIT", status: Autocommit);
        Assert.That(_state.Pin, Is.Null);
    }

    [Test]
    public void Reset_TakesEveryPinAway()
    {
        foreach (var sql in new[] { "CREATE TEMPORARY TABLE t (a INT)", "SELECT GET_LOCK('a',1)", "CALL p()", "FROBNICATE", "SET @x=1" }) Run(sql);
        _state.ResetConnection(Catalogue());
        Assert.That((_state.Pin, _state.Schema), Is.EqualTo((default(PinReason?), "shop")));
    }

    [Test]
    public void MySql_SetOfAnUntrackedVariable_Pins()
    {
        _state = new SessionState(new SqlDialect(ServerFamily.MySql, 90700), CollationId.Utf8Mb4GeneralCi, null);
        Run("SET SESSION sort_buffer_size=1, GLOBAL strange=1");
        Assert.That(_state.Pin, Is.Null);
        Run("SET SESSION strange_plugin_variable=1");
        Assert.That(_state.Pin?.Cause, Is.EqualTo(PinCauses.SessionVariable));
    }

    [Test]
    public void IdleSession_IsSmall()
    {
        var dialect = new SqlDialect(ServerFamily.MariaDb, 101106);
        var kept = new SessionState[10_000];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i] = new SessionState(dialect, CollationId.Utf8Mb4GeneralCi, "shop");
            var info = StatementClassifier.Classify("SELECT 1 FROM t"u8, dialect);
            kept[i].OnStatementStarting(info, []);
            kept[i].OnStatementEnded(info, new StatementOutcome { Succeeded = true, ServerStatus = Autocommit, ResultSet = true });
        }
        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / kept.Length, Is.LessThan(300));
        GC.KeepAlive(kept);
    }

    private static ServerCatalogue Catalogue() => new(new ServerProfile(
        ServerFamily.MariaDb, "10.11.6-MariaDB", 0, CollationId.Utf8Mb4GeneralCi, "", new Dictionary<string, string>(StringComparer.Ordinal),
        new Dictionary<string, CollationInfo>(StringComparer.Ordinal)));

    private void Run(string sql, bool succeeded = true, ushort? status = null, ushort error = 0)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        var info = StatementClassifier.Classify(bytes, _state.Dialect);
        _state.OnStatementStarting(info, info.NeedsText ? bytes : []);
        _state.OnStatementEnded(info, new StatementOutcome { Succeeded = succeeded, ErrorCode = error, ServerStatus = status ?? _state.ServerStatus });
    }
}
