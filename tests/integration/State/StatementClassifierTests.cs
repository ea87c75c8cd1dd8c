using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using K = Serverless.Host.Gateway.State.StatementKind;
using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Tests.Integration.State;

public sealed class StatementClassifierTests
{
    private static readonly SqlDialect MariaDb = new(ServerFamily.MariaDb, 101106);
    private static readonly SqlDialect MySql = new(ServerFamily.MySql, 90700);

    [TestCase("SELECT a FROM t WHERE id=1", K.Select)]
    [TestCase("  \n\tselect 1", K.Select)]
    [TestCase("(SELECT 1) UNION (SELECT 2)", K.Select)]
    [TestCase("WITH x AS (SELECT 1) SELECT * FROM x", K.Select)]
    [TestCase("VALUES ROW(1)", K.Select)]
    [TestCase("TABLE t", K.Select)]
    [TestCase("INSERT INTO t VALUES (1)", K.Insert)]
    [TestCase("REPLACE t VALUES (1)", K.Replace)]
    [TestCase("UPDATE t SET a=1", K.Update)]
    [TestCase("DELETE FROM t", K.Delete)]
    [TestCase("TRUNCATE t", K.Ddl)]
    [TestCase("SHOW TABLES", K.Show)]
    [TestCase("DESC t", K.Describe)]
    [TestCase("EXPLAIN SELECT 1", K.Describe)]
    [TestCase("OPTIMIZE TABLE t", K.Maintenance)]
    [TestCase("", K.Empty)]
    [TestCase("  ;; ; ", K.Empty)]
    [TestCase("-- nothing\n# at all\n/* here */", K.Empty)]
    [TestCase("SELECT a-1, a--1, b - -1 FROM t", K.Select)]
    [TestCase("SELECT `insert`, 'a;b', \"c;d\", `e;f` FROM t;", K.Select)]
    [TestCase("CREATE TABLE t (a INT)", K.Ddl)]
    [TestCase("SELECT u.a FROM t u WHERE e='x@example.org'", K.Select)]
    public void PlainStatement_HasNoTraits(string sql, K kind) => Verify(sql, kind, T.None);

    [TestCase("SELECT @x", T.UserVariables)]
    [TestCase("SELECT @`we ird`, @'quo ted', @\"double\"", T.UserVariables)]
    [TestCase("SELECT @x := 1", T.UserVariables | T.AssignsUserVariables)]
    [TestCase("SELECT 1 INTO @x", T.UserVariables | T.AssignsUserVariables)]
    [TestCase("SELECT a INTO  /* c */ @x FROM t", T.UserVariables | T.AssignsUserVariables)]
    [TestCase("SELECT 1 INTO OUTFILE '/tmp/x'", T.None)]
    [TestCase("SELECT @@version", T.ReadsSystemVariables)]
    [TestCase("SELECT @@session.sql_mode, @@`global`.x", T.ReadsSystemVariables)]
    [TestCase("SELECT @@warning_count", T.ReadsSystemVariables | T.ReadsDiagnostics)]
    [TestCase("SELECT @@session.error_count", T.ReadsSystemVariables | T.ReadsDiagnostics)]
    [TestCase("SELECT @@pseudo_thread_id", T.ReadsSystemVariables | T.ReadsConnectionId)]
    [TestCase("SELECT @@identity", T.ReadsSystemVariables | T.ReadsLastInsertId)]
    [TestCase("SELECT @@session_track_schema", T.ReadsSystemVariables | T.NamesTrackers)]
    [TestCase("SELECT CONNECTION_ID()", T.ReadsConnectionId)]
    [TestCase("SELECT GET_LOCK('a', 1)", T.TakesUserLock)]
    [TestCase("SELECT `get_lock` /* x */ ('a', 1)", T.TakesUserLock)]
    [TestCase("SELECT get_lock FROM t", T.None)]
    [TestCase("SELECT RELEASE_LOCK('a')", T.ReleasesUserLock)]
    [TestCase("SELECT RELEASE_ALL_LOCKS()", T.ReleasesAllUserLocks)]
    [TestCase("SELECT IS_USED_LOCK('a')", T.ReadsUserLock)]
    [TestCase("SELECT service_get_write_locks('ns','l',1)", T.TakesUserLock)]
    [TestCase("SELECT SQL_CALC_FOUND_ROWS * FROM t", T.CalculatesFoundRows)]
    [TestCase("SELECT FOUND_ROWS(), ROW_COUNT()", T.ReadsFoundRows | T.ReadsRowCount)]
    [TestCase("SELECT LAST_INSERT_ID()", T.ReadsLastInsertId)]
    [TestCase("SELECT LAST_INSERT_ID( 5 )", T.ReadsLastInsertId | T.SetsLastInsertId)]
    [TestCase("SELECT LASTVAL(s)", T.ReadsSequencePosition)]
    [TestCase("SELECT PREVIOUS VALUE FOR s", T.ReadsSequencePosition)]
    [TestCase("SELECT NEXTVAL(s), nextval FROM t", T.TakesFromSequence)]
    [TestCase("SELECT NEXT VALUE FOR s, next FROM t", T.TakesFromSequence)]
    [TestCase("SELECT 'GET_LOCK(1)', \"@x\", `@y`", T.None)]
    [TestCase("SELECT 1 -- @x\n", T.None)]
    [TestCase("SELECT 1 # GET_LOCK('a',1)", T.None)]
    [TestCase("SELECT 1 /* @x := 1 */", T.None)]
    [TestCase("SELECT 1 --@x", T.UserVariables)]
    public void Select_WithSomethingOfTheSession_IsNoticed(string sql, T traits) => Verify(sql, K.Select, traits);

