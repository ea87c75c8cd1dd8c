using System.Globalization;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>An attack on a policy for people: what was tried, what held, and what did not, as scenarios to paste.</summary>
internal static class ProveText
{
    /// <summary>Of a timeline: the last ones show how it came to it.</summary>
    private const int MostLines = 20;

    public static string Progress(string policy, ProveProgress progress)
    {
        double seconds = progress.Elapsed.TotalSeconds;
        string broken = progress.Broken > 0 ? $", {progress.Broken} broken" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{policy}: {progress.Lives:#,0} lives in {seconds:0} s, {progress.Lives / seconds:#,0} a second{broken}");
    }

    public static void Write(TextWriter output, ProofReport report)
    {
        ProveRun run = report.Run;
        double seconds = run.Elapsed.TotalSeconds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{run.Policy}: {run.Lives:#,0} lives in {seconds:0.0} s ({run.Lives / Math.Max(0.001, seconds):#,0} a second), seed {run.Seed}, {run.Actions:#,0} actions"));
        foreach (KnownBreach known in report.Known)
        {
            output.WriteLine($"  STILL BROKEN  {known.Name} ({known.File})");
        }

        foreach (ProveResult result in run.Results)
        {
            Write(output, result);
        }

        if (!run.Results.Any(result => result.IsDeclared))
        {
            output.WriteLine("  no property is declared: write what must never happen as `property NAME = …`, and it is attacked too");
        }

        foreach (RuleCoverage rule in run.Rules)
        {
            output.WriteLine($"  rule {rule.Rule}: {Coverage(rule)}");
        }
    }

    private static void Write(TextWriter output, ProveResult result)
    {
        string name = result.IsDeclared ? $"{result.Name} ({result.File}:{result.Line})" : result.Name;
        switch (result.Verdict)
        {
            case ProveVerdict.Held:
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  held      {name}: put to the test in {result.Tested:#,0} lives"));
                break;
            case ProveVerdict.Untested:
                output.WriteLine($"  UNTESTED  {name}: nothing that it speaks of came about, which proves nothing");
                break;
            default:
                CounterExample example = result.Example!;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  BROKEN    {name}, case {example.Case}"));
                output.WriteLine($"    at {Quantity.show(Serverless.Core.ValueType.Duration, example.AtMs)}: {example.Came}");
                Indented(output, example.Scenario.TrimEnd('\n').Split('\n'));
                string[] lines = example.Timeline.TrimEnd('\n').Split('\n');
                output.WriteLine(lines.Length > MostLines ? $"    what happened in it, behind {lines.Length - MostLines} earlier lines:" : "    what happened in it:");
                Indented(output, lines.TakeLast(MostLines));
                break;
        }
    }

    private static string Coverage(RuleCoverage rule)
    {
        string seen = string.Create(CultureInfo.InvariantCulture, $"its condition held in {rule.True:#,0} lives, not in {rule.False:#,0}, was unknown in {rule.Unknown:#,0}");
        return rule.Decided > 0 ? string.Create(CultureInfo.InvariantCulture, $"determined {rule.Decided:#,0} actions; {seen}") : $"NEVER determined an action; {seen}";
    }

    private static void Indented(TextWriter output, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            output.WriteLine($"    {line}");
        }
    }
}
