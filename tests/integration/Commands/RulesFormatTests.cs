using Serverless.Host.Cli;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules fmt`, run in this process: what it writes, what it leaves alone, and how it ends.</summary>
public sealed class RulesFormatTests
{
    private const string Loose = "size 0.50cu..4cu step 0.5cu # bounds\nrule sleep on running {when idle>=5m\ndo suspend}\n";
    private const string Tight = "size 0.5cu .. 4cu step 0.5cu  # bounds\nrule sleep on running { when idle >= 5m do suspend }\n";
    private const string Wrong = "rule sleep on { when idle >= 5m do suspend }\n";

    [Test]
    public async Task Fmt_Folder_WritesWhatIsNotFormattedAndNamesIt()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["loose.rules"], Loose);
        await File.WriteAllTextAsync(folder["tight.rules"], Tight);
        await File.WriteAllTextAsync(folder["other.txt"], Loose);
        (int exit, string output, string error) = await RunAsync("rules", "fmt", folder.Path);
        Assert.That((exit, output), Is.EqualTo((0, folder["loose.rules"] + "\n")));
        Assert.That(error, Is.EqualTo("1 file formatted, 1 file as it was\n"));
        Assert.That(await File.ReadAllTextAsync(folder["loose.rules"]), Is.EqualTo(Tight));
        Assert.That(await File.ReadAllTextAsync(folder["other.txt"]), Is.EqualTo(Loose));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(3), "no temporary file is left");
    }

    [Test]
    public async Task Fmt_AgainAndAlreadyFormatted_WritesNothing()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["tight.rules"], Tight);
        DateTime written = DateTime.UtcNow.AddDays(-1);
        File.SetLastWriteTimeUtc(folder["tight.rules"], written);
        (int exit, string output, _) = await RunAsync("rules", "fmt", folder.Path);
        Assert.That((exit, output), Is.EqualTo((0, "")));
        Assert.That(File.GetLastWriteTimeUtc(folder["tight.rules"]), Is.EqualTo(written).Within(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task Fmt_FileThatDoesNotParse_LeavesItAndReportsIt()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Wrong);
        await File.WriteAllTextAsync(folder["b.rules"], Loose);
        (int exit, string output, string error) = await RunAsync("rules", "fmt", folder.Path);
        Assert.That((exit, output), Is.EqualTo((1, folder["b.rules"] + "\n")), "the others are formatted");
        Assert.That(error, Does.Contain("error R001").And.Contain($"{folder["a.rules"]}:1:15").And.Contain("1 file left"));
        Assert.That(await File.ReadAllTextAsync(folder["a.rules"]), Is.EqualTo(Wrong));
    }

    [Test]
    public async Task Fmt_Check_ListsTheFileWritesNothingAndExitsWith1()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["loose.rules"], Loose);
        await File.WriteAllTextAsync(folder["tight.rules"], Tight);
        (int exit, string output, _) = await RunAsync("rules", "fmt", "--check", folder.Path);
        Assert.That((exit, output), Is.EqualTo((1, folder["loose.rules"] + "\n")));
        Assert.That(await File.ReadAllTextAsync(folder["loose.rules"]), Is.EqualTo(Loose));
        (exit, output, _) = await RunAsync("rules", "fmt", "--check", folder["tight.rules"]);
        Assert.That((exit, output), Is.EqualTo((0, "")));
    }

    [Test]
    public async Task Fmt_Diff_ShowsTheLinesThatChange()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Tight + "\n# one\n# two\n# three\n# four\n# five\nlet  x = 1%");
        (int exit, string output, _) = await RunAsync("rules", "fmt", "--diff", folder["a.rules"]);
        string name = folder["a.rules"];
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Is.EqualTo($"--- {name}\n+++ {name} (formatted)\n@@ -6,4 +6,4 @@\n # three\n # four\n # five\n-let  x = 1%\n\\ No newline at end of file\n+let x = 1%\n"));
    }

    [Test]
    public async Task Fmt_PermissionsAndLinks_AreKept()
    {
        using var folder = new TemporaryDirectory();
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        await File.WriteAllTextAsync(folder["real"], Loose);
        File.SetUnixFileMode(folder["real"], Mode);
        File.CreateSymbolicLink(folder["link.rules"], "real");
        (int exit, _, _) = await RunAsync("rules", "fmt", folder.Path);
        Assert.That(exit, Is.Zero);
        Assert.That(new FileInfo(folder["link.rules"]).LinkTarget, Is.EqualTo("real"));
        Assert.That(File.GetUnixFileMode(folder["real"]), Is.EqualTo(Mode));
        Assert.That(await File.ReadAllTextAsync(folder["real"]), Is.EqualTo(Tight));
    }

    [Test]
    public async Task Fmt_FileThatMayNotBeWritten_IsReported()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["a.rules"], Loose);
        File.SetUnixFileMode(folder["a.rules"], UnixFileMode.UserRead);
        if (Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("the super-user may write everything");
        }

        (int exit, _, string error) = await RunAsync("rules", "fmt", folder.Path);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("cannot be written"));
        Assert.That(await File.ReadAllTextAsync(folder["a.rules"]), Is.EqualTo(Loose));
    }

    [Test]
    public async Task Fmt_NothingThere_ExitsWith2()
    {
        (int exit, _, string error) = await RunAsync("rules", "fmt", "/nowhere/at/all");
        Assert.That((exit, error), Is.EqualTo((2, "/nowhere/at/all: there is no such file or folder\n")));
        (exit, _, error) = await RunAsync("rules", "fmt", "-", "rules");
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("expected `-` alone"));
    }

    [Test]
    public void Fmt_StandardInput_GoesToTheOutputOrIsReported()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var good = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Loose));
        Assert.That(new Host.Cli.Rules.FormatRun(output, error, isCheck: false, isDiff: false).Stream(good), Is.Zero);
        Assert.That((output.ToString(), error.ToString()), Is.EqualTo((Tight, "")));

        using var nothing = new StringWriter();
        using var wrong = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Wrong));
        Assert.That(new Host.Cli.Rules.FormatRun(nothing, error, isCheck: false, isDiff: false).Stream(wrong), Is.EqualTo(1));
        Assert.That(nothing.ToString(), Is.Empty);
        Assert.That(error.ToString(), Does.Contain("standard input:1:15"));
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exit = await CommandLine.RunAsync(args, output, error);
        return (exit, output.ToString(), error.ToString());
    }
}