    [TestCase("SET @x=1", T.UserVariables | T.AssignsUserVariables)]
    [TestCase("SET @x := 1, @y = @x", T.UserVariables | T.AssignsUserVariables)]
    [TestCase("SET autocommit=0", T.SetsSessionVariables)]
    [TestCase("SET SESSION sql_mode='', @a=1", T.SetsSessionVariables | T.UserVariables | T.AssignsUserVariables)]
    [TestCase("SET @@session.sql_mode=''", T.SetsSessionVariables)]
    [TestCase("SET @@sql_mode=''", T.SetsSessionVariables)]
    [TestCase("SET GLOBAL x=1", T.SetsGlobalVariables)]
    [TestCase("SET @@global.x=1, PERSIST y=2, @@persist_only.z=3", T.SetsGlobalVariables)]
    [TestCase("SET GLOBAL a=1, b=2", T.SetsGlobalVariables | T.SetsSessionVariables)]
    [TestCase("SET a=(SELECT 1, 2), b=3", T.SetsSessionVariables)]
    [TestCase("SET NAMES utf8mb4", T.SetsNames)]
    [TestCase("SET CHARACTER SET latin1", T.SetsNames)]
    [TestCase("SET NAMES latin1, time_zone='SYSTEM'", T.SetsNames | T.SetsSessionVariables)]
    [TestCase("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", T.SetsNextTransaction)]
    [TestCase("SET SESSION TRANSACTION READ ONLY", T.SetsSessionVariables)]
    [TestCase("SET GLOBAL TRANSACTION READ ONLY", T.SetsGlobalVariables)]
    [TestCase("SET @@transaction_isolation='SERIALIZABLE'", T.SetsSessionVariables | T.SetsNextTransaction)]
    [TestCase("SET transaction_isolation='SERIALIZABLE'", T.SetsSessionVariables)]
    [TestCase("SET PASSWORD = 'x'", T.ChangesAccounts)]
    [TestCase("SET DEFAULT ROLE r TO u", T.ChangesAccounts)]
    [TestCase("SET ROLE r", T.SetsRole)]
    [TestCase("SET RESOURCE GROUP rg", T.NotUnderstood)]
    [TestCase("SET insert_id=5", T.SetsSessionVariables | T.SetsOneShotVariable)]
    [TestCase("SET session_track_system_variables='*'", T.SetsSessionVariables | T.NamesTrackers)]
    [TestCase("SET STATEMENT max_statement_time=1 FOR SELECT GET_LOCK('a',1)", T.SetStatement | T.TakesUserLock)]
    [TestCase("SET statement = 5", T.SetsSessionVariables)]
    [TestCase("SET x = @@y", T.SetsSessionVariables | T.ReadsSystemVariables)]
    public void Set_InAllItsForms_IsTakenApart(string sql, T traits) => Verify(sql, K.Set, traits);

