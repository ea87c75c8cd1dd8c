using System.Diagnostics;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>
/// The root filesystem of the image that deploy/Dockerfile makes, assembled from this machine: the runtime, the libraries of the system that it needs, the time zones and
/// the published gateway, as in the base image, which has no shell either.
/// </summary>
internal sealed class GatewayImage : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public string Root => _folder.Path;

    public static async Task<GatewayImage> MakeAsync()
    {
        var image = new GatewayImage();
        try
        {
            await image.AddAsync();
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task AddAsync()
    {
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string version = Path.GetFileName(runtime), installed = Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
        foreach (string part in new[] { "dotnet", $"host/fxr/{version}", $"shared/Microsoft.NETCore.App/{version}", $"shared/Microsoft.AspNetCore.App/{version}" })
        {
            await CopyAsync(Path.Combine(installed, part), $"/usr/share/dotnet/{part}");
        }

        Directory.CreateDirectory(_folder["usr/bin"]);
        File.CreateSymbolicLink(_folder["usr/bin/dotnet"], "/usr/share/dotnet/dotnet");
        foreach (string library in await LibrariesAsync(runtime, Path.Combine(installed, "dotnet")))
        {
            await CopyAsync(library, library);
        }

        foreach (string data in new[] { "/usr/share/zoneinfo", "/etc/ssl/certs/ca-certificates.crt" }.Where(Path.Exists))
        {
            await CopyAsync(data, data);
        }

        await EngineProcess.RunAsync(
            "dotnet", "publish", Path.Combine(Repository.Root, "src", "Host.CSharp"), "-c", Configuration(), "--no-build", "-o", _folder["app"], "-v", "quiet", "-nologo");
        Directory.CreateDirectory(_folder["etc"]);
        await File.WriteAllTextAsync(_folder["etc/passwd"], "app:x:1654:1654::/home/app:/bin/false\n");
        foreach (string empty in new[] { "tmp", "home/app", "proc", "sys", "dev" })
        {
            Directory.CreateDirectory(_folder[empty]);
        }

        // no matter how strict the one who runs the tests is with files of his own
        await EngineProcess.RunAsync("chmod", "-R", "a+rX", Root);
    }

    /// <summary>What the runtime is linked with, and what it loads by name.</summary>
    private static async Task<IEnumerable<string>> LibrariesAsync(string runtime, string program)
    {
        string linked = await ReadAsync("ldd", [program, .. Directory.GetFiles(runtime, "*.so")]);
        string known = await ReadAsync("/sbin/ldconfig", ["-p"]);
        // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader, which has no arrow
        return linked.Split('\n').Where(line => line.StartsWith('\t')).SelectMany(line => line.Split(' ', '\t')).Where(word => word.StartsWith('/'))
            .Concat(new[] { "libssl.so.3", "libcrypto.so.3" }.Select(name => known.Split('\n').First(line => line.TrimStart().StartsWith(name + " ", StringComparison.Ordinal)).Split("=> ")[1].Trim()))
            .Where(library => !library.StartsWith(runtime, StringComparison.Ordinal) && File.Exists(library)).Distinct(StringComparer.Ordinal);
    }

    private async Task CopyAsync(string from, string to)
    {
        string target = _folder[to.TrimStart('/')];
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await EngineProcess.RunAsync("cp", "-rL", from, target);
    }

    /// <summary>That of the tests, in whose build the gateway's is.</summary>
    private static string Configuration() => Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;

    private static async Task<string> ReadAsync(string program, IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        _ = process.StandardError.ReadToEndAsync();
        return await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }
}
