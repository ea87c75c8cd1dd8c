using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>One run of a credential plugin: bounded in time and in what it may print, with nothing on its standard input.</summary>
internal static class PluginRun
{
    private const int LargestAnswer = 1 << 20;
    private const int LongestComplaint = 2000;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>Less than a call may take as a whole, so that it is the plugin that is said to be late.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(12);

    /// <exception cref="ComputeException">It could not be run, failed, or gave no answer in time.</exception>
    public static async Task<string> AskAsync(ExecPlugin plugin, string question, TimeProvider time, CancellationToken cancellation)
    {
        using Process process = Start(plugin, question);
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            process.StandardInput.Close();
            Task<string> complaint = ReadAsync(process.StandardError, LongestComplaint, keepOn: true, either.Token);
            string answer = await ReadAsync(process.StandardOutput, LargestAnswer, keepOn: false, either.Token);
            if (answer.Length >= LargestAnswer)
            {
                throw new ComputeException($"{plugin.Where}: expected `{plugin.Command}` to print less than {LargestAnswer} characters, found more");
            }

            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0
                ? answer
                : throw new ComputeException($"{plugin.Where}: `{plugin.Command}` ended with {process.ExitCode} instead of giving credentials: {Said(await OfAsync(complaint))}");
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ComputeException($"{plugin.Where}: expected `{plugin.Command}` to give credentials within {Limit.TotalSeconds} s, found it still running; it cannot ask anybody here", e);
        }
        finally
        {
            Kill(process);
        }
    }

    /// <summary>What it left running may keep its standard error open for ever.</summary>
    private static async Task<string> OfAsync(Task<string> complaint) => await Task.WhenAny(complaint, Task.Delay(LastWords, CancellationToken.None)) == complaint ? await complaint : "";

    private static Process Start(ExecPlugin plugin, string question)
    {
        var start = new ProcessStartInfo(Find(plugin)) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in plugin.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in plugin.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = question;
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw NotRun(plugin, e.Message, e);
        }
    }

    /// <summary>
    /// A name is looked for in the folders of PATH alone, as kubectl does: .NET would begin with its own folder and the one that we were started in, where whoever may write there gave us our credentials.
    /// </summary>
    private static string Find(ExecPlugin plugin)
    {
        if (Path.IsPathRooted(plugin.Command))
        {
            return plugin.Command;
        }

        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Where(Path.IsPathRooted)
            .Select(folder => Path.Combine(folder, plugin.Command))
            .FirstOrDefault(CanRun) ?? throw NotRun(plugin, "no folder of PATH has an executable file of that name", null);
    }

    private static bool CanRun(string file) =>
        File.Exists(file) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    private static ComputeException NotRun(ExecPlugin plugin, string why, Exception? cause)
    {
        string hint = plugin.InstallHint is { Length: > 0 } said ? $" {Shown.Of(said.Trim())}" : " Install it, or give its whole path as `command`.";
        string text = $"{plugin.Where}: `{plugin.Command}`, which gives the credentials, cannot be run: {why}.{hint}";
        return cause is null ? new ComputeException(text) : new ComputeException(text, cause);
    }

    private static async Task<string> ReadAsync(StreamReader reader, int most, bool keepOn, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        char[] buffer = new char[4096];
        while ((keepOn || text.Length < most) && await reader.ReadAsync(buffer, cancellation) is > 0 and var count)
        {
            text.Append(buffer, 0, Math.Min(count, most - text.Length));
        }

        return text.ToString();
    }

    private static string Said(string complaint) => string.IsNullOrWhiteSpace(complaint) ? "it said nothing more" : Shown.Of(complaint.Trim());

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or NotSupportedException or AggregateException)
        {
            // it has ended
        }
    }
}
