using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>Other people's clients, run once with one query.</summary>
internal static class Cli
{
    private const string PyMySql =
        """
        import sys, pymysql
        user, password, port, query = sys.argv[1:5]
        try:
            with pymysql.connect(host="127.0.0.1", port=int(port), user=user, password=password) as connection, connection.cursor() as cursor:
                cursor.execute(query)
                print(cursor.fetchone()[0])
        except pymysql.Error as error:
            print("ERROR %d: %s" % error.args, file=sys.stderr)
            sys.exit(1)
        """;

    /// <summary>The first value of the answer, or the client's error message.</summary>
    public static Task<string> MariaDbAsync(int port, string user, string password, string query = "SELECT CURRENT_USER()", params string[] more) =>
        RunAsync("mariadb", ["--no-defaults", "-h127.0.0.1", $"-P{port}", $"-u{user}", $"-p{password}", "--ssl=0", "-N", "-B", .. more, "-e", query]);

    /// <inheritdoc cref="MariaDbAsync"/>
    public static Task<string> PyMySqlAsync(int port, string user, string password, string query = "SELECT CURRENT_USER()") =>
        RunAsync("/usr/bin/python3", ["-c", PyMySql, user, password, $"{port}", query]);

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var client = ClientProcess.Start(program, arguments);
        var (exit, output, errors) = await client.FinishAsync(30);
        return (exit == 0 ? output : errors).Trim();
    }
}
