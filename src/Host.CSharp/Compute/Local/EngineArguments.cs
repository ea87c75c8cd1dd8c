using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Local;

/// <summary>The engine's command line.</summary>
internal static class EngineArguments
{
    /// <summary>These decide where the engine lives and who can reach it; another value would break the promise that only the gateway does.</summary>
    private static readonly string[] s_ours =
        ["datadir", "socket", "pid-file", "user", "no-defaults", "defaults-file", "defaults-extra-file", "bootstrap", "initialize", "initialize-insecure", "init-file", "daemonize", "help", "log-error"];

    private const string SocketOption = "--socket=", PidFileOption = "--pid-file=";

    /// <summary>A command line that <see cref="ForServing"/> made for this folder. The socket may lie elsewhere now: where it does depends on the environment.</summary>
    public static bool AreForServing(IReadOnlyList<string> arguments, EngineFolder folder) =>
        arguments.Contains($"--datadir={folder.Data}", StringComparer.Ordinal)
        && arguments.Any(one => one.StartsWith(SocketOption, StringComparison.Ordinal)) && arguments.Any(one => one.StartsWith(PidFileOption, StringComparison.Ordinal));

    /// <summary>Arguments that every run on a data directory begins with. `--no-defaults` must be the first: the machine's own configuration is another server's.</summary>
    public static List<string> Base(EngineFolder folder, string data)
    {
        List<string> arguments = ["--no-defaults", $"--datadir={data}", $"--tmpdir={folder.Temporary}"];
        if (folder.EngineUser is { } user) arguments.Add($"--user={user}");
        return arguments;
    }

    /// <param name="initFile">Statements to run before anyone can connect; null: none.</param>
    public static List<string> ForServing(EngineFolder folder, EngineBinary binary, LocalComputeOptions options, long bufferPoolBytes, long capacityBytes, string? initFile)
    {
        var arguments = Base(folder, folder.Data);
        arguments.AddRange(
        [
            SocketOption + folder.Socket,
            PidFileOption + folder.PidFile,
            "--skip-networking",
            // Accounts match on addresses, and a slow name server must not delay a wake.
            "--skip-name-resolve",
            $"--max-connections={options.MaxConnections}",
            $"--innodb-buffer-pool-size={bufferPoolBytes}",
            // A clean checkpoint at the end, and the whole pool as it was at the next start.
            "--innodb-fast-shutdown=1",
            "--innodb-buffer-pool-dump-at-shutdown=ON",
            "--innodb-buffer-pool-load-at-startup=ON",
            "--innodb-buffer-pool-dump-pct=100",
        ]);
        arguments.AddRange(binary.Family == ServerFamily.MariaDb
            // Without an authority it reads all that the machine trusts, which takes a tenth of its whole start; no client of its own shows it a certificate.
            ? ["--proxy-protocol-networks=localhost,127.0.0.1,::1", $"--ssl-cert={folder.Certificate}", $"--ssl-key={folder.CertificateKey}", $"--ssl-ca={folder.Certificate}"]
            // One instance, so that the steps in which the pool can be resized are one chunk, whatever size it starts at.
            : ["--mysqlx=OFF", "--disable-log-bin", "--secure-file-priv=NULL", "--innodb-buffer-pool-instances=1", $"--innodb-buffer-pool-chunk-size={MemoryPlan.MySqlChunk(capacityBytes)}"]);
        if (initFile is not null) arguments.Add($"--init-file={initFile}");
        arguments.AddRange(options.EngineArguments);
        return arguments;
    }

    /// <exception cref="ComputeException">One of the configured arguments is not the user's to choose.</exception>
    public static void Verify(IEnumerable<string> configured)
    {
        foreach (var argument in configured)
        {
            if (!argument.StartsWith("--", StringComparison.Ordinal)) throw new ComputeException($"The engine argument '{argument}' was expected in the form --name=value.");
            var name = argument[2..].Split('=', 2)[0].Replace('_', '-').ToLowerInvariant();
            if (name.StartsWith("loose-", StringComparison.Ordinal)) name = name["loose-".Length..];
            if (s_ours.Contains(name, StringComparer.Ordinal)) throw new ComputeException($"The engine argument '{argument}' cannot be configured: the gateway decides where the engine keeps its data and who can reach it. Remove it.");
        }
    }
}
