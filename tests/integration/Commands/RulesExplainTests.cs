using System.Text.Json;
using Serverless.Host.Cli;
using Serverless.Host.Control.Audit;
using Serverless.Tests.Integration.Control;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules explain` on the audit log of a database that woke, slept and was looked after.</summary>
public sealed class RulesExplainTests
{
    private string _home = null!;
    private string _log = null!;

    [OneTimeSetUp]
    public async Task RunADatabase()
    {
        _home = Directory.CreateTempSubdirectory("serverless-explain-").FullName;
        await using (Rig rig = await Rig.StartAsync(home: _home))
        {
            rig.Change(Rig.Sleepy);
            await rig.PhaseIsAsync("suspended");
            _log = rig.Audit;
        }
    }

    [OneTimeTearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task Last_SaysWhoDeterminedTheDecisionsAndWhatWasSeen()
    {
        (int exit, string output, string error) = await RunAsync(_log, "--last", "50");
        Assert.That(error, Is.Empty);
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Match(@"suspend by rule \w+: idle .* s >= "));
        Assert.That(output, Does.Contain("has been under way for"));
    }

    [Test]
    public async Task File_IsExplainedLikeItsFolder()
    {
        (int exit, string output, _) = await RunAsync(AuditLog.AuditFiles(_log)[0]);
        Assert.That(exit, Is.Zero);
        Assert.That(output, Is.EqualTo((await RunAsync(_log)).Output));
    }

    [Test]
    public async Task Json_IsALineForEachExplanation()
    {
        (int exit, string output, _) = await RunAsync(_log, "--last", "2", "--json");
        Assert.That(exit, Is.Zero);
        string[] lines = output.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2));
        foreach (string line in lines)
        {
            using JsonDocument one = JsonDocument.Parse(line);
            Assert.That(one.RootElement.GetProperty("lines").GetArrayLength(), Is.GreaterThan(0));
            Assert.That(one.RootElement.GetProperty("decision").GetProperty("revision").GetInt64(), Is.GreaterThan(0));
        }
    }

    [Test]
    public async Task At_SaysHowThingsStoodThen()
    {
        (int exit, string output, _) = await RunAsync(_log, "--at", "2999-01-01T00:00:00Z");
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.StartWith("2999-01-01T00:00:00.000Z"));
        (exit, _, string error) = await RunAsync(_log, "--at", "1999-01-01T00:00:00Z");
        Assert.That(exit, Is.EqualTo(ExitCode.Wrong));
        Assert.That(error, Does.Contain("it begins after 1999-01-01T00:00:00.000Z"));
    }

    [TestCase("--at 2026-03-02", "expected a time with its offset like 2026-03-02T20:05:00Z, found `2026-03-02`")]
    [TestCase("--at 2026-03-02T20:05:00", "expected a time with its offset")]
    [TestCase("--last 0", "--last: expected a whole number from 1 to 1000")]
    [TestCase("--last 3 --at 2026-03-02T20:05:00Z", "expected --at or --last, found both")]
    public async Task Options_AreCheckedBeforeAnythingIsRead(string options, string expected)
    {
        (int exit, _, string error) = await RunAsync([_log, .. options.Split(' ')]);
        Assert.That(exit, Is.EqualTo(ExitCode.Usage));
        Assert.That(error, Does.Contain(expected));
    }

    [Test]
    public async Task NoLog_IsAUsageError()
    {
        (int exit, _, string error) = await RunAsync(Path.Combine(_home, "nowhere"));
        Assert.That(exit, Is.EqualTo(ExitCode.Usage));
        Assert.That(error, Does.Contain("there is no such file or folder"));
    }

    [Test]
    public async Task Garbage_IsNamedWithItsLine()
    {
        string file = Path.Combine(_home, "garbage.jsonl");
        await File.WriteAllTextAsync(file, "[]\n[]\n");
        (int exit, _, string error) = await RunAsync(file);
        Assert.That(exit, Is.EqualTo(ExitCode.Wrong));
        Assert.That(error, Does.Contain("garbage.jsonl:1: expected rules, head or input"));
    }

    [Test]
    public async Task LogThatWasChanged_IsExplainedAndFails()
    {
        string file = Path.Combine(_home, "00000009.jsonl");
        string text = await File.ReadAllTextAsync(AuditLog.AuditFiles(_log)[0]);
        await File.WriteAllTextAsync(file, text.Replace("\"phase\":\"draining\"", "\"phase\":\"running\"", StringComparison.Ordinal));
        (int exit, string output, string error) = await RunAsync(file);
        Assert.That(exit, Is.EqualTo(ExitCode.Wrong));
        Assert.That(output, Is.Not.Empty);
        Assert.That(error, Does.Contain("the log does not replay"));
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exit = await CommandLine.RunAsync(["rules", "explain", .. arguments], output, error);
        return (exit, output.ToString(), error.ToString());
    }
}
