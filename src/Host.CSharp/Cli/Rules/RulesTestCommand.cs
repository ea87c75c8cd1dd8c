using System.CommandLine;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules test [PATHS…] [--filter TEXT] [--timeline]`: runs the scenarios of rule files in virtual time, and their properties under loads that do
/// not change. Exit 0 when all hold, 1 when one does not or the rules are wrong, 2 when there is nothing to run.
/// </summary>
internal static class RulesTestCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "Folders of rule files, each one set, and rule files that make one set together",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["rules"],
        };
        var filter = new Option<string?>("--filter") { Description = "Only scenarios whose policy or title contains this" };
        var timeline = new Option<bool>("--timeline") { Description = "Show all that happened, also in scenarios that hold" };
        var command = new Command("test", "Run the scenarios of rule files in virtual time") { paths, filter, timeline };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(paths), parsed.GetValue(filter), parsed.GetValue(timeline), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string[] paths, string? filter, bool withTimeline, TextWriter output, TextWriter error)
    {
        if (RuleSets.Load(paths, "the rules are wrong, and nothing was run", output, error, out int exit) is not { } sets)
        {
            return exit;
        }

        var run = new ScenarioReport(output, withTimeline);
        foreach (Suite suite in sets.SelectMany(one => one.Set.Suites))
        {
            run.Of(suite, filter);
        }

        return run.Finish(error, paths);
    }
}
