using System.Text.Json.Nodes;
using System.Xml.Linq;
using Serverless.Host.Cli;
using Serverless.Host.Cli.Rules;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules test`, run in this process.</summary>
public sealed class RulesTestCommandTests
{
    private const string Sleepy = "size 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= 5m do suspend }\n";

    private static string Scenario(string title, string expected) =>
        $"scenario \"{title}\" {{\n  start 2026-03-02T20:00+01:00 running 1cu\n  idle = rising for 10m\n  expect {expected}\n}}\n";

    [Test]
    public async Task Test_AllHold_PrintsALineForEachAndExitsWith0()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend by sleep at 5m") + Scenario("does not grow", "no resize"));
        (int exit, string output, _) = await RunAsync("rules", "test", folder.Path);
        Assert.That(exit, Is.Zero, output);
        Assert.That(output, Does.Contain("ok    default: sleeps\n").And.Contain("ok    default: does not grow\n").And.EndWith("2 passed, 0 failed\n"));
    }

    [Test]
    public async Task Test_OneDoesNotHold_ShowsWhatCameAndWhenAndExitsWith1()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps soon", "suspend by sleep until 3m"));
        (int exit, string output, _) = await RunAsync("rules", "test", folder["a.rules"]);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Does.Contain($"FAIL  default: sleeps soon ({folder["a.rules"]}:3)").And.Contain($"{folder["a.rules"]}:6: expected suspend by sleep until 3m"));
        Assert.That(output, Does.Contain("came: suspend, by sleep").And.Contain("0 passed, 1 failed"));
    }

    [Test]
    public async Task Test_ScenariosInAFileOfTheirOwn_TestThePolicyThatTheyName()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], "policy nightly\n" + Sleepy);
        await File.WriteAllTextAsync(folder["a.scenarios.rules"], "policy nightly\n" + Scenario("sleeps", "suspend by sleep at 5m"));
        (int exit, string output, _) = await RunAsync("rules", "test", folder.Path);
        Assert.That(exit, Is.Zero, output);
        Assert.That(output, Does.Contain("ok    nightly: sleeps\n"));
    }

    [Test]
    public async Task Test_JUnit_HasACaseForEachWithWhatCameInThoseThatFail()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend at 5m") + Scenario("<never> & \u0001", "nothing"));
        (int exit, _, _) = await RunAsync("rules", "test", folder.Path, "--junit", folder["results.xml"]);
        Assert.That(exit, Is.EqualTo(1));
        XElement suite = XDocument.Load(folder["results.xml"]).Root!.Element("testsuite")!;
        Assert.That((suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value), Is.EqualTo(("2", "1")));
        XElement failed = suite.Elements("testcase").Single(one => one.Element("failure") is not null);
        Assert.That(failed.Attribute("name")!.Value, Does.StartWith("<never> & "));
        Assert.That(failed.Element("failure")!.Value, Does.Contain("!   5m  expected nothing; came: suspend, by sleep"));
    }

    [Test]
    public async Task Test_Json_HasTheFirstDifferenceAndTheTimelineOfThoseThatFail()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend at 5m") + Scenario("never", "nothing"));
        (int exit, string output, _) = await RunAsync("rules", "test", folder.Path, "--json");
        Assert.That(exit, Is.EqualTo(1));
        JsonNode json = JsonNode.Parse(output)!;
        Assert.That(((int)json["passed"]!, (int)json["failed"]!), Is.EqualTo((1, 1)));
        JsonNode failed = json["scenarios"]!.AsArray().Single(one => !(bool)one!["passed"]!)!;
        Assert.That((long)failed["failures"]![0]!["atMs"]!, Is.EqualTo(300_000));
        Assert.That(failed["timeline"]!.AsArray().Select(line => (string)line!), Has.Some.Contains("! "));
    }

    [Test]
    public async Task Test_JUnitThatCannotBeWritten_SaysSo()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend at 5m"));
        (int exit, _, string error) = await RunAsync("rules", "test", folder.Path, "--junit", folder["no/such/results.xml"]);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("--junit: expected a file that can be written"));
    }

    [Test]
    public async Task Watch_NoticesAWriteAndALinkThatLeadsElsewhere()
    {
        using var folder = new TemporaryDirectory();
        Directory.CreateDirectory(folder["rules"]);
        await File.WriteAllTextAsync(folder["one"], Sleepy);
        await File.WriteAllTextAsync(folder["two"], Sleepy);
        File.CreateSymbolicLink(folder["rules/a.rules"], folder["one"]);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var watch = new RuleWatch([folder["rules"]], TimeProvider.System);
        watch.Look();
        Task changed = watch.ChangedAsync(end.Token);
        await Task.Delay(700, end.Token);
        Assert.That(changed.IsCompleted, Is.False);
        await File.AppendAllTextAsync(folder["one"], "# more\n", end.Token);
        await changed;
        watch.Look();
        changed = watch.ChangedAsync(end.Token);
        File.CreateSymbolicLink(folder["next"], folder["two"]);
        File.Move(folder["next"], folder["rules/a.rules"], overwrite: true);
        await changed;
    }

    [Test]
    public async Task Test_Filter_RunsOnlyWhatItNames()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend at 5m") + Scenario("wrong", "nothing"));
        (int exit, string output, _) = await RunAsync("rules", "test", folder.Path, "--filter", "SLEEPS");
        Assert.That(exit, Is.Zero, output);
        Assert.That(output, Does.Not.Contain("wrong"));
    }

    [Test]
    public async Task Test_PropertyThatASteadyLoadBreaks_NamesTheLoadAndExitsWith1()
    {
        using var folder = new TemporaryDirectory();
        const string Flaps = "rule grow on running { when avg(cpu, 1m) > 75% do resize up 0.5cu }\nrule shrink on running { when avg(cpu, 5m) < 60% do resize down 0.5cu }\nproperty settles = settles within 2h\n";
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Flaps);
        (int exit, string output, _) = await RunAsync("rules", "test", folder.Path);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Does.Contain("expected property settles").And.Contain("came: under a load of "));
    }

    [Test]
    public async Task Test_Timeline_ShowsWhatHappenedWhereAllHolds()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend at 5m"));
        (_, string output, _) = await RunAsync("rules", "test", folder.Path, "--timeline");
        Assert.That(output, Does.Contain("idle rises").And.Contain(">   5m  suspend, by sleep"));
    }

    [Test]
    public async Task Test_WrongRules_ShowsTheErrorsAndRunsNothing()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy + Scenario("sleeps", "suspend by slep"));
        (int exit, string output, _) = await RunAsync("rules", "test", folder.Path);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Does.Contain("R020").And.Contain("did you mean `sleep`?"));
    }

    [Test]
    public async Task Test_NothingToRun_ExitsWith2()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Sleepy);
        (int exit, _, string error) = await RunAsync("rules", "test", folder.Path);
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("no scenario to run"));
        (exit, _, error) = await RunAsync("rules", "test", "/nowhere/at/all");
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("/nowhere/at/all: there is no such file or folder"));
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exit = await CommandLine.RunAsync(arguments, output, error);
        return (exit, output.ToString(), error.ToString());
    }

    [Test]
    public async Task Watch_Interrupted_EndsAtOnceWith130AndTheReportOfItsLastRunIsWhole()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], "size 0.5cu .. 4cu\nrule sleep on running { when idle >= 5m do suspend }\nscenario \"sleeps\" {\n  start 2026-03-02T20:00+01:00 running 1cu\n  idle = rising\n  expect suspend at 5m\n}\n");
        await using var process = InterruptedProcess.Start("rules", "test", folder["a.rules"], "--watch", "--junit", folder["report.xml"]);
        Assert.That(await process.Error.ReadLineAsync(), Does.Contain("Ctrl-C ends it"));
        (int exit, string output, _) = await process.InterruptAsync(TimeSpan.FromSeconds(20));
        Assert.That(exit, Is.EqualTo(130), output);
        Assert.That(await File.ReadAllTextAsync(folder["report.xml"]), Does.EndWith("</testsuites>\n"));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(2));
    }
}
