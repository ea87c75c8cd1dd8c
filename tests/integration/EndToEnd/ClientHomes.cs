namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Where client libraries of other languages were installed; `./test` installs them and says where.</summary>
internal static class ClientHomes
{
    public static string Mysql2()
    {
        string? home = Environment.GetEnvironmentVariable("SERVERLESS_TEST_MYSQL2");
        if (string.IsNullOrEmpty(home) || !Directory.Exists(Path.Combine(home, "node_modules", "mysql2")))
        {
            Assert.Ignore("mysql2 is not installed: SERVERLESS_TEST_MYSQL2 names no folder with node_modules/mysql2");
        }

        return home!;
    }
}
