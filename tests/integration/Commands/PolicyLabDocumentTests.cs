using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Serverless.Host.Cli;

namespace Serverless.Tests.Integration.Commands;

/// <summary>docs/policy-lab.md is held to what the commands print: each one in it is run, and its output is what stands below it.</summary>
public sealed partial class PolicyLabDocumentTests
{
    private static readonly string s_root = Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    [Test]
    public void Tutorial_HasCommandsAndTheirOutputs() => Assert.That(Commands().Count(), Is.AtLeast(5));

    [TestCaseSource(nameof(Commands))]
    public async Task Command_PrintsWhatStandsBelowIt(string command, string expected)
    {
        (int exit, string output) = await RunAsync(command);
        Assert.That(output, Is.EqualTo(Trimmed(expected)));
        Assert.That(exit, Is.EqualTo(output.Contains("BROKEN", StringComparison.Ordinal) ? 1 : 0));
    }

    /// <summary>What a team would copy is compiled with these tests and run among them.</summary>
    [TestCase("PolicyTests.fs")]
    [TestCase("PolicyTests.cs")]
    public void Example_OfATestSuite_IsTheFileThatIsRun(string file) =>
        Assert.That(File.ReadAllText(Path.Combine(s_root, "docs", "policy-lab.md")), Does.Contain(File.ReadAllText(Path.Combine(s_root, "docs", "lab", file))));

    [Test]
    public async Task SameCommand_PrintsTheSameBytes()
    {
        const string command = "rules simulate rules/examples --load dev --seed 3 --for 7d --price 0.1 --json";
        Assert.That(await RunAsync(command), Is.EqualTo(await RunAsync(command)));
    }

    private static string InRepository(string argument) => Path.Exists(Path.Combine(s_root, argument)) ? Path.Combine(s_root, argument) : argument;

    private static IEnumerable<TestCaseData> Commands() =>
        from Match shown in Shown().Matches(File.ReadAllText(Path.Combine(s_root, "docs", "policy-lab.md")))
        let command = shown.Groups["command"].Value
        select new TestCaseData(command, shown.Groups["output"].Value).SetArgDisplayNames(command);

    /// <summary>The tutorial is read in the repository's folder; no test may change that of this process.</summary>
    private static async Task<(int Exit, string Output)> RunAsync(string command)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        List<string> arguments = [.. words[..2], .. words[2..].Select(InRepository)];
        if (arguments[2].StartsWith('-'))
        {
            arguments.Insert(2, InRepository("rules"));
        }

        using var output = new StringWriter();
        int exit = await CommandLine.RunAsync([.. arguments], output, output);
        string text = output.ToString().Replace(s_root + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        return (exit, Trimmed(Timed().Replace(text, "in 10.0 s (50 a second)")));
    }

    /// <summary>Blanks at the ends of lines are the table's, and no editor keeps them.</summary>
    private static string Trimmed(string output) => string.Join('\n', output.Split('\n').Select(line => line.TrimEnd())).Trim('\n');

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    /// <summary>How long it took, which is another figure each time.</summary>
    [GeneratedRegex(@"in [\d.]+ s \([\d,]+ a second\)", RegexOptions.None, 1000)]
    private static partial Regex Timed();

    [GeneratedRegex(@"```console\n\$ \./serverless (?<command>[^\n]*)\n(?<output>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Shown();
}
