using System.CommandLine;
using System.Text.Json;
using Serverless.Core;
using Serverless.Host.Cli.Rules.Page;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules simulate [PATHS…] [--load LOAD] …`: what policies would have cost under a load, and how long statements would have waited, side by
/// side and beside a compute that is always on. Exit 1 when the rules or the load are wrong.
/// </summary>
internal static class RulesSimulateCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "Folders of rule files, each one set, and rule files that make one set together",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["rules"],
        };
        var options = new SimulateOptions();
        var command = new Command("simulate", "Play policies against a load in virtual time: what they cost, and who waits") { paths };
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetRequiredValue(paths), options, parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] paths, SimulateOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        TextWriter error = parsed.InvocationConfiguration.Error;
        if (RuleSets.Load(paths, "the rules are wrong, and nothing was simulated", output, error, out int exit) is not { } sets)
        {
            return exit;
        }

        PlacedPolicy[] all = [.. sets.SelectMany(one => one.Set.Policies.Select(policy => new PlacedPolicy(one.Path, policy)))];
        string[] named = [.. options.Policies(parsed).Distinct()];
        foreach (string name in named.Where(name => !Array.Exists(all, one => one.Policy.Name == name)))
        {
            await error.WriteLineAsync($"--policy: there is no policy `{name}`{Nearest.Hint(name, all.Select(one => one.Policy.Name))}");
            exit = ExitCode.Usage;
        }

        PlacedPolicy[] policies = named.Length == 0 ? all : [.. named.SelectMany(name => all.Where(one => one.Policy.Name == name))];
        if (exit != ExitCode.Fine)
        {
            return exit;
        }

        LoadOpening opening = await LoadOpening.OpenAsync(options, parsed, all.Select(one => one.Policy), policies[0].Policy.Zone, cancellation);
        if (opening.Load is not { } load)
        {
            await error.WriteAsync(opening.Problem);
            return opening.Exit;
        }

        string? page = options.Report(parsed);
        int columns = page is null ? 0 : SimulationPage.ColumnsFor(policies.Length);
        SimulationReport report;
        SimulationPage? made = null;
        try
        {
            LoadSurvey survey = LoadSurvey.Of(load);
            if (survey.Problem is { } problem)
            {
                await error.WriteAsync(problem.Render());
                return ExitCode.Wrong;
            }

            report = await SimulationReport.MakeAsync(policies, load, survey, options.Compute(parsed), options.Price(parsed), cancellation, columns);
            if (report.Problem is { } later)
            {
                await error.WriteAsync(later.Render());
                return ExitCode.Wrong;
            }

            made = page is null ? null : SimulationPage.Of(report, parsed.Tokens.Select(token => token.Value));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // a file that went away since it was opened first
            throw new CommandFailedException(e.Message, e);
        }

        if (made is not null)
        {
            Save(page!, made.Html);
        }

        if (options.Json(parsed))
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(SimulationJson.From(report), RulesJsonContext.Readable.SimulationJson));
        }
        else
        {
            SimulationTable.Write(output, report);
            if (page is not null)
            {
                await output.WriteLineAsync($"\nwith charts: {page}");
            }
        }

        return ExitCode.Fine;
    }

    private static void Save(string path, string html)
    {
        try
        {
            ReplacedFile.Write(path, html);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandFailedException($"--report {path}: it cannot be written: {e.Message}", e);
        }
    }
}
