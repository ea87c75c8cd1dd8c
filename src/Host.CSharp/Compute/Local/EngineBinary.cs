using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Local;

/// <summary>The engine's program, and what it says it is.</summary>
/// <param name="Version">Three numbers of its version.</param>
public sealed partial record EngineBinary(string Path, ServerFamily Family, Version Version)
{
    private static readonly string[] s_names = ["mariadbd", "mysqld"];

    /// <summary>Debian's package that has an engine and starts no service of its own.</summary>
    public const string DebianPackage = "mariadb-server-core";

    public string FamilyName => NameOf(Family);

    public static string NameOf(ServerFamily family) => family == ServerFamily.MariaDb ? "MariaDB" : "MySQL";

    /// <summary>The configured program, or the first of mariadbd and mysqld on PATH and in the system's folders.</summary>
    /// <exception cref="ComputeException">There is none, or it does not say what it is.</exception>
    public static async Task<EngineBinary> FindAsync(string? configured, CancellationToken cancellation)
    {
        var path = configured is null ? Search(Environment.GetEnvironmentVariable("PATH")) : System.IO.Path.GetFullPath(configured);
        if (path is null)
        {
            throw new ComputeException($"No MySQL-compatible server was found: neither {string.Join(" nor ", s_names)} is on PATH or in /usr/sbin. " +
                $"Install one (Debian: apt-get install {DebianPackage}), or name its program in the configuration.");
        }
        if (!File.Exists(path)) throw new ComputeException($"The configured engine {path} does not exist. Name the program of a MySQL or MariaDB server (Debian: apt-get install {DebianPackage}).");
        return Parse(path, await AskVersionAsync(path, cancellation));
    }

    /// <summary>Reads the output of `--version`, e.g. `mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu`.</summary>
    internal static EngineBinary Parse(string path, string output)
    {
        var match = VersionPattern().Match(output);
        if (!match.Success)
        {
            var found = output.Length > 200 ? output[..200] : output;
            throw new ComputeException($"{path} --version was expected to name a MySQL or MariaDB server's version; it said: {found.Trim()}");
        }
        var family = output.Contains("MariaDB", StringComparison.OrdinalIgnoreCase) ? ServerFamily.MariaDb : ServerFamily.MySql;
        return new EngineBinary(path, family, Version.Parse(match.Groups["version"].Value));
    }

    internal static string? Search(string? pathVariable)
    {
        string[] folders = [.. (pathVariable ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"];
        return s_names.SelectMany(name => folders.Select(folder => System.IO.Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }

    private static async Task<string> AskVersionAsync(string path, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            using var process = Process.Start(EngineEnvironment.Start(path, ["--no-defaults", "--version"]))!;
            process.StandardInput.Close();
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(limit.Token);
                var errors = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                var text = await output;
                return text.Length > 0 ? text : await errors;
            }
            catch (OperationCanceledException cancelled)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
                throw new ComputeException($"{path} --version did not end within a minute.", cancelled);
            }
        }
        catch (Win32Exception failure)
        {
            throw new ComputeException($"The engine {path} cannot be run: {failure.Message}", failure);
        }
    }

    [GeneratedRegex(@"Ver (?<version>\d+\.\d+\.\d+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VersionPattern();
}
