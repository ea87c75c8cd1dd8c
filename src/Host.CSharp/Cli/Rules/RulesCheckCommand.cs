using System.CommandLine;
using System.Text.Json;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>`serverless rules check [PATHS…] [--format …]`: all that is wrong with a folder or some files. Exit 0 when they can be used, 1 when not, 2 when there is nothing to check.</summary>
internal static class RulesCheckCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "A folder of rule files, or rule files that make one set",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["rules"],
        };
        var format = new Option<string>("--format")
        {
            Description = "How to print it: text for people, json for editors, sarif for code hosts, github for the log of a GitHub workflow",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json", "sarif", "github");
        var command = new Command("check", "Check rule files and show everything that is wrong with them") { paths, format };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(paths), parsed.GetRequiredValue(format), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string[] paths, string format, TextWriter output, TextWriter error)
    {
        var missing = paths.Where(path => !File.Exists(path) && !Directory.Exists(path)).ToList();
        foreach (var path in missing)
        {
            error.WriteLine($"{path}: there is no such file or folder");
        }

        if (missing.Count > 0)
        {
            return ExitCode.Usage;
        }

        if (paths.Length > 1 && paths.Any(Directory.Exists))
        {
            error.WriteLine("expected one folder, or files; a folder is one set by itself");
            return ExitCode.Usage;
        }

        var set = Directory.Exists(paths[0]) ? RuleFiles.Load(paths[0]) : RuleFiles.LoadFiles(paths);
        Print(set, format, output);
        return set.IsValid ? ExitCode.Fine : ExitCode.Wrong;
    }

    private static void Print(RuleSet set, string format, TextWriter output)
    {
        switch (format)
        {
            case "json":
                output.WriteLine(JsonSerializer.Serialize(CheckJson.From(set), RulesJsonContext.Readable.CheckJson));
                return;
            case "sarif":
                output.WriteLine(JsonSerializer.Serialize(SarifLog.From(set), RulesJsonContext.Readable.SarifLog));
                return;
            case "github":
                foreach (Diagnostic found in set.Diagnostics)
                {
                    output.WriteLine(GitHubCommand.From(found));
                }

                break;
            case "text" when set.Diagnostics.Count > 0:
                output.WriteLine(set.Render());
                break;
        }

        output.WriteLine(Summary(set));
    }

    private static string Summary(RuleSet set)
    {
        var counts = string.Join(", ", new[] { (Severity.Error, "error"), (Severity.Warning, "warning") }
            .Select(kind => (Count: set.Diagnostics.Count(found => found.Severity == kind.Item1), Word: kind.Item2))
            .Where(kind => kind.Count > 0)
            .Select(kind => $"{kind.Count} {kind.Word}{(kind.Count == 1 ? "" : "s")}"));
        var policies = string.Join(", ", set.Policies.Select(policy => $"{policy.Name} ({policy.Revision})"));

        return (set.IsValid, counts) switch
        {
            (true, "") => $"ok: policy {policies}",
            (true, _) => $"ok: policy {policies}; {counts}",
            _ => counts,
        };
    }
}