    [TestCase("USE shop", K.Use, T.ChangesSchema)]
    [TestCase("BEGIN", K.Begin, T.BeginsTransaction)]
    [TestCase("START TRANSACTION READ ONLY", K.Begin, T.BeginsTransaction)]
    [TestCase("COMMIT", K.Commit, T.EndsTransaction)]
    [TestCase("ROLLBACK TO a", K.Rollback, T.EndsTransaction)]
    [TestCase("SAVEPOINT a", K.Savepoint, T.UsesSavepoint)]
    [TestCase("CREATE TEMPORARY TABLE t (a INT)", K.Ddl, T.CreatesTemporaryTable)]
    [TestCase("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", K.Ddl, T.CreatesTemporaryTable)]
    [TestCase("DROP TABLE t", K.Ddl, T.TouchesTables)]
    [TestCase("DROP TEMPORARY TABLE IF EXISTS t", K.Ddl, T.TouchesTables)]
    [TestCase("ALTER TABLE t ADD b INT", K.Ddl, T.TouchesTables)]
    [TestCase("RENAME TABLE a TO b", K.Ddl, T.TouchesTables)]
    [TestCase("DROP DATABASE d", K.Ddl, T.ChangesSchema)]
    [TestCase("LOCK TABLES t READ", K.LockTables, T.LocksTables)]
    [TestCase("UNLOCK TABLES", K.UnlockTables, T.UnlocksTables)]
    [TestCase("LOCK INSTANCE FOR BACKUP", K.Administration, T.TakesBackupLock)]
    [TestCase("BACKUP STAGE START", K.Administration, T.TakesBackupLock)]
    [TestCase("BACKUP STAGE END", K.Administration, T.ReleasesBackupLock)]
    [TestCase("FLUSH TABLES WITH READ LOCK", K.Flush, T.TakesGlobalLock)]
    [TestCase("FLUSH TABLES a, b FOR EXPORT", K.Flush, T.TakesGlobalLock)]
    [TestCase("FLUSH TABLES", K.Flush, T.None)]
    [TestCase("FLUSH LOCAL STATUS", K.Flush, T.ResetsCounters)]
    [TestCase("SELECT * FROM information_schema.SESSION_STATUS", K.Select, T.NamesCounters)]
    [TestCase("FLUSH PRIVILEGES", K.Flush, T.ChangesAccounts)]
    [TestCase("HANDLER t OPEN", K.Handler, T.OpensHandler)]
    [TestCase("HANDLER t READ FIRST", K.Handler, T.None)]
    [TestCase("HANDLER t CLOSE", K.Handler, T.ClosesHandler)]
    [TestCase("XA START 'x'", K.Xa, T.BeginsXa)]
    [TestCase("XA COMMIT 'x'", K.Xa, T.EndsXa)]
    [TestCase("XA RECOVER", K.Xa, T.None)]
    [TestCase("PREPARE s FROM 'SELECT 1'", K.Prepare, T.SqlPrepare)]
    [TestCase("EXECUTE s", K.Execute, T.SqlExecute | T.RunsStoredCode)]
    [TestCase("DEALLOCATE PREPARE s", K.Deallocate, T.SqlDeallocate)]
    [TestCase("DROP PREPARE s", K.Deallocate, T.SqlDeallocate)]
    [TestCase("CALL p(1)", K.Call, T.RunsStoredCode)]
    [TestCase("DO GET_LOCK('a',1)", K.Do, T.TakesUserLock)]
    [TestCase("SHOW WARNINGS", K.Show, T.ReadsDiagnostics)]
    [TestCase("SHOW COUNT(*) ERRORS", K.Show, T.ReadsDiagnostics)]
    [TestCase("SHOW VARIABLES LIKE 'session_track%'", K.Show, T.NamesTrackers)]
    [TestCase("SHOW VARIABLES LIKE '%track%'", K.Show, T.NamesTrackers)]
    [TestCase("SHOW VARIABLES LIKE 'sql_mode'", K.Show, T.None)]
    [TestCase("GET DIAGNOSTICS @n = NUMBER", K.Diagnostics, T.ReadsDiagnostics | T.UserVariables)]
    [TestCase("CREATE USER u", K.Accounts, T.ChangesAccounts)]
    [TestCase("GRANT ALL ON *.* TO u", K.Accounts, T.ChangesAccounts)]
    [TestCase("REVOKE r FROM u", K.Accounts, T.ChangesAccounts)]
    [TestCase("DROP ROLE r", K.Accounts, T.ChangesAccounts)]
    [TestCase("ALTER USER CURRENT_USER() IDENTIFIED BY 'x'", K.Accounts, T.ChangesAccounts)]
    [TestCase("RENAME USER a TO b", K.Accounts, T.ChangesAccounts)]
    [TestCase("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", K.Load, T.LoadsLocalFile | T.AssignsUserVariables)]
    [TestCase("SHUTDOWN", K.Shutdown, T.Shutdown)]
    [TestCase("FROBNICATE t", K.Unknown, T.NotUnderstood)]
    [TestCase("'string'", K.Unknown, T.NotUnderstood)]
    public void Statement_ThatChangesItsSession_IsNoticed(string sql, K kind, T traits) => Verify(sql, kind, traits);

