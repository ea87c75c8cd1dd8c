using System.CommandLine;
using System.Text.Json;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules test [PATHS…] [--filter TEXT] [--timeline] [--json] [--junit FILE] [--watch]`: runs the scenarios of rule files in virtual time, and their properties under loads that
/// do not change. Exit 0 when all hold, 1 when one does not or the rules are wrong, 2 when there is nothing to run. With --watch it goes on until it is interrupted.
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
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var junit = new Option<string?>("--junit") { HelpName = "FILE", Description = "Write the results into a file too, as the XML of JUnit" };
        var watch = new Option<bool>("--watch") { Description = "Run again whenever a file changes, until Ctrl-C" };
        var command = new Command("test", "Run the scenarios of rule files in virtual time") { paths, filter, timeline, json, junit, watch };
        command.SetAction((parsed, cancellation) =>
        {
            var run = new Run(
                parsed.GetRequiredValue(paths), parsed.GetValue(filter), parsed.GetValue(timeline), parsed.GetValue(json), parsed.GetValue(junit),
                parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            return parsed.GetValue(watch) ? run.WatchAsync(cancellation) : Task.FromResult(run.Once());
        });
        return command;
    }

    private sealed class Run(string[] paths, string? filter, bool withTimeline, bool isJson, string? junit, TextWriter output, TextWriter error)
    {
        public int Once()
        {
            if (RuleSets.Load(paths, "the rules are wrong, and nothing was run", output, error, out int exit) is not { } sets)
            {
                return exit;
            }

            var text = new ScenarioReport(output, withTimeline);
            var all = new List<ScenarioResult>();
            foreach (ScenarioResult one in ScenarioResult.OfAll(sets.SelectMany(placed => placed.Set.Suites), filter, TimeProvider.System))
            {
                all.Add(one);
                if (!isJson)
                {
                    text.Write(one);
                }
            }

            if (junit is not null)
            {
                JUnitReport.Write(junit, all);
            }

            if (isJson)
            {
                output.WriteLine(JsonSerializer.Serialize(ScenariosJson.From(all, withTimeline), RulesJsonContext.Readable.ScenariosJson));
            }

            if (all.Count == 0)
            {
                error.WriteLine($"no scenario to run in {string.Join(", ", paths)}");
                return ExitCode.Usage;
            }

            if (!isJson)
            {
                text.Count(all);
            }

            return all.TrueForAll(one => one.Passed) ? ExitCode.Fine : ExitCode.Wrong;
        }

        public async Task<int> WatchAsync(CancellationToken cancellation)
        {
            var watch = new RuleWatch(paths, TimeProvider.System);
            while (true)
            {
                // Before it is read: what changes meanwhile is run again.
                watch.Look();
                Once();
                await error.WriteLineAsync($"waiting for a change of {string.Join(", ", paths)}; Ctrl-C ends it");
                await watch.ChangedAsync(cancellation);
            }
        }
    }
}
