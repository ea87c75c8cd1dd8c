using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules prove [PATHS…] [--time TIME] [--cases N] [--seed N] …`: attacks policies with lives that are drawn for them, and prints what breaks a property as a scenario. What was
/// found is kept beside the rules and tried first the next time. Exit 1 when something does not hold or the rules are wrong, 2 when there is no policy.
/// </summary>
internal static class RulesProveCommand
{
    private const string UsualTime = "10s";
    private const long LongestMs = 7L * 86_400_000;

    public static Command Create()
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "Folders of rule files, each one set, and rule files that make one set together",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["rules"],
        };
        var time = new ReadOption<long>(
            "--time", "TIME", $"How long each policy is attacked (default {UsualTime}, or without a bound where --cases is given)", $"a time from 1ms to 7d like {UsualTime}",
            text => QuantityText.Milliseconds(text) is { } value and > 0 and <= LongestMs ? value : null);
        var cases = new ReadOption<long>("--cases", "N", "How many cases are drawn for each policy", "a whole number from 1 on", text => Number(text) is > 0 and <= long.MaxValue and { } value ? (long)value : null);
        var seed = new ReadOption<ulong>(
            "--seed", "N", "The same seed draws the same cases (default: another one each time, which is printed)", $"a whole number from 0 to {ulong.MaxValue}", Number);
        var policies = new Option<string[]>("--policy") { HelpName = "NAME", Description = "Only the policy of this name; may be repeated" };
        var forget = new Option<bool>("--no-store") { Description = "Neither try what was found before nor keep what is found" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("prove", "Attack policies with made-up loads, and print what breaks their properties as scenarios") { paths, time, cases, seed, policies, forget, json };
        command.SetAction(parsed =>
        {
            long? most = cases.Find(parsed);
            long? length = time.Find(parsed) ?? (most is null ? QuantityText.Milliseconds(UsualTime) : null);
            var options = new ProveOptions(
                seed.Find(parsed) ?? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue), most ?? long.MaxValue,
                length is { } ms ? TimeSpan.FromMilliseconds(ms) : TimeSpan.MaxValue, Environment.ProcessorCount);
            var run = new Run(options, parsed.GetValue(policies) ?? [], parsed.GetValue(forget), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            return run.Of(parsed.GetRequiredValue(paths));
        });
        return command;
    }

    private static ulong? Number(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    private sealed class Run(ProveOptions options, string[] named, bool withoutStore, bool isJson, TextWriter output, TextWriter error)
    {
        public int Of(string[] paths)
        {
            if (RuleSets.Load(paths, "the rules are wrong, and nothing was tried", output, error, out int exit) is not { } sets)
            {
                return exit;
            }

            string[] policies = [.. sets.SelectMany(placed => placed.Set.Policies).Select(policy => policy.Name)];
            foreach (string name in named.Where(name => !policies.Contains(name)))
            {
                error.WriteLine($"--policy: there is no policy `{name}`{Nearest.Hint(name, policies)}");
                exit = ExitCode.Usage;
            }

            return exit == ExitCode.Fine ? All(sets) : exit;
        }

        private int All(PlacedRules[] sets)
        {
            using var end = new CancellationTokenSource();
            // The first one ends the search, and what was found is told; a second one ends the command.
            using var signal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
            {
                context.Cancel = !end.IsCancellationRequested;
                end.Cancel();
            });
            var all = new List<ProofReport>();
            foreach (PlacedRules placed in sets)
            {
                ProveStore? store = withoutStore ? null : new ProveStore(placed, error);
                foreach (Suite suite in placed.Set.Suites.Where(suite => !end.IsCancellationRequested && (named.Length == 0 || named.Contains(suite.Policy.Name))))
                {
                    all.Add(One(suite, store, end.Token));
                    if (!isJson)
                    {
                        ProveText.Write(output, all[^1]);
                    }
                }
            }

            if (isJson)
            {
                output.WriteLine(JsonSerializer.Serialize([.. all.Select(ProofJson.From)], RulesJsonContext.Readable.ProofJsonArray));
            }

            if (end.IsCancellationRequested)
            {
                error.WriteLine("interrupted: what was found until then is above");
            }

            return all.TrueForAll(one => one.Passed) && !end.IsCancellationRequested ? ExitCode.Fine : ExitCode.Wrong;
        }

        private ProofReport One(Suite suite, ProveStore? store, CancellationToken end)
        {
            IReadOnlyList<KnownBreach> known = store?.Broken(suite) ?? [];
            using var line = new ProgressLine(error);
            ProveRun run = Prover.Run(suite, options, progress => line.Show(progress.Elapsed, () => ProveText.Progress(suite.Policy.Name, progress)), end);
            store?.Keep(run);
            return new ProofReport(run, known);
        }
    }
}