    [TestCase("SELECT 1; SELECT 2", T.MultiStatement)]
    [TestCase("SELECT 1;", T.None)]
    [TestCase("SELECT 1; -- done", T.None)]
    [TestCase("SELECT ';'; SELECT GET_LOCK('a',1)", T.MultiStatement | T.TakesUserLock)]
    [TestCase("SELECT 1; SET @x=1; USE b", T.MultiStatement | T.UserVariables | T.AssignsUserVariables | T.ChangesSchema)]
    public void SeveralStatements_HaveTheUnionOfTheirTraits(string sql, T traits) => Verify(sql, K.Select, traits);

    [Test]
    public void RoutineDefinition_IsOneStatementWhoseBodyDoesNotRun() =>
        Verify("CREATE DEFINER=CURRENT_USER PROCEDURE p() BEGIN SET @x=1; CASE WHEN 1 THEN SELECT GET_LOCK('a',1); END CASE; IF 1 THEN SELECT 2; END IF; END", K.Ddl, T.CreatesStoredCode);

    [Test]
    public void StatementBehindARoutineDefinition_Counts() =>
        Verify("CREATE FUNCTION f() RETURNS INT RETURN 1; SELECT GET_LOCK('a',1)", K.Ddl, T.MultiStatement | T.TakesUserLock | T.CreatesStoredCode);

    [TestCase("/*!40000 SELECT @x */", K.Select, T.UserVariables | T.ExecutableComment)]
    [TestCase("SELECT 1 /*! , GET_LOCK('a',1) */", K.Select, T.TakesUserLock | T.ExecutableComment)]
    [TestCase("SELECT 1 /*!999999 , GET_LOCK('a',1) */", K.Select, T.None)]
    [TestCase("SELECT 1 /*!999999 /* nested */ , @x */", K.Select, T.None)]
    [TestCase("SELECT 1 /*!50000 , 2 */ , @x", K.Select, T.UserVariables | T.ExecutableComment)]
    public void ExecutableComment_CountsWhenTheServerRunsIt(string sql, K kind, T traits)
    {
        Verify(sql, kind, traits, MariaDb);
        Verify(sql, kind, traits, MySql);
    }

    [Test]
    public void CommentForOneFamily_CountsThereOnly()
    {
        Verify("SELECT 1 /*M!100000 , @x */", K.Select, T.UserVariables | T.ExecutableComment, MariaDb);
        Verify("SELECT 1 /*M!100000 , @x */", K.Select, T.None, MySql);
        Verify("SELECT 1 /*!80000 , @x */", K.Select, T.None, MariaDb);
        Verify("SELECT 1 /*!80000 , @x */", K.Select, T.UserVariables | T.ExecutableComment, MySql);
    }

    [Test]
    public void Quotes_AreReadAsTheSqlModeSays()
    {
        const string backslash = @"SELECT 'a\', @x, 'b'";
        Verify(backslash, K.Select, T.Unterminated);
        Verify(backslash, K.Select, T.UserVariables, MySql.WithSqlMode("NO_BACKSLASH_ESCAPES"));
        const string quotes = "SELECT \"get_lock\"('a', 1)";
        Verify(quotes, K.Select, T.None);
        Verify(quotes, K.Select, T.TakesUserLock, MySql.WithSqlMode("ANSI_QUOTES"));
    }

