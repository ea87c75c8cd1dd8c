using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules fit [PATHS…] --max-… [--load LOAD]… [--check LOAD]… [--write]`: searches the literals that are marked `tune` for the cheapest values that keep bounds under workloads.
/// Exit 1 when none do, when a check does not hold, and when the rules or a load are wrong; 2 when there is nothing to search or to keep; 130 when it was interrupted.
/// </summary>
internal static class RulesFitCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "A folder of rule files, which is one set, or rule files that make one set together",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["rules"],
        };
        var options = new FitOptions();
        var command = new Command("fit", "Search the literals marked `tune` for the cheapest values that keep bounds under given loads") { paths };
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => new Run(options, parsed).OfAsync(parsed.GetRequiredValue(paths), cancellation));
        return command;
    }

    private sealed class Run(FitOptions options, ParseResult parsed)
    {
        private readonly TextWriter _output = parsed.InvocationConfiguration.Output;
        private readonly TextWriter _error = parsed.InvocationConfiguration.Error;

        public async Task<int> OfAsync(string[] paths, CancellationToken cancellation)
        {
            if (RuleSets.Load(paths, "the rules are wrong, and nothing was searched", _output, _error, out int exit) is not { } sets)
            {
                return exit;
            }

            FitBound[] bounds = options.Bounds(parsed);
            if (Chosen(sets) is not { } chosen || !HasBounds(bounds))
            {
                return ExitCode.Usage;
            }

            (PlacedRules placed, Suite suite) = chosen;
            var loads = new List<LoadSource>();
            var checks = new List<LoadSource>();
            ulong seed = options.Simulation.Seed(parsed);
            foreach ((string option, string text, ulong of, List<LoadSource> into) in (IEnumerable<(string, string, ulong, List<LoadSource>)>)
                [.. options.Loads(parsed).Select(text => ("--load", text, seed, loads)), .. options.Checks(parsed).Select(text => ("--check", text, options.Simulation.NextSeed(parsed), checks))])
            {
                LoadOpening opening = await LoadOpening.OpenAsync(option, text, of, options.Simulation, parsed, placed.Set.Policies, suite.Policy.Zone, cancellation);
                string? problem = opening.Load is { } load ? LoadSurvey.Of(load).Problem?.Render() : opening.Problem;
                if (problem is not null)
                {
                    await _error.WriteAsync(problem);
                    return opening.Load is null ? opening.Exit : ExitCode.Wrong;
                }

                into.Add(opening.Load!);
            }

            return Search(placed.Set, suite, loads, checks, bounds, seed);
        }

        private (PlacedRules Placed, Suite Suite)? Chosen(PlacedRules[] sets)
        {
            string? name = options.Policy(parsed);
            (PlacedRules Placed, Suite Suite)[] all = [.. from placed in sets from suite in placed.Set.Suites select (placed, suite)];
            if (name is not null && !Array.Exists(all, one => one.Suite.Policy.Name == name))
            {
                _error.WriteLine($"--policy: there is no policy `{name}`{Nearest.Hint(name, all.Select(one => one.Suite.Policy.Name))}");
                return null;
            }

            (PlacedRules Placed, Suite Suite)[] marked = [.. all.Where(one => one.Suite.Tunables.Count > 0 && (name is null || one.Suite.Policy.Name == name))];
            if (marked.Length == 1)
            {
                return marked[0];
            }

            _error.WriteLine(marked.Length == 0
                ? "expected a literal that is marked, found none: mark what may change, as in `when idle >= tune 5m in 1m .. 30m`"
                : $"expected one policy with literals that are marked, found {string.Join(", ", marked.Select(one => one.Suite.Policy.Name))}: choose with --policy, or name one set");
            return null;
        }

        private bool HasBounds(FitBound[] bounds)
        {
            if (bounds.Length == 0)
            {
                _error.WriteLine($"expected a bound at least, since without one the cheapest is what serves nobody: {options.Names}");
            }

            return bounds.Length > 0;
        }

        private int Search(RuleSet set, Suite suite, List<LoadSource> loads, List<LoadSource> checks, FitBound[] bounds, ulong seed)
        {
            using var end = new CancellationTokenSource();
            // The first one ends the search, and what was found is told; a second one ends the command.
            using var signal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
            {
                context.Cancel = !end.IsCancellationRequested;
                end.Cancel();
            });
            var search = new FitSearch(loads, options.Simulation.Compute(parsed), bounds, seed, options.Tries(parsed));
            FitRun run;
            try
            {
                using var line = new ProgressLine(_error);
                run = Fitter.Run(set, suite, search, progress => line.Show(progress.Elapsed, () => FitText.Progress(suite.Policy.Name, progress)), end.Token);
            }
            catch (OperationCanceledException)
            {
                _error.WriteLine("interrupted: nothing was found until then, and nothing was written");
                return ExitCode.Interrupted;
            }

            // Whoever ends it waits for no more than is needed to read what there is.
            FitCheck[] held = end.IsCancellationRequested ? [] : [.. checks.Select(load =>
            {
                var check = new FitSearch([load], search.Compute, bounds, seed, search.Tries);
                return new FitCheck(load, Fitter.Play(set, suite, run.Start, check), Fitter.Play(set, suite, run.Best, check));
            })];
            IReadOnlyList<RewrittenFile> files = Fitter.Rewritten(set, suite, run.Best);
            var report = new FitReport(run, loads, held, options.Simulation.Price(parsed), files);
            if (options.Simulation.Json(parsed))
            {
                _output.WriteLine(JsonSerializer.Serialize(FitJson.From(report), RulesJsonContext.Readable.FitJson));
            }
            else
            {
                FitText.Write(_output, report);
            }

            if (end.IsCancellationRequested)
            {
                _error.WriteLine("interrupted: the best until then is above, and nothing was written");
                return ExitCode.Interrupted;
            }

            bool isWritten = !options.Write(parsed) || !run.Found || FitFiles.TryWrite(files, _error);
            if (options.Write(parsed))
            {
                _error.WriteLine(!run.Found ? "nothing was written" : files.Count == 0 ? "nothing to write: it is what the files have" : isWritten ? $"written: {string.Join(", ", files.Select(file => file.Name))}" : "not all was written");
            }
            else if (!options.Simulation.Json(parsed))
            {
                foreach (RewrittenFile file in files)
                {
                    _output.Write(LineDiff.Unified(file.Name, file.Before, file.After, run.Found ? "fitted" : "nearest"));
                }
            }

            return run.Found && isWritten && Array.TrueForAll(held, check => check.Fitted.KeepsBounds) ? ExitCode.Fine : ExitCode.Wrong;
        }
    }
}
