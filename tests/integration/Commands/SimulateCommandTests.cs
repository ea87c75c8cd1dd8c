using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Serverless.Core;
using Serverless.Host.Cli;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Policies;
using Serverless.Rules;
using Serverless.Tests.Integration.Support;

using Activity = Serverless.Core.Activity;
using Command = System.CommandLine.Command;
using KernelState = Serverless.Core.State;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules simulate`, and what all commands have in common of options that cannot be read and outputs that cannot be written.</summary>
public sealed class SimulateCommandTests
{
    private const string Sleepy = "size 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= 5m do suspend }\n";
    private const long Noon = 1_772_452_800_000;
    private string _home = null!;

    private static string Host => Path.Combine(TestContext.CurrentContext.TestDirectory, "Serverless.Host.dll");

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("serverless-simulate-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [TestCase(new string[0], 1_000, 2_000, 1_000)]
    [TestCase(new[] { "--compute", "local" }, 220, 140, 50)]
    [TestCase(new[] { "--compute", "kubernetes" }, 1_050, 7_000, 1_000)]
    [TestCase(new[] { "--compute", "local", "--stop-time", "0s" }, 220, 0, 50)]
    [TestCase(new[] { "--resize-time", "9s", "--compute", "kubernetes" }, 1_050, 7_000, 9_000)]
    public async Task KindOfCompute_HasItsTimesWhereNoneIsGiven(string[] arguments, long start, long stop, long resize)
    {
        await File.WriteAllTextAsync(Path.Combine(_home, "a.rules"), Sleepy);
        Result result = await Result.OfAsync(["rules", "simulate", _home, "--load", "dev", "--for", "1d", "--json", .. arguments]);
        JsonNode compute = JsonNode.Parse(result.Output)!["compute"]!;
        Assert.That(((long)compute["startMs"]!, (long)compute["stopMs"]!, (long)compute["resizeMs"]!), Is.EqualTo((start, stop, resize)), result.Error);
    }

    [TestCase("--price: expected an amount from 0 to 1000000 like 1.5, found `abc`", "rules", "simulate", "--price", "abc")]
    [TestCase("--price: expected an amount from 0 to 1000000 like 1.5, found `0,12`", "rules", "simulate", "--price", "0,12")]
    [TestCase("--peak: expected cores from 0.001 to 4096 like 1.5, found `abc`", "rules", "simulate", "--peak", "abc")]
    [TestCase("--seed: expected a whole number from 0 to 18446744073709551615, found `-1`", "rules", "simulate", "--seed", "-1")]
    [TestCase("--start: expected a time from 1970 to 2200 with its offset like 2026-03-02T00:00Z, found `1969-12-31T23:59Z`", "rules", "simulate", "--start", "1969-12-31T23:59Z")]
    [TestCase("--start: expected a time from 1970 to 2200", "rules", "simulate", "--start", "2200-01-01T00:00Z")]
    [TestCase("--compute: expected local or kubernetes, found `cloud`", "rules", "simulate", "--compute", "cloud")]
    [TestCase("--last: expected a whole number from 1 to 1000, found `abc`", "rules", "explain", "log", "--last", "abc")]
    [TestCase("--limit: expected a whole number from 1 to 1000, found `1e3`", "decisions", "--limit", "1e3")]
    public async Task OptionThatCannotBeRead_EndsWithTwoAndSaysWhatWasExpectedAndFound(string expected, params string[] arguments)
    {
        Result result = await RunAsync(arguments);
        Assert.That(result.Exit, Is.EqualTo(ExitCode.Usage));
        Assert.That(result.Error, Does.Contain(expected));
    }

    [Test]
    public void AnyOptionOfAnyCommand_TakesAnyTextWithoutAnException()
    {
        Command root = CommandLine.Create();
        foreach ((string[] path, Command command) in All(root))
        {
            foreach (Option option in command.Options)
            {
                foreach (string[] values in (string[][])[["abc"], ["0,12"], ["\u001b[31m"], [""], [], ["1", "1"]])
                {
                    Assert.That(() => root.Parse([.. path, option.Name, .. values]), Throws.Nothing, $"{string.Join(' ', path)} {option.Name} {string.Join(' ', values)}");
                }
            }
        }
    }

    [TestCase("{\"rules\":{}}", "log.jsonl:1: expected the rules with their `policy` and `files`")]
    [TestCase("{\"rules\":{\"policy\":\"default\",\"files\":[{}]}}", "log.jsonl:1: expected each file of the rules with its `name` and `text`")]
    [TestCase("{\"rules\":{\"policy\":\"\\ud800\",\"files\":[]}}", "log.jsonl:1: expected the rules with their `policy` and `files`")]
    [TestCase("no \u001b[31mlog", "log.jsonl:1: expected a line of an audit log, found `no ·[31mlog`")]
    [TestCase("", "log.jsonl: expected inputs of an audit log at two instants at least, found nothing that lasts")]
    public async Task FileThatIsNoAuditLog_IsSaidSo(string text, string expected)
    {
        string log = Path.Combine(_home, "log.jsonl");
        await File.WriteAllTextAsync(log, text);
        Result simulated = await RunAsync("rules", "simulate", Rules(), "--load", log);
        Assert.That((simulated.Exit, simulated.Output), Is.EqualTo((ExitCode.Wrong, "")));
        Assert.That(simulated.Error, Does.Contain(expected));
        Assert.That((await RunAsync("rules", "explain", log)).Exit, Is.EqualTo(ExitCode.Wrong));
    }

    [Test]
    public async Task FolderThatMayNotBeRead_IsSaidSo()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_home, "audit"), UnixFileMode.None).FullName;
        Assume.That(() => Directory.GetFiles(folder), Throws.TypeOf<UnauthorizedAccessException>(), "who runs the tests may read everything");
        foreach (string[] arguments in (string[][])[["rules", "simulate", Rules(), "--load", folder], ["rules", "explain", folder]])
        {
            Result result = await RunAsync(arguments);
            Assert.That(result.Exit, Is.EqualTo(ExitCode.Wrong));
            Assert.That(result.Error, Does.Contain(folder));
        }
    }

    [Test]
    public async Task PoliciesOfOneName_StandWithTheirFolders()
    {
        string one = Rules("one"), two = Rules("two");
        string[] command = ["rules", "simulate", one, two, one + "/", "--for", "1d"];
        Assert.That((await RunAsync(command)).Output, Does.Contain($"default ({one})").And.Contain($"default ({two})"));
        JsonNode json = JsonNode.Parse((await RunAsync([.. command, "--json"])).Output)!;
        Assert.That(json["policies"]!.AsArray().Select(policy => (string?)policy!["path"]), Is.EqualTo(new[] { one, two }));
        Assert.That((string?)json["notes"]![0], Does.StartWith("always on "));
    }

    [Test]
    public async Task Policies_StandInTheOrderThatTheyWereAskedForIn()
    {
        string rules = Path.Combine(Repository.Root, "rules", "examples");
        Result result = await RunAsync("rules", "simulate", rules, "--policy", "wesql", "--policy", "aurora-like", "--policy", "wesql", "--for", "1d", "--json");
        Assert.That(JsonNode.Parse(result.Output)!["policies"]!.AsArray().Select(policy => (string?)policy!["name"]), Is.EqualTo(new[] { "wesql", "aurora-like" }));
    }

    /// <summary>A statement runs when the first file ends, and is over when the next one begins, an hour later.</summary>
    [TestCase(true, 0.0)]
    [TestCase(false, 0.8)]
    public async Task TimeBetweenTwoFiles_IsBusyOnlyWhereTheOneGoesOnWithTheOther(bool goesOn, double least)
    {
        PolicySource rules = PolicySource.Compile([new RuleFile("test.rules", Sleepy)], null, null, out _).Source!;
        string audit = Directory.CreateDirectory(Path.Combine(_home, "audit")).FullName;
        KernelState initial = Kernel.Initial(rules.Policy, Noon);
        KernelState end = await WriteAsync(audit, 1, rules, initial, Inputs.Serves(Noon, 500), Inputs.ActivityChanged(Noon + 1_000, Running(1, null)));
        KernelState begin = goesOn ? end : Kernel.Initial(rules.Policy, Noon + 3_600_000);
        await WriteAsync(audit, 2, rules, begin, Inputs.Serves(Noon + 3_600_000, 500), Inputs.ActivityChanged(Noon + 3_601_000, Running(0, Noon + 3_600_500)));
        Result result = await RunAsync("rules", "simulate", Rules(), "--load", audit, "--json");
        double suspended = (double)JsonNode.Parse(result.Output)!["policies"]![0]!["suspendedShare"]!;
        Assert.That(suspended, goesOn ? Is.LessThan(0.01) : Is.GreaterThan(least), result.Error);
    }

    [TestCase("rules metrics > /dev/full", 1, "No space left")]
    [TestCase("--help > /dev/full", 1, "No space left")]
    [TestCase("rules metrics >&-", 1, "the output cannot be written")]
    [TestCase("rules explain nowhere 2> /dev/full", 2, "")]
    [TestCase("rules metrics | true", 0, "")]
    public async Task OutputThatCannotBeWritten_EndsAsInOtherTools(string command, int exit, string said)
    {
        using Process shell = Process.Start(new ProcessStartInfo("bash", ["-c", $"set -o pipefail; dotnet '{Host}' {command}"]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        string error = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.That(shell.ExitCode, Is.EqualTo(exit), error);
        Assert.That(error, said.Length == 0 ? Is.Empty : Does.Contain(said).And.Not.Contain("   at "));
    }

    private static Activity Running(int running, long? ended) => Inputs.Activity(0, running, 0, 0, 1, running, 0, ended, 0, 0, 0, 0, null);

    private static async Task<KernelState> WriteAsync(string folder, int number, PolicySource rules, KernelState state, params Input[] inputs)
    {
        List<string> lines = [AuditLine.Rules(rules), AuditLine.Head("test", state)];
        foreach (Input input in inputs)
        {
            KernelState before = state;
            (state, Decision decision) = Kernel.Step(rules.Policy, before, input);
            lines.Add(AuditLine.Input(new AuditEntry(before, rules, rules, input, decision)));
        }

        await File.WriteAllLinesAsync(Path.Combine(folder, $"{number:D8}.jsonl"), lines);
        return state;
    }

    private static IEnumerable<(string[] Path, Command Command)> All(Command command, params string[] above)
    {
        yield return (above, command);
        foreach ((string[] Path, Command Command) below in command.Subcommands.SelectMany(one => All(one, [.. above, one.Name])))
        {
            yield return below;
        }
    }

    private string Rules(string name = "rules")
    {
        string folder = Directory.CreateDirectory(Path.Combine(_home, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "test.rules"), Sleepy);
        return folder;
    }

    private static Task<Result> RunAsync(params string[] arguments) => Result.OfAsync(arguments);
}