    [Test]
    public void StringsWithIntroducersAndDoubledQuotes_AreGoneOver() =>
        Verify(@"SELECT _utf8mb4'a''b\'c', N'@x', X'41', 0x42, b'1', 1.5e-3, .5, `a``b` FROM t", K.Select, T.None);

    [TestCase("SELECT 'abc")]
    [TestCase("SELECT `abc")]
    [TestCase("SELECT 1 /* abc")]
    [TestCase("SELECT 'abc\\")]
    [TestCase("SELECT /*!99999999 /* x */")]
    public void LiteralWithoutAnEnd_IsSaid(string sql) => Assert.That(Classify(sql, MySql).Has(T.Unterminated), Is.True);

    [Test]
    public void UnreadableCharacterSet_IsNotUnderstood() =>
        Assert.That(Classify("SELECT 1", MySql with { TreacherousCharacterSet = true }).Has(T.NotUnderstood), Is.True);

    [TestCase("KILL 42", T.KillsConnection, 42ul, 5, 2)]
    [TestCase("KILL CONNECTION 7;", T.KillsConnection, 7ul, 16, 1)]
    [TestCase("kill hard query 123456789012", T.KillsQuery, 123456789012ul, 16, 12)]
    public void Kill_NamesItsTarget(string sql, T trait, ulong target, int offset, int length)
    {
        var info = Classify(sql, MariaDb);
        Assert.That(info.Traits, Is.EqualTo(trait));
        Assert.That((info.KillTarget, info.KillTargetOffset, info.KillTargetLength), Is.EqualTo((target, offset, length)));
    }

    [TestCase("KILL USER 'a'")]
    [TestCase("KILL QUERY ID 5")]
    [TestCase("KILL 5+1")]
    [TestCase("KILL @x")]
    public void Kill_WithoutAPlainNumber_IsSaidSo(string sql) => Assert.That(Classify(sql, MariaDb).Has(T.KillsOtherwise), Is.True);

    [Test]
    public void RandomBytes_NeverThrow()
    {
        var random = new Random(4711);
        var alphabet = Encoding.UTF8.GetBytes("'\"`\\;@:=/*!-# \nM5(),.aSETselectGET_LOCK\0\u00e4");
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(60)];
            for (var b = 0; b < bytes.Length; b++) bytes[b] = i % 2 == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
            foreach (var dialect in new[] { MariaDb, MySql.WithSqlMode("ANSI_QUOTES,NO_BACKSLASH_ESCAPES") })
            {
                var info = StatementClassifier.Classify(bytes, dialect);
                var state = new SessionState(dialect, 45, "db");
                state.OnStatementStarting(info, bytes);
                state.OnStatementEnded(info, new StatementOutcome { Succeeded = true, ServerStatus = 2, SessionTrack = bytes });
            }
        }
    }

    [Test]
    public void LongStatement_IsReadToItsEnd()
    {
        var sql = "SELECT '" + new string('x', 1 << 20) + "', " + string.Concat(Enumerable.Repeat("(1, 'a\\'b'), ", 50_000)) + "@tail";
        Assert.That(Classify(sql, MySql).Traits, Is.EqualTo(T.UserVariables));
    }

    [Test]
    public void Classifying_AllocatesNothing()
    {
        var sql = "SELECT c FROM sbtest1 WHERE id=42 AND name='x' AND @x IS NULL"u8.ToArray();
        StatementClassifier.Classify(sql, MySql);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) StatementClassifier.Classify(sql, MySql);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static StatementInfo Classify(string sql, SqlDialect dialect) => StatementClassifier.Classify(Encoding.UTF8.GetBytes(sql), dialect);

    private static void Verify(string sql, K kind, T traits) => Verify(sql, kind, traits, sql.StartsWith("SET STATEMENT", StringComparison.Ordinal) ? MariaDb : MySql);

    private static void Verify(string sql, K kind, T traits, SqlDialect dialect)
    {
        var info = Classify(sql, dialect);
        Assert.That((info.Kind, info.Traits), Is.EqualTo((kind, traits)));
    }
}
