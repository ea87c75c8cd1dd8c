using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>Statements that SQL prepared, over moves to other backend connections of a real server.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(240_000)]
public sealed class SqlPrepareTests(ServerFamily family)
{
    private const int UnknownStatement = 1243;

    private StateServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await StateServer.StartAsync(family);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [TestCase("PREPARE p FROM 'SELECT 1 + 1'", "EXECUTE p")]
    [TestCase("prepare `P` from \"SELECT 'it''s', \\\"a\\\\\\\\b\\\", 'x\\ty', '%\\%'\"; ", "EXECUTE p")]
    [TestCase("PREPARE p FROM 'SELECT ''quoted'', \"ä\"'", "EXECUTE P")]
    [TestCase("PREPARE p FROM 'SELECT ?, @other'", "EXECUTE p USING @one")]
    public async Task Prepared_AfterTwoMoves_GivesWhatItGave(string prepare, string execute)
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET @one = 1, @other = 'ü'", prepare);
        var before = await session.AskAsync(execute);
        await session.MoveAsync();
        await session.MoveAsync();
        Assert.That(await session.AskAsync(execute), Is.EqualTo(before));
    }

    [Test]
    public async Task Prepared_InAnotherSchema_BelongsToItAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("CREATE OR REPLACE VIEW shop.who AS SELECT 'shop' AS w", "CREATE OR REPLACE VIEW other.who AS SELECT 'other' AS w");
        await session.RunAsync("USE shop", "PREPARE p FROM 'SELECT w FROM who'", "USE other", "PREPARE q FROM 'SELECT w FROM who'");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Is.EqualTo("shop"));
        Assert.That(await session.AskAsync("EXECUTE q"), Is.EqualTo("other"));
        Assert.That(await session.AskAsync("SELECT DATABASE()"), Is.EqualTo("other"));
    }

    [Test]
    public async Task Prepared_OfATableThatIsGone_DoesNotKeepTheSessionFromMoving()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("CREATE TABLE shop.goes (a INT)", "PREPARE p FROM 'SELECT * FROM shop.goes'", "PREPARE q FROM 'SELECT 1'", "DROP TABLE shop.goes");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Does.StartWith($"{UnknownStatement}:"));
        Assert.That(await session.AskAsync("EXECUTE q"), Is.EqualTo("1"));
    }

    [Test]
    public async Task Prepared_InASchemaThatIsGone_DoesNotKeepTheSessionFromMoving()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("CREATE DATABASE leaves", "USE leaves", "PREPARE p FROM 'SELECT 1'", "USE shop", "PREPARE q FROM 'SELECT DATABASE()'", "DROP DATABASE leaves");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Does.StartWith($"{UnknownStatement}:"));
        Assert.That(await session.AskAsync("EXECUTE q"), Is.EqualTo("shop"));
    }

    [TestCase("DEALLOCATE PREPARE P")]
    [TestCase("DROP PREPARE p")]
    [TestCase("PREPARE p FROM 'SELECT nosuch'")]
    public async Task Ended_IsNotThereAfterTheMove(string end)
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("PREPARE p FROM 'SELECT 1'");
        await session.RunOneAsync(end);
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Does.StartWith($"{UnknownStatement}:"));
    }

    [Test]
    public async Task PreparedFromAVariable_Pins_UntilALiteralTakesItsName()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET @v = 'SELECT 1'", "PREPARE p FROM @v");
        Assert.That((await session.CaptureAsync()).Pinned?.Words, Is.EqualTo("statement prepared by SQL PREPARE p"));
        await session.RunAsync("PREPARE p FROM 'SELECT 2'");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Is.EqualTo("2"));
    }

    [Test]
    public async Task Prepared_UnderAnotherSqlMode_Pins()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("PREPARE p FROM 'SELECT \"x\"'", "SET sql_mode='ANSI_QUOTES'");
        Assert.That((await session.CaptureAsync()).Pinned?.Cause, Is.EqualTo(PinCauses.SqlPreparedStatement));
        await session.RunAsync("DEALLOCATE PREPARE p");
        Assert.That((await session.CaptureAsync()).Pinned, Is.Null);
    }

    [Test]
    public async Task Prepared_WithNoSchemaInUse_Pins_OnceThereIsOne()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("PREPARE p FROM 'SELECT DATABASE()'");
        await session.MoveAsync();
        await session.RunAsync("USE shop");
        Assert.That((await session.CaptureAsync()).Pinned?.Cause, Is.EqualTo(PinCauses.SqlPreparedStatement));
        await session.RunAsync("DEALLOCATE PREPARE p");
        Assert.That((await session.CaptureAsync()).Pinned, Is.Null);
    }

    [Test]
    public async Task Prepared_AfterSetNames_IsReadInThatCharacterSetAfterTheMoves()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SET NAMES latin1", "PREPARE p FROM 'SELECT HEX(\"ä\"), COLLATION(\"ä\")'");
        var before = await session.AskAsync("EXECUTE p");
        await session.MoveAsync();
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Is.EqualTo(before));
    }

    [Test]
    public async Task Executed_TakesTheVariablesItSetsAlong_WithoutRightsToListThem()
    {
        await using var session = await _server.OpenAsync(user: "plain");
        await session.RunAsync("PREPARE p FROM 'SELECT ? INTO @seen'", "SET @in = 5", "EXECUTE p USING @in");
        Assert.That(session.State.Pin, Is.Null);
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT @seen, @in"), Is.EqualTo("5|5"));
    }

    [Test]
    public async Task Executed_MakingATemporaryTable_PinsByItsName()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("USE shop", "PREPARE p FROM 'CREATE TEMPORARY TABLE made (a INT)'");
        Assert.That(session.State.Pin, Is.Null);
        await session.RunAsync("EXECUTE p");
        Assert.That(session.State.Pin?.Words, Is.EqualTo("temporary table shop.made"));
        await session.RunAsync("DROP TABLE made");
        Assert.That(session.State.Pin, Is.Null);
    }

    [Test]
    public async Task HarmlessProcedure_BesidePreparedStatements_DoesNotPin()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("DROP PROCEDURE IF EXISTS shop.quiet", "CREATE PROCEDURE shop.quiet() SET @quiet = 1");
        await session.RunAsync("PREPARE p FROM 'SELECT 1'", "PREPARE c FROM 'CALL shop.quiet()'", "PREPARE gone FROM 'SELECT 2'", "DEALLOCATE PREPARE gone");
        await session.RunOneAsync("PREPARE wrong FROM 'SELECT nosuch'");
        await session.RunAsync("EXECUTE c");
        Assert.That(session.State.Pin?.Cause, Is.EqualTo(PinCauses.StoredCode));
        await session.MoveAsync();
        await session.RunAsync("CALL shop.quiet()");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("EXECUTE p"), Is.EqualTo("1"));
    }

    [TestCase("PREPARE p FROM 'SELECT 3'")]
    [TestCase("DEALLOCATE PREPARE p")]
    public async Task ProcedureThatChangesPreparedStatements_Pins(string statement)
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("DROP PROCEDURE IF EXISTS shop.meddles", $"CREATE PROCEDURE shop.meddles() BEGIN {statement}; END");
        await session.RunAsync("PREPARE p FROM 'SELECT 1'", "CALL shop.meddles()");
        Assert.That((await session.CaptureAsync()).Pinned?.Cause, Is.EqualTo(PinCauses.StoredCode));
    }

    [Test]
    public async Task LastInsertId_StaysOverThePreparing()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("USE shop", "PREPARE p FROM 'INSERT INTO t (v) VALUES (1)'", "EXECUTE p");
        var before = await session.AskAsync("SELECT LAST_INSERT_ID()");
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT LAST_INSERT_ID()"), Is.EqualTo(before).And.Not.EqualTo("0"));
    }
}
