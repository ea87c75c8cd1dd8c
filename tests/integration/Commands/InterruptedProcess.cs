using System.Diagnostics;
using System.Globalization;

namespace Serverless.Tests.Integration.Commands;

/// <summary>A command as a whole process, which Ctrl-C ends.</summary>
internal sealed class InterruptedProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;

    private InterruptedProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
    }

    public StreamReader Error => _process.StandardError;

    public static InterruptedProcess Start(params string[] arguments)
    {
        // What runs the tests may ignore the signal, as a shell has whatever it starts in the background do, and its children would.
        var start = new ProcessStartInfo("env") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["--default-signal=INT", "dotnet", Path.Combine(TestContext.CurrentContext.TestDirectory, "Serverless.Host.dll"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return new InterruptedProcess(Process.Start(start)!);
    }

    /// <summary>Until it has worked for so long, by the processors' time: how much that is does not depend on what else this machine does.</summary>
    public async Task WorkedAsync(TimeSpan time)
    {
        while (!_process.HasExited && _process.TotalProcessorTime < time)
        {
            await Task.Delay(100);
            _process.Refresh();
        }
    }

    /// <summary>What it says from here on, and its exit code.</summary>
    public async Task<(int Exit, string Output, string Error)> InterruptAsync(TimeSpan within)
    {
        Task<string> error = Error.ReadToEndAsync();
        using Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(within);
        return (_process.ExitCode, await _output, await error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
