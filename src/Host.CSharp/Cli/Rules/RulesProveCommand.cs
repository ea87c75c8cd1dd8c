using System.CommandLine;
using System.Globalization;
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
        command.SetAction((parsed, cancellation) =>
        {
            long? most = cases.Find(parsed);
            long? length = time.Find(parsed) ?? (most is null ? QuantityText.Milliseconds(UsualTime) : null);
            var options = new ProveOptions(
                seed.Find(parsed) ?? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue), most ?? long.MaxValue,
                length is { } ms ? TimeSpan.FromMilliseconds(ms) : TimeSpan.MaxValue, Environment.ProcessorCount);
            var run = new Run(options, parsed.GetValue(policies) ?? [], parsed.GetValue(forget), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            return Task.Run(() => run.Of(parsed.GetRequiredValue(paths), cancellation), cancellation);
        });
        return command;
    }

    private static ulong? Number(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    private sealed class Run(ProveOptions options, string[] named, bool withoutStore, bool isJson, TextWriter output, TextWriter error)
    {
        public int Of(string[] paths, CancellationToken cancellation)
        {
            if (RuleSets.Load(paths, "the rules are wrong, and nothing was tried", output, error, out int exit) is not { } sets)
            {
                return exit;
            }

            Suite[] suites = [.. sets.SelectMany(placed => placed.Set.Suites)];
            foreach (string name in named.Where(name => !Array.Exists(suites, suite => suite.Policy.Name == name)))
            {
                error.WriteLine($"--policy: there is no policy `{name}`{Nearest.Hint(name, suites.Select(suite => suite.Policy.Name))}");
                exit = ExitCode.Usage;
            }

            if (exit != ExitCode.Fine)
            {
                return exit;
            }

            ProveStore? store = withoutStore ? null : ProveStore.Beside(paths, error);
            var all = new List<ProofReport>();
            foreach (Suite suite in suites.Where(suite => named.Length == 0 || named.Contains(suite.Policy.Name)))
            {
                all.Add(One(suite, store, cancellation));
                if (!isJson)
                {
                    ProveText.Write(output, all[^1]);
                }
            }

            if (isJson)
            {
                output.WriteLine(JsonSerializer.Serialize([.. all.Select(ProofJson.From)], RulesJsonContext.Readable.ProofJsonArray));
            }

            return all.TrueForAll(one => one.Passed) ? ExitCode.Fine : ExitCode.Wrong;
        }

        private ProofReport One(Suite suite, ProveStore? store, CancellationToken cancellation)
        {
            ScenarioRun[] known = store?.Broken(suite.Policy.Name) ?? [];
            using var progress = new ProveProgressLine(error, suite.Policy.Name);
            ProveRun run = Prover.Run(suite, options, progress.Show, cancellation);
            store?.Keep(suite.Policy.Name, run, known);
            return new ProofReport(run, known);
        }
    }
}
