using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>A client program of somebody else's, driven over its standard streams.</summary>
internal sealed class ClientProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private ClientProcess(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(e.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    public static string Script(string name) => Path.Combine(TestContext.CurrentContext.TestDirectory, "EndToEnd", "clients", name);

    /// <param name="folder">Where it runs; null: where the tests do.</param>
    public static ClientProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = folder ?? "",
        };
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        return new ClientProcess(Process.Start(start)!);
    }

    /// <summary>The `mariadb` command line client in batch mode, flushed after each statement.</summary>
    public static ClientProcess MariaDb(GatewayProcess gateway, params string[] more) => Start("mariadb",
        ["--no-defaults", "-h127.0.0.1", $"-P{gateway.Port}", $"-u{GatewayProcess.User}", $"-p{GatewayProcess.Password}", "-N", "-B", "-n", "--unbuffered", .. more]);

    public static ClientProcess Python(GatewayProcess gateway, string script, params string[] more) => Start("/usr/bin/python3",
        [Script(script), "127.0.0.1", $"{gateway.Port}", GatewayProcess.User, GatewayProcess.Password, .. more]);

    public async Task SendAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public async Task<string> ReadLineAsync(double seconds = 60)
    {
        try
        {
            string? line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(seconds));
            return line ?? throw new InvalidOperationException($"the client ended; its errors:\n{Errors}");
        }
        catch (TimeoutException timeout)
        {
            throw new TimeoutException($"the client printed nothing for {seconds} s; its errors:\n{Errors}", timeout);
        }
    }

    public async Task<JsonNode> ReadJsonAsync(double seconds = 60) => JsonNode.Parse(await ReadLineAsync(seconds))!;

    public async Task<(int Exit, string Output, string Errors)> FinishAsync(double seconds = 120)
    {
        _process.StandardInput.Close();
        string output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(seconds));
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(seconds));
        return (_process.ExitCode, output, Errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
