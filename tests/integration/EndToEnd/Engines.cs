namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>The engines the tests run on: the one found on this machine, and the one named by SERVERLESS_TEST_MYSQLD.</summary>
internal static class Engines
{
    public static string? MySql => Environment.GetEnvironmentVariable("SERVERLESS_TEST_MYSQLD") is { Length: > 0 } path ? path : null;

    public static IEnumerable<TestFixtureData> All
    {
        get
        {
            yield return new TestFixtureData((string?)null).SetArgDisplayNames("MariaDB");
            TestFixtureData mysql = new TestFixtureData(MySql ?? "mysqld").SetArgDisplayNames("MySQL");
            yield return MySql is null ? mysql.Ignore("SERVERLESS_TEST_MYSQLD names no MySQL server") : mysql;
        }
    }
}
