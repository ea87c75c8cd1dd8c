using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Serverless.Tests.Integration.Support;

/// <summary>A server process of a test: its output is kept, and it ends with the test.</summary>
internal sealed class EngineProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private EngineProcess(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(file) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public static EngineProcess Start(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        new(file, arguments, environment);

    /// <summary>Runs a program to its end, and fails with its output when that is not a good one.</summary>
    public static async Task RunAsync(string file, params string[] arguments)
    {
        using var process = Start(file, arguments);
        await process._process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(300));
        if (process._process.ExitCode != 0)
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} ended with {process._process.ExitCode}:\n{process.Output}");
    }

    /// <summary>Waits until somebody accepts on the Unix socket.</summary>
    public async Task WaitForSocketAsync(string path, TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        while (!await CanConnectAsync(path))
        {
            if (HasExited) throw new InvalidOperationException($"The server ended with {_process.ExitCode} instead of listening:\n{Output}");
            if (watch.Elapsed > limit) throw new TimeoutException($"The server does not listen on {path} after {limit}:\n{Output}");
            await Task.Delay(20);
        }
    }

    public void Kill()
    {
        if (!HasExited) _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static async Task<bool> CanConnectAsync(string path)
    {
        if (!File.Exists(path)) return false;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output)
        {
            if (_output.Length < 100_000) _output.AppendLine(line);
        }
    }
}
