using System.Text.Json.Nodes;
using Serverless.Host.Cli;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules fit`, run in this process.</summary>
public sealed class RulesFitTests
{
    private const string Marked = "\uFEFF# ours\nsize 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= tune 5m in 10s .. 30m do suspend }   # kept\n";

    [Test]
    public async Task Fit_Write_ChangesTheLiteralAloneAndASecondRunFindsNothingBetter()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Marked);
        Result first = await FitAsync(folder.Path, "--max-wakes", "200/day", "--write");
        Assert.That(first.Exit, Is.Zero, first.Output + first.Error);
        Assert.That(first.Error, Does.Contain("written: "));
        string written = await File.ReadAllTextAsync(folder["a.rules"]);
        Assert.That(written, Is.Not.EqualTo(Marked[1..]));
        Assert.That(written, Does.Match(@"^# ours\nsize 0\.5cu \.\. 4cu step 0\.5cu\nrule sleep on running \{ when idle >= tune \w+ in 10s \.\. 30m do suspend \}   # kept\n$"));
        Assert.That((await File.ReadAllBytesAsync(folder["a.rules"]))[..3], Is.EqualTo(new byte[] { 0xEF, 0xBB, 0xBF }));
        Result second = await FitAsync(folder.Path, "--max-wakes", "200/day", "--write");
        Assert.That(second.Error, Does.Contain("nothing to write"), second.Output);
    }

    [Test]
    public async Task Fit_WithoutWrite_PrintsTheDifferenceAndLeavesTheFile()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Marked);
        Result result = await FitAsync(folder.Path, "--max-wakes", "200/day");
        Assert.That(result.Exit, Is.Zero, result.Output + result.Error);
        Assert.That(result.Output, Does.Contain("-rule sleep on running { when idle >= tune 5m ").And.Contain("known to hold under them alone"));
        Assert.That(await File.ReadAllTextAsync(folder["a.rules"]), Is.EqualTo(Marked[1..]));
    }

    [Test]
    public async Task Fit_BoundsThatNothingKeeps_SaysTheNearestWritesNothingAndExitsWith1()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Marked);
        Result result = await FitAsync(folder.Path, "--max-wait", "0s", "--write");
        Assert.That(result.Exit, Is.EqualTo(ExitCode.Wrong), result.Output);
        Assert.That(result.Output, Does.Contain("no setting that was tried keeps the bounds; the nearest: longest wait "));
        Assert.That(result.Error, Does.Contain("nothing was written"));
        Assert.That(await File.ReadAllTextAsync(folder["a.rules"]), Is.EqualTo(Marked[1..]));
    }

    [Test]
    public async Task Fit_Json_HasWhatWasFoundAndWhatTheCheckSays()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Marked);
        Result result = await FitAsync(folder.Path, "--max-wakes", "200/day", "--check", "office", "--json");
        JsonNode json = JsonNode.Parse(result.Output)!;
        Assert.That((bool)json["found"]!, Is.True);
        Assert.That((double)json["best"]!["unitHours"]!, Is.LessThanOrEqualTo((double)json["start"]!["unitHours"]!));
        Assert.That(json["marks"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That(json["checks"]!.AsArray(), Has.Count.EqualTo(1));
    }

    [TestCase("size 1cu .. 4cu\nrule sleep on running { when idle >= 5m do suspend }\n", "expected a literal that is marked, found none", "--max-wakes", "9")]
    [TestCase(Marked, "expected a bound at least", "--tries", "9")]
    [TestCase(Marked, "--max-wakes: expected a number a day from 0 to 1000000 like 10/day, found `ten`", "--max-wakes", "ten")]
    [TestCase(Marked, "--check: expected a model", "--max-wakes", "9", "--check", "offce")]
    [TestCase(Marked, "there is no policy `defalt` (did you mean", "--max-wakes", "9", "--policy", "defalt")]
    public async Task Fit_NothingToSearchOrToKeep_SaysWhatWasExpectedAndExitsWith2(string text, string expected, params string[] arguments)
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], text);
        Result result = await FitAsync([folder.Path, .. arguments]);
        Assert.That(result.Exit, Is.EqualTo(ExitCode.Usage), result.Output);
        Assert.That(result.Error, Does.Contain(expected));
    }

    /// <summary>Of a year, a setting alone takes seconds: what is under way is given up too.</summary>
    [TestCase("1d", "interrupted: the best until then is above, and nothing was written")]
    [TestCase("365d", "interrupted: ")]
    public async Task Fit_Interrupted_SaysWhatItHasWritesNothingAndExitsWith130(string length, string expected)
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Marked + "rule grow on running { when avg(cpu, tune 1m in 10s .. 1h) > tune 75% in 10% .. 99% do resize up 0.5cu }\n");
        string before = await File.ReadAllTextAsync(folder["a.rules"]);
        await using var process = InterruptedProcess.Start("rules", "fit", folder.Path, "--max-wakes", "200/day", "--load", "dev", "--for", length, "--tries", "1000000", "--write");
        await process.WorkedAsync(TimeSpan.FromSeconds(5));
        (int exit, _, string error) = await process.InterruptAsync(TimeSpan.FromSeconds(20));
        Assert.That((exit, error), Is.EqualTo((130, error)));
        Assert.That(error, Does.Contain(expected));
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { folder["a.rules"] }));
        Assert.That(await File.ReadAllTextAsync(folder["a.rules"]), Is.EqualTo(before));
    }

    private static Task<Result> FitAsync(params string[] arguments) => Result.OfAsync(["rules", "fit", .. arguments, "--load", "dev", "--for", "1d"]);
}
