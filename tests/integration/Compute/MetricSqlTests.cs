using Serverless.Host.Compute;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Compute;

/// <summary>Statements that rules bring along give one value, change nothing, and never hold anything up.</summary>
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
internal sealed class MetricSqlTests(string? program)
{
    [TestCase("SELECT 3 > 2", "1", null)]
    [TestCase("SELECT nonsense FROM nowhere.at_all", null, "(Unknown database 'nowhere'|Table 'nowhere.at_all' doesn't exist)")]
    [TestCase("SELECT 1 WHERE FALSE", null, "one value expected, no row found")]
    [TestCase("SELECT NULL", null, "one value expected, NULL found")]
    [TestCase("SELECT 1, 2", null, "one value expected, 2 columns found")]
    [TestCase("SELECT 1 UNION SELECT 2", null, "At most 1 rows expected, more found")]
    [TestCase("SELECT REPEAT('x', 100000)", null, "at most 65536 bytes expected")]
    [TestCase("DO 1", null, "one value expected, no result found")]
    [TestCase("", null, "Query was empty")]
    [TestCase("CREATE DATABASE made", null, "read.only|READ ONLY")]
    [TestCase("DELETE FROM mysql.user", null, "read.only|READ ONLY")]
    [TestCase("SET SESSION TRANSACTION READ WRITE; DELETE FROM mysql.user", null, "error in your SQL syntax")]
    [TestCase("SELECT @@autocommit", "1", null)]
    public async Task Statement_GivesOneValueOrSaysWhyNot(string statement, string? value, string? trouble)
    {
        await using var engine = await TestEngine.StartAsync(program);
        var answer = await engine.Compute.AskAsync(statement, CancellationToken.None);
        Assert.That(answer.Value, Is.EqualTo(value));
        if (trouble is null) Assert.That(answer.Trouble, Is.Null);
        else Assert.That(answer.Trouble, Does.Match(trouble));
        Assert.That(await engine.Compute.AskAsync("SELECT 5", CancellationToken.None), Is.EqualTo(MetricAnswer.Of("5")), "the next one is asked as ever");
    }

    [Test]
    public async Task NothingRuns_SaysSo()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        Assert.That(await engine.Compute.AskAsync("SELECT 1", CancellationToken.None), Is.EqualTo(MetricAnswer.None("the engine does not run")));
    }

    /// <summary>MySQL's own limit is for SELECT that reads; what it does not end is killed.</summary>
    [TestCase("SELECT SLEEP(300)")]
    [TestCase("SELECT COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c")]
    [TestCase("CALL d.hang()")]
    public async Task StatementThatTakesTooLong_IsEnded_AndHoldsNothingUp(string statement)
    {
        await using var engine = await TestEngine.StartAsync(program, options => options with { StatementLimit = TimeSpan.FromSeconds(6) });
        await engine.AskAsync("CREATE DATABASE d");
        await engine.AskAsync("CREATE PROCEDURE d.hang() DO SLEEP(300)");
        var slow = engine.Compute.AskAsync(statement, CancellationToken.None).AsTask();
        Assert.That((await engine.Compute.MeasureAsync(CancellationToken.None)).BufferPoolBytes, Is.Not.Null);
        Assert.That(slow.IsCompleted, Is.False, "it waits yet, and the engine was measured meanwhile");
        var answer = await slow.WaitAsync(TimeSpan.FromSeconds(60));
        // MySQL's SLEEP() that is interrupted gives 1 and no error.
        if (program is null || !statement.Contains("SLEEP", StringComparison.Ordinal)) Assert.That(answer.Trouble, Is.Not.Null);
        await Eventually.HoldsAsync(
            async () => await engine.AskAsync("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SLEEP(300)%' OR INFO LIKE '%COLUMNS a%' OR INFO LIKE '%hang%'") == "1",
            TimeSpan.FromSeconds(25),
            () => Task.FromResult("only the question itself is found"));
        Assert.That((await engine.Compute.AskAsync("SELECT 5", CancellationToken.None)).Value, Is.EqualTo("5"));
    }
}
