using System.Net;
using NUnit.Framework;

namespace Serverless.Tests.Integration.Support;

/// <summary>
/// A real MySQL of a test; the program is named by SERVERLESS_TEST_MYSQLD, and tests that need it are skipped without. `root` has no password.
/// </summary>
internal sealed class MySqlServer : IDisposable
{
    private static readonly string? Program = Environment.GetEnvironmentVariable("SERVERLESS_TEST_MYSQLD");
    private static readonly Lazy<Task<string>> Template = new(InstallAsync);

    private readonly TemporaryDirectory _directory = new();
    private EngineProcess? _process;

    private MySqlServer(int port) => Port = port;

    public string SocketPath => _directory["s"];

    public int Port { get; }

    public IPEndPoint TcpAddress => new(IPAddress.Loopback, Port);

    /// <summary>Ends the calling test as skipped when there is no MySQL to test with.</summary>
    public static void RequireProgram()
    {
        if (string.IsNullOrEmpty(Program)) Assert.Ignore("SERVERLESS_TEST_MYSQLD does not name a MySQL server program; set it to run this test.");
    }

    public static async Task<MySqlServer> StartAsync(params string[] arguments)
    {
        RequireProgram();
        var server = new MySqlServer(FreePorts.Take());
        try
        {
            await EngineProcess.RunAsync("cp", "-r", await Template.Value, server._directory["data"]);
            string[] all =
            [
                "--no-defaults", $"--datadir={server._directory["data"]}", $"--socket={server.SocketPath}", $"--pid-file={server._directory["pid"]}",
                "--bind-address=127.0.0.1", $"--port={server.Port}", "--mysqlx=OFF", "--skip-log-bin", "--skip-name-resolve",
                "--innodb-buffer-pool-size=32M", .. RunAs(), .. arguments,
            ];
            server._process = EngineProcess.Start(Program!, all);
            await server._process.WaitForSocketAsync(server.SocketPath, TimeSpan.FromSeconds(120));
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _process?.Dispose();
        _directory.Dispose();
    }

    private static string[] RunAs() => Environment.UserName == "root" ? ["--user=root"] : [];

    private static async Task<string> InstallAsync()
    {
        var directory = RunCleanup.Keep(new TemporaryDirectory());
        string[] arguments = ["--no-defaults", "--initialize-insecure", $"--datadir={directory["data"]}", "--skip-log-bin", .. RunAs()];
        await EngineProcess.RunAsync(Program!, arguments);
        // Each copy makes its own: a replica must have another one than its source.
        File.Delete(Path.Combine(directory["data"], "auto.cnf"));
        return directory["data"];
    }
}
