using System.CommandLine;
using Serverless.Core;
using Serverless.Host.Control.Audit;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules explain AUDIT-LOG [--at TIME|--last N] [--json]`: replays an audit log and says of its decisions what determined them, what was
/// held back and by what, and when the next change could come at the earliest. Exit 1 when the log does not replay to what it says.
/// </summary>
internal static class RulesExplainCommand
{
    private const int Fewest = 1;
    private const int Most = 1000;

    public static Command Create()
    {
        var log = new Argument<string>("AUDIT-LOG") { Description = "A file of an audit log, or the folder with all of its files" };
        ReadOption<int> last = ReadOption.Count("--last", "Explain the last N decisions", Fewest, Most, otherwise: 10);
        var at = new ReadOption<long>(
            "--at", "TIME", "Explain how things stood then, like 2026-03-02T20:05:00Z", "a time with its offset like 2026-03-02T20:05:00Z", InstantText.Parse);
        var json = new Option<bool>("--json") { Description = "Print JSON, a line for each explanation" };
        var command = new Command("explain", "Explain the decisions of an audit log") { log, last, at, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(at) is { Implicit: false } && result.GetResult(last) is { Implicit: false })
            {
                result.AddError("expected --at or --last, found both");
            }
        });
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(log), last.Value(parsed), at.Find(parsed), parsed.GetValue(json), parsed.InvocationConfiguration, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string log, int last, long? at, bool json, InvocationConfiguration invocation, CancellationToken cancellation)
    {
        AuditStory story;
        try
        {
            IReadOnlyList<string> files = Directory.Exists(log) ? AuditLog.AuditFiles(log) : File.Exists(log) ? [log] : [];
            if (files.Count == 0)
            {
                await invocation.Error.WriteLineAsync(
                    Directory.Exists(log) ? $"{log}: there is no audit file in it (expected files like 00000001.jsonl)" : $"{log}: there is no such file or folder");
                return ExitCode.Usage;
            }

            story = await AuditStory.ReadAsync(files, last, at, cancellation);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(e.Message, e);
        }

        if (story.Told.Count == 0)
        {
            throw new CommandFailedException(at is null ? $"{log}: nothing was decided in it" : $"{log}: it begins after {InstantText.Precise(at.Value)}");
        }

        foreach (Explanation one in story.Told)
        {
            if (json)
            {
                await invocation.Output.WriteLineAsync(KernelJson.WriteExplanation(one));
            }
            else
            {
                ExplanationText.Write(invocation.Output, $"{InstantText.Precise(one.At)}  {one.Phase.ToString().ToLowerInvariant()}", one.Lines);
            }
        }

        foreach (string difference in story.Differences)
        {
            await invocation.Error.WriteLineAsync($"the log does not replay: {difference}");
        }

        return story.Differences.Count == 0 ? ExitCode.Fine : ExitCode.Wrong;
    }
}
