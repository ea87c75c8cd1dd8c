using System.Net;

namespace Serverless.Tests.Integration.Support;

/// <summary>
/// A real MariaDB of a test, in a directory of its own, on a Unix socket and a free loopback port. `root` has no password and may log in
/// by the socket and from 127.0.0.1. The prepared data directory is made once per run and copied.
/// </summary>
internal sealed class MariaDbServer : IDisposable
{
    private static readonly Lazy<Task<string>> Template = new(InstallAsync);

    private readonly TemporaryDirectory _directory = new();
    private EngineProcess? _process;

    private MariaDbServer(int port) => Port = port;

    public string SocketPath => _directory["s"];

    public string DataDirectory => _directory["data"];

    public int Port { get; }

    public IPEndPoint TcpAddress => new(IPAddress.Loopback, Port);

    public EngineProcess Process => _process ?? throw new InvalidOperationException("The server does not run.");

    /// <param name="arguments">Further arguments of mariadbd.</param>
    public static async Task<MariaDbServer> StartAsync(params string[] arguments)
    {
        var server = new MariaDbServer(FreePorts.Take());
        try
        {
            await EngineProcess.RunAsync("cp", "-r", await Template.Value, server.DataDirectory);
            await server.RunAsync(arguments);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Starts it again on its data, after <see cref="Kill"/>.</summary>
    public async Task RunAsync(params string[] arguments)
    {
        string[] all =
        [
            "--no-defaults", $"--datadir={DataDirectory}", $"--tmpdir={_directory.Path}", $"--socket={SocketPath}", $"--pid-file={_directory["pid"]}",
            "--bind-address=127.0.0.1", $"--port={Port}", "--proxy-protocol-networks=localhost,127.0.0.1,::1",
            "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve", .. RunAs(), .. arguments,
        ];
        _process = EngineProcess.Start("mariadbd", all);
        await _process.WaitForSocketAsync(SocketPath, TimeSpan.FromSeconds(60));
    }

    /// <summary>SIGTERM, and waits for its end; <see cref="RunAsync"/> starts it again on its data.</summary>
    public async Task TerminateAsync()
    {
        if (_process is not { } process) return;
        await EngineProcess.RunAsync("kill", "-TERM", $"{process.Id}");
        while (!process.HasExited) await Task.Delay(5);
        Kill();
    }

    public void Kill()
    {
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Kill();
        _directory.Dispose();
    }

    private static string[] RunAs() => Environment.UserName == "root" ? ["--user=root"] : [];

    private static async Task<string> InstallAsync()
    {
        var directory = RunCleanup.Keep(new TemporaryDirectory());
        string[] arguments =
        [
            // A MariaDB that starts removes the temporary files of others in its folder for them.
            "--no-defaults", $"--datadir={directory["data"]}", $"--tmpdir={directory.Path}", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-log-bin",
            "--innodb-log-file-size=4M", .. RunAs(),
        ];
        await EngineProcess.RunAsync("mariadb-install-db", arguments);
        return directory["data"];
    }
}
