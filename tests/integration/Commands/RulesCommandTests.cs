using System.Text.Json;
using Serverless.Host.Cli;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules …`, run in this process.</summary>
public sealed class RulesCommandTests
{
    private const string Good = "size 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= 5m do suspend }\n";

    [Test]
    public async Task Check_GoodFolder_NamesThePolicyAndExitsWith0()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["good.rules"], Good);
        (int exit, string output, _) = await RunAsync("rules", "check", folder.Path);
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Match("^ok: policy default \\([0-9a-f]{12}\\)"));
    }

    [Test]
    public async Task Check_WrongFiles_ShowsTheErrorsOfAllAndExitsWith1()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], "size 0.5cu .. 4cu step 0.5cu\nrule grow on running { when cpu > 80 do resize up 50% }\n");
        await File.WriteAllTextAsync(folder["b.rules"], "forbid suspend when nonsense\n");
        (int exit, string output, _) = await RunAsync("rules", "check", folder["a.rules"], folder["b.rules"]);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Does.Contain($"{folder["a.rules"]}:2:35").And.Contain("write `80%`").And.Contain($"{folder["b.rules"]}:1:21").And.Contain("2 errors"));
    }

    [Test]
    public async Task Check_OnlyWarnings_ExitsWith0()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Good + "let unused = cpu > 80%\n");
        (int exit, string output, _) = await RunAsync("rules", "check", folder.Path);
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Contain("warning R024").And.Contain("1 warning"));
    }

    [Test]
    public async Task Check_NothingThere_ExitsWith2()
    {
        (int exit, _, string error) = await RunAsync("rules", "check", "/nowhere/at/all");
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("/nowhere/at/all: there is no such file or folder"));
    }

    [Test]
    public async Task Check_FolderAmongFiles_ExitsWith2()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["good.rules"], Good);
        (int exit, _, string error) = await RunAsync("rules", "check", folder.Path, folder["good.rules"]);
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("expected one folder, or files"));
    }

    [Test]
    public async Task Metrics_PrintsNameTypeAndPeriodOfEach()
    {
        (int exit, string output, _) = await RunAsync("rules", "metrics");
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Match("(?m)^cpu +percent +sample +5s +20s +").And.Match("(?m)^idle +duration +fact +- +- +"));
    }

    [Test]
    public async Task Metrics_AsJson_GivesTimesInMilliseconds()
    {
        (int exit, string output, _) = await RunAsync("rules", "metrics", "--json");
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement cpu = document.RootElement.EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == "cpu");
        Assert.That(exit, Is.Zero);
        Assert.That((cpu.GetProperty("type").GetString(), cpu.GetProperty("everyMs").GetInt64(), cpu.GetProperty("perSize").GetBoolean()), Is.EqualTo(("percent", 5000L, true)));
    }

    [TestCase("json")]
    [TestCase("sarif")]
    [TestCase("github")]
    public async Task Check_InAFormatForTools_GivesTheGoldenText(string format)
    {
        // Named as no file should be: a blank, a comma, a colon and a percent sign are what the formats escape.
        const string Name = "odd, 100%: a.rules";
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(
            folder[Name],
            "size 0.5cu .. 4cu step 0.5cu\nlet unused = cpu > 5%\nrule grow on running { when cpuu > 80 or avg(cpu, 1m) > 80 do resize up 50% }\nrule a on running {\n}\nforbid suspend when \"open\n");
        (int exit, string output, _) = await RunAsync("rules", "check", "--format", format, folder[Name]);
        string shown = output.Replace(string.Join('/', folder.Path.Split('/').Select(Uri.EscapeDataString)), "FOLDER", StringComparison.Ordinal)
            .Replace(folder.Path, "FOLDER", StringComparison.Ordinal)
            .Replace($"\"version\": \"{typeof(CommandLine).Assembly.GetName().Version!.ToString(3)}\"", "\"version\": \"VERSION\"", StringComparison.Ordinal);
        string golden = Path.Combine(GoldenFolder(), $"check.{format}");
        // For a change of wording: writes the text anew, to be looked at as a difference.
        if (Environment.GetEnvironmentVariable("SERVERLESS_TEST_WRITE_GOLDEN") is "1")
        {
            await File.WriteAllTextAsync(golden, shown);
        }

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(shown, Is.EqualTo(await File.ReadAllTextAsync(golden)));
    }

    [Test]
    public async Task Check_AsSarif_HasWhatTheStandardRequires()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Good + "let unused = cpu > 80\n");
        (_, string output, _) = await RunAsync("rules", "check", "--format", "sarif", folder.Path);
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement run = document.RootElement.GetProperty("runs").EnumerateArray().Single();
        JsonElement rules = run.GetProperty("tool").GetProperty("driver").GetProperty("rules");
        Assert.That(document.RootElement.GetProperty("version").GetString(), Is.EqualTo("2.1.0"));
        Assert.That(run.GetProperty("columnKind").GetString(), Is.EqualTo("utf16CodeUnits"));
        foreach (JsonElement result in run.GetProperty("results").EnumerateArray())
        {
            JsonElement region = result.GetProperty("locations")[0].GetProperty("physicalLocation").GetProperty("region");
            Assert.That(rules[result.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString(), Is.EqualTo(result.GetProperty("ruleId").GetString()));
            Assert.That(result.GetProperty("level").GetString(), Is.AnyOf("error", "warning", "note"));
            Assert.That(region.GetProperty("startLine").GetInt32(), Is.Positive);
            Assert.That(region.GetProperty("startColumn").GetInt32(), Is.Positive);
        }
    }

    [Test]
    public async Task Check_UnknownFormat_ExitsWith2()
    {
        (int exit, _, string error) = await RunAsync("rules", "check", "--format", "xml");
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("xml"));
    }

    private static string GoldenFolder() => Path.Combine(Repository.Root, "tests", "integration", "Commands", "Golden");

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exit = await CommandLine.RunAsync(args, output, error);
        return (exit, output.ToString(), error.ToString());
    }
}
