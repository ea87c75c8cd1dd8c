using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>What clients say of the time that a statement may take.</summary>
public sealed class StatementTimeLimitTests
{
    [TestCase("SELECT 1", null, null)]
    [TestCase("SELECT 1", "0", null)]
    [TestCase("SELECT 1", "250", 250)]
    [TestCase("  (SELECT 1)", "250", 250)]
    [TestCase("INSERT INTO t VALUES (1)", "250", null)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME(40) */ 1", "250", 40)]
    [TestCase("SELECT /*+ BKA(t) max_execution_time ( 40 ) NO_ICP(t) */ 1", null, 40)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME(0) */ 1", "250", 250)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME(-5) */ 1", null, null)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME(99999999999999999999) */ 1", null, null)]
    [TestCase("( SELECT\n\t/*+ MAX_EXECUTION_TIME(40) */ 1)", null, 40)]
    [TestCase("/* a tool */ SELECT /*+ MAX_EXECUTION_TIME(40) */ 1", null, 40)]
    [TestCase("SELECT '/*+ MAX_EXECUTION_TIME(1) */'", null, null)]
    [TestCase("SELECT 1 /*+ MAX_EXECUTION_TIME(1) */", null, null)]
    [TestCase("SELECT/*+*/1", null, null)]
    [TestCase("SELECT /*+/ 1", null, null)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME(40", null, null)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME */ 1", null, null)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME( */ 1", null, null)]
    public void OfMySql_IsThatOfTheHintOrOfTheVariable(string sql, string? variable, int? milliseconds) =>
        Assert.That(Of(ServerFamily.MySql, sql, "max_execution_time", variable)?.TotalMilliseconds, Is.EqualTo((double?)milliseconds));

    [TestCase("SELECT 1", null, null)]
    [TestCase("SELECT 1", "0.000000", null)]
    [TestCase("SELECT 1", "0.250000", 250)]
    [TestCase("INSERT INTO t VALUES (1)", "31536000.000000", 31_536_000_000d)]
    [TestCase("SELECT /*+ MAX_EXECUTION_TIME(40) */ 1", null, null)]
    [TestCase("SET STATEMENT max_statement_time=0.04 FOR SELECT 1", "0.250000", 40)]
    [TestCase("set statement sort_buffer_size=1000, max_statement_time = 2 for INSERT INTO t VALUES (1)", null, 2000)]
    [TestCase("SET STATEMENT max_statement_time=0 FOR SELECT 1", "0.250000", null)]
    [TestCase("SET STATEMENT max_statement_time=1e400 FOR SELECT 1", null, null)]
    [TestCase("SET STATEMENT max_statement_time=", null, null)]
    [TestCase("SET STATEMENT sort_buffer_size=1000 FOR SELECT 1", "0.250000", 250)]
    [TestCase("SET max_statement_time=1", null, null)]
    public void OfMariaDb_IsThatOfTheStatementOrOfTheVariable(string sql, string? variable, double? milliseconds) =>
        Assert.That(Of(ServerFamily.MariaDb, sql, "max_statement_time", variable)?.TotalMilliseconds, Is.EqualTo(milliseconds));

    private static TimeSpan? Of(ServerFamily family, string sql, string name, string? variable)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["init_connect"] = "" };
        if (variable is not null) variables[name] = variable;
        var catalogue = new ServerCatalogue(new ServerProfile(
            family, "10.11.6", 0, CollationId.Utf8Mb4GeneralCi, "", variables, new Dictionary<string, CollationInfo>(StringComparer.Ordinal)));
        var state = new SessionState(catalogue.Dialect, CollationId.Utf8Mb4GeneralCi, schema: null);
        var bytes = Encoding.UTF8.GetBytes(sql);
        return StatementTimeLimit.Of(bytes, StatementClassifier.Classify(bytes, catalogue.Dialect), state, catalogue);
    }
}
