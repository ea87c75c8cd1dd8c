using System.Security.Cryptography;
using System.Text;
using Serverless.Host.Net.Tls;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// Where everything of one local database lies. The folder belongs to this database alone; only its owner may look into what we make in it.
/// Run by root, the engine runs as the folder's owner.
/// </summary>
internal sealed class EngineFolder
{
    /// <summary>Room for a path in struct sockaddr_un, without the closing zero (unix(7)).</summary>
    internal const int SocketPathLimit = 107;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public EngineFolder(string root)
    {
        Root = Path.GetFullPath(root);
        RunFolder = ChooseRunFolder(Root, Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));
    }

    public string Root { get; }

    /// <summary>A short name that no other folder has.</summary>
    public string UniqueName => NameFor(Root);

    public string Data => Path.Combine(Root, "data");

    /// <summary>
    /// The engine's temporary files. Not a folder that other servers use: MariaDB removes what is called #sql… there when it starts, whoever's it is.
    /// </summary>
    public string Temporary => Path.Combine(Root, "tmp");

    public string Marker => Path.Combine(Root, "engine.json");
    public string ProcessFile => Path.Combine(Root, "engine.process");
    public string Lock => Path.Combine(Root, "lock");
    public string Password => Path.Combine(Root, "service-account");
    public string FirstAccount => Path.Combine(Root, "first-account");
    public string Log => Path.Combine(Root, "engine.log");

    /// <summary>What MariaDB shows on its socket to accounts that must come by TLS; MySQL makes its own.</summary>
    public string Certificate => Path.Combine(Root, "engine-certificate.pem");
    public string CertificateKey => Path.Combine(Root, "engine-key.pem");

    /// <summary>Folder of the socket: nobody but the owner gets at it.</summary>
    public string RunFolder { get; }

    public string Socket => Path.Combine(RunFolder, "engine.sock");
    public string PidFile => Path.Combine(RunFolder, "engine.pid");

    /// <summary>Statements for the engine's start. Holds a password for as long as the start takes.</summary>
    public string InitFile => Path.Combine(RunFolder, "init.sql");

    /// <summary>User to give to the engine as `--user`; null: it runs as we do.</summary>
    public string? EngineUser => FileOwner.CurrentUser != 0 ? null : FileOwner.Of(Root) is { User: not 0 } owner ? $"{owner.User}" : "root";

    /// <summary>We, or the user as whom the engine runs.</summary>
    public bool MayBeRunBy(uint user) => user == FileOwner.CurrentUser || (FileOwner.CurrentUser == 0 && user == FileOwner.Of(Root)?.User);

    /// <summary>Makes the folders that are missing.</summary>
    /// <exception cref="ComputeException">One cannot be made, or is not ours to use.</exception>
    public void Make()
    {
        if (Directory.Exists(Path.Combine(Root, "mysql")) && !Directory.Exists(Data))
        {
            throw new ComputeException($"{Root} looks like the data directory of a server itself. Move its content to {Data} (the server stopped), so that there is room beside it, and start again.");
        }
        MakeFolder(Root);
        MakeFolder(Temporary);
        MakeFolder(RunFolder);
        if (FileOwner.Of(RunFolder) is not { IsDirectory: true, IsPrivate: true } run || !MayBeRunBy(run.User))
        {
            throw new ComputeException($"The socket's folder {RunFolder} was expected to be a folder of our own with no access for others (0700), and is not. Remove it and start again.");
        }
        Probe();
    }

    /// <summary>Makes the certificate if there is none.</summary>
    public void MakeCertificate(DateTimeOffset now)
    {
        if (File.Exists(Certificate) && File.Exists(CertificateKey)) return;
        var made = SelfSignedCertificate.Make("Serverless for MySQL engine", now);
        WritePrivate(CertificateKey, made.Key);
        WritePrivate(Certificate, made.Certificate);
    }

    /// <summary>Makes a folder that only its owner may enter, owned like the root folder.</summary>
    public void MakeFolder(string path)
    {
        try
        {
            if (Directory.Exists(path)) return;
            Directory.CreateDirectory(path, Private);
            GiveAway(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ComputeException($"The folder {path} cannot be made: {failure.Message} Make it writable for this user, or choose another data directory.", failure);
        }
    }

    /// <summary>Writes a file that only its owner may read, whole or not at all.</summary>
    /// <param name="durable">It must outlive a power failure; takes as long as the disk does.</param>
    public void WritePrivate(string path, string content, bool durable = true)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(Encoding.UTF8.GetBytes(content));
            file.Flush(durable);
        }
        GiveAway(temporary);
        File.Move(temporary, path, overwrite: true);
    }

    internal static string ChooseRunFolder(string root, string? runtimeFolder)
    {
        var beside = Path.Combine(root, "run");
        if (Fits(beside)) return beside;
        var name = NameFor(root);
        var runtime = string.IsNullOrEmpty(runtimeFolder) || !Directory.Exists(runtimeFolder) ? "/tmp" : runtimeFolder;
        var folder = Path.Combine(runtime, name);
        return Fits(folder) ? folder : Path.Combine("/tmp", name);
    }

    private static string NameFor(string root) =>
        $"serverless-{FileOwner.CurrentUser}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(root)))[..12]}";

    private static bool Fits(string folder) => Encoding.UTF8.GetByteCount(Path.Combine(folder, "engine.sock")) <= SocketPathLimit;

    /// <summary>Run by root for a folder of somebody else's: the engine runs as that user, and must get at it.</summary>
    private void GiveAway(string path)
    {
        if (FileOwner.CurrentUser == 0 && path != Root && FileOwner.Of(Root) is { User: not 0 } owner) owner.GiveTo(path);
    }

    private void Probe()
    {
        var probe = Path.Combine(Root, ".writable");
        try
        {
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ComputeException($"The data directory {Root} cannot be written: {failure.Message} Make it writable for this user, or choose another.", failure);
        }
    }
}
