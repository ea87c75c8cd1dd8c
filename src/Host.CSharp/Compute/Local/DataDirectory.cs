using System.ComponentModel;
using System.Diagnostics;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// Makes the engine's data directory: beside the place it will have, and moved there when it is whole, so that whatever kills it on the way leaves
/// nothing that could be taken for a database.
/// </summary>
internal sealed class DataDirectory(EngineFolder folder, EngineBinary binary, LocalComputeOptions options)
{
    private const string UnfinishedPrefix = "data.unfinished-";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Finds the data directory and verifies that it is this engine's, or makes it.</summary>
    /// <exception cref="ComputeException">It is another's, it is gone, or it cannot be made.</exception>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        RemoveUnfinished();
        if (FolderMarker.Read(folder) is { } marker)
        {
            marker.Verify(binary, folder.Data);
            VerifyReadable();
            if (!File.Exists(folder.Marker)) marker.Write(folder);
            return;
        }
        await MakeAsync(cancellation);
    }

    /// <exception cref="ComputeException">There was a data directory and it is gone, or it cannot be read: never to be mistaken for a first start.</exception>
    public void VerifyReadable()
    {
        try
        {
            if (!Directory.EnumerateFileSystemEntries(folder.Data).Any())
                throw new ComputeException($"The data directory {folder.Data} is empty, and {folder.Marker} says that it held a database. Put the data back, or remove that file to begin anew.");
            using var file = new FileStream(Path.Combine(folder.Data, "ibdata1"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ComputeException($"The data directory {folder.Data} cannot be used: {failure.Message} Mend it; it is tried again.", failure);
        }
    }

    /// <summary>From its start on the data is this version's: an engine changes its files when it first meets those of an older one, and an older one must not be let at them again.</summary>
    /// <exception cref="IOException">It cannot be noted, so the start must not be.</exception>
    public void NoteVersion()
    {
        var now = new FolderMarker(binary.FamilyName, binary.Version.ToString());
        if (FolderMarker.Read(folder) != now) now.Write(folder);
    }

    private async Task MakeAsync(CancellationToken cancellation)
    {
        var account = FirstAccountFile.From(options);
        var unfinished = Path.Combine(folder.Root, UnfinishedPrefix + Path.GetRandomFileName());
        var password = ServiceAccount.NewPassword();
        List<string> statements = [.. ServiceAccount.Statements(password), .. FirstAccountFile.Statements(account)];
        try
        {
            folder.MakeFolder(unfinished);
            folder.WritePrivate(folder.Password, password);
            FirstAccountFile.Write(folder, account);
            await (binary.Family == ServerFamily.MariaDb ? MakeMariaDbAsync(unfinished, statements, cancellation) : MakeMySqlAsync(unfinished, statements, cancellation));
            Directory.Move(unfinished, folder.Data);
            new FolderMarker(binary.FamilyName, binary.Version.ToString()).Write(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ComputeException($"The data directory {folder.Data} cannot be made: {failure.Message}", failure);
        }
        finally
        {
            RemoveUnfinished();
        }
    }

    private async Task MakeMariaDbAsync(string target, IEnumerable<string> statements, CancellationToken cancellation)
    {
        var administrator = folder.EngineUser is null or "root" ? Environment.UserName : "root";
        List<string> arguments = [.. EngineArguments.Base(folder, target), "--bootstrap", "--skip-networking", "--log-warnings=0", "--enforce-storage-engine=", "--max-allowed-packet=8M"];
        await RunAsync(arguments, [.. MariaDbScripts.Read(binary, administrator), string.Join('\n', statements), "\n"], cancellation);
        // What mariadb-install-db leaves for mariadb-upgrade.
        await File.WriteAllTextAsync(Path.Combine(target, "mysql_upgrade_info"), $"{binary.Version}-MariaDB", cancellation);
    }

    private async Task MakeMySqlAsync(string target, IReadOnlyList<string> statements, CancellationToken cancellation)
    {
        // Nobody needs root: the first account may do as much, and root's empty password must not stay.
        IEnumerable<string> all = [.. statements, $"ALTER USER 'root'@'localhost' IDENTIFIED BY '{ServiceAccount.NewPassword()}' ACCOUNT LOCK;"];
        folder.WritePrivate(folder.InitFile, string.Join('\n', all) + "\n", durable: false);
        try
        {
            await RunAsync([.. EngineArguments.Base(folder, target), "--initialize-insecure", $"--init-file={folder.InitFile}"], [], cancellation);
        }
        finally
        {
            File.Delete(folder.InitFile);
        }
    }

    private async Task RunAsync(IEnumerable<string> arguments, IReadOnlyList<string> input, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_limit);
        using var process = Start(arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await FeedAsync(process, input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            var said = await errors + await output;
            if (process.ExitCode != 0) throw new ComputeException($"The data directory {folder.Data} cannot be made: {binary.Path} ended with exit code {process.ExitCode}. It said: {Errors(said)}");
        }
        catch (OperationCanceledException cancelled)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            cancellation.ThrowIfCancellationRequested();
            throw new ComputeException($"The data directory {folder.Data} was not made within {s_limit.TotalMinutes:0} minutes.", cancelled);
        }
    }

    private Process Start(IEnumerable<string> arguments)
    {
        try
        {
            return Process.Start(EngineEnvironment.Start(binary.Path, arguments))!;
        }
        catch (Win32Exception failure)
        {
            throw new ComputeException($"The engine {binary.Path} cannot be run: {failure.Message}", failure);
        }
    }

    private static async Task FeedAsync(Process process, IReadOnlyList<string> input, CancellationToken cancellation)
    {
        try
        {
            foreach (var text in input) await process.StandardInput.WriteAsync(text.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it had read everything; its exit code and output say why.
        }
    }

    private static string Errors(string said)
    {
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = lines.Where(line => line.Contains("ERROR", StringComparison.Ordinal)).ToArray();
        return string.Join(" | ", (errors.Length > 0 ? errors : lines).TakeLast(5));
    }

    private void RemoveUnfinished()
    {
        foreach (var left in Directory.EnumerateDirectories(folder.Root, UnfinishedPrefix + "*"))
        {
            try
            {
                Directory.Delete(left, recursive: true);
            }
            catch (IOException)
            {
                // Somebody still writes there: an engine whose gateway was killed just now. The next start removes it.
            }
        }
    }
}
