using Serverless.Host.Cli;
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
}
