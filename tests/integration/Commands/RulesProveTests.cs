using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Commands;

/// <summary>`serverless rules prove`: what it finds, what it keeps of it for the next time, and how it ends.</summary>
public sealed class RulesProveTests
{
    private const string Sleepy = "size 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= 5m do suspend }\n";
    private const string Awake = "property awake = never suspend\n";
    private const string Kept = "default@awake.rules";

    private TemporaryDirectory _folder = null!;

    private string Rules => _folder["a.rules"];

    private string Store => _folder[".prove"];

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryDirectory();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task WhatWasFound_IsKeptAndToldAsBrokenStillByTheNextRun()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        Result first = await ProveAsync(_folder.Path);
        Assert.That(first.Exit, Is.EqualTo(1), first.Error);
        Assert.That(first.Output, Does.Contain("BROKEN    awake").And.Not.Contain("STILL"));
        Assert.That(Names(), Is.EqualTo(Kept));
        Result second = await ProveAsync(_folder.Path);
        Assert.That(second.Exit, Is.EqualTo(1));
        Assert.That(second.Output, Does.Contain($"STILL BROKEN  awake ({Path.Combine(Store, Kept)})"));
        Assert.That(second.Error, Is.Empty);
        Result json = await ProveAsync(_folder.Path, "--json");
        Assert.That((string?)JsonNode.Parse(json.Output)![0]!["stillBroken"]![0], Is.EqualTo("awake"));
    }

    [Test]
    public async Task WhatIsKept_IsFoundAgainThoughNothingNewIs()
    {
        // Operators are not drawn: this life is one that somebody wrote.
        const string Operator = "policy default\nscenario \"mine\" {\n  start 2026-03-02T12:00Z running 1cu\n  at 1m operator suspend\n  expect no suspend at 1m\n}\n";
        await File.WriteAllTextAsync(Rules, "size 1cu .. 2cu\nrule grow on running { when avg(cpu, 1m) > 75% do resize to 2cu }\n" + Awake);
        Directory.CreateDirectory(Store);
        await File.WriteAllTextAsync(Path.Combine(Store, Kept), Operator);
        Result one = await ProveAsync(_folder.Path);
        Assert.That((one.Exit, one.Error), Is.EqualTo((1, "")), one.Output);
        Assert.That(one.Output, Does.Contain("STILL BROKEN  awake").And.Contain("held      awake"));
    }

    [TestCase("forbid suspend\n" + Awake, TestName = "Mended_IsForgotten")]
    [TestCase("property awake = never suspend when queries.running > 0\n", TestName = "Loosened_IsForgotten")]
    [TestCase("", TestName = "TakenOut_IsForgotten")]
    public async Task WhatDoesNotBreakAnythingAnyMore_IsForgotten(string now)
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        await ProveAsync(_folder.Path);
        await File.WriteAllTextAsync(Rules, Sleepy + now);
        Result result = await ProveAsync(_folder.Path);
        Assert.That((result.Exit, result.Error), Is.EqualTo((0, "")), result.Output);
        Assert.That(result.Output, Does.Not.Contain("BROKEN"));
        Assert.That(Names(), Is.Empty);
    }

    [Test]
    public async Task PropertyThatWasRenamed_IsFoundAgainUnderItsName()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        await ProveAsync(_folder.Path);
        await File.WriteAllTextAsync(Rules, Sleepy + "property wakeful = never suspend\n");
        Result result = await ProveAsync(_folder.Path);
        Assert.That((result.Exit, result.Error), Is.EqualTo((1, "")));
        Assert.That(result.Output, Does.Contain("BROKEN    wakeful").And.Not.Contain("STILL"));
        Assert.That(Names(), Is.EqualTo("default@wakeful.rules"));
    }

    [Test]
    public async Task BlockThatWasPasted_DoesNotClashWithWhatIsKept()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        Result first = await ProveAsync(_folder.Path);
        await File.AppendAllTextAsync(Rules, Block(first.Output));
        Result second = await ProveAsync(_folder.Path);
        Assert.That((second.Exit, second.Error), Is.EqualTo((1, "")), second.Output);
        Assert.That(second.Output, Does.Contain("STILL BROKEN  awake"));
        Result tested = await Result.OfAsync("rules", "test", _folder.Path);
        Assert.That(tested.Exit, Is.EqualTo(1));
        Assert.That(tested.Output, Does.Contain("FAIL  default: breaks awake").And.Contain("expected property awake"));
    }

    [TestCase("no rules at all {", "a declaration begins with its keyword")]
    [TestCase("policy default\n", "it has no scenario of this policy")]
    [TestCase("policy default\nscenario \"x\" { start 2026-03-02T12:00Z running 1cu\n  expect suspend by slep at 6m }\n", "slep")]
    public async Task WhatCannotBePlayed_IsKeptAndTold(string garbage, string why)
    {
        Directory.CreateDirectory(Store);
        string file = Path.Combine(Store, Kept);
        await File.WriteAllTextAsync(file, garbage);
        await File.WriteAllTextAsync(Path.Combine(Store, "notes.txt"), "mine");
        await File.WriteAllTextAsync(Rules, Sleepy + "forbid suspend\n" + Awake);
        Result result = await ProveAsync(_folder.Path);
        Assert.That(result.Exit, Is.Zero, result.Output);
        Assert.That(result.Error, Does.Contain($"{file}: cannot be played with these rules, and is kept: ").And.Contain(why).And.Contain("mend it or delete it"));
        Assert.That(await File.ReadAllTextAsync(file), Is.EqualTo(garbage));
        Assert.That(File.Exists(Path.Combine(Store, "notes.txt")));
    }

    [Test]
    public async Task SingleFiles_KeepTheirOwnBesideTheFolders()
    {
        // A policy that has the name of the file, so that the names of what is kept begin alike.
        await File.WriteAllTextAsync(Rules, "policy a\n" + Sleepy + Awake);
        await File.WriteAllTextAsync(_folder["b.rules"], "policy b extends a\n");
        await ProveAsync(_folder.Path);
        await ProveAsync(Rules);
        await ProveAsync(_folder["b.rules"], Rules);
        const string All = "a+b@a@awake.rules a+b@b@awake.rules a@a@awake.rules a@awake.rules b@awake.rules";
        Assert.That(Names(), Is.EqualTo(All));
        foreach (string[] paths in (string[][])[[_folder.Path], [Rules], [Rules, _folder["b.rules"]]])
        {
            Result again = await ProveAsync(paths);
            Assert.That((again.Exit, again.Error), Is.EqualTo((1, "")));
            Assert.That(again.Output, Does.Contain("STILL BROKEN  awake"));
            Assert.That(Names(), Is.EqualTo(All));
        }
    }

    [Test]
    public async Task ManyFiles_KeepUnderANameThatAFileMayHave()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        string[] files = [Rules, .. Enumerable.Range(0, 40).Select(index => _folder[string.Create(CultureInfo.InvariantCulture, $"policy-of-tenant-{index}.rules")])];
        foreach (string file in files.Skip(1))
        {
            await File.WriteAllTextAsync(file, "# empty\n");
        }

        Assert.That((await ProveAsync(files)).Error, Is.Empty);
        Result again = await ProveAsync([.. files.Reverse()]);
        Assert.That(again.Output, Does.Contain("STILL BROKEN  awake"));
        Assert.That(Directory.GetFiles(Store), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task SeveralFolders_KeepWhatIsTheirs()
    {
        using var other = new TemporaryDirectory();
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        await File.WriteAllTextAsync(other["a.rules"], "policy other\n" + Sleepy + "property still = never resume\n");
        Result result = await ProveAsync(_folder.Path, other.Path);
        Assert.That((result.Exit, result.Error), Is.EqualTo((1, "")));
        Assert.That(Names(), Is.EqualTo(Kept));
        Assert.That(Names(other[".prove"]), Is.EqualTo("other@still.rules"));
        Result only = await ProveAsync(_folder.Path, other.Path, "--policy", "other");
        Assert.That(only.Output, Does.Contain("STILL BROKEN  still").And.Not.Contain("default:"));
    }

    [Test]
    public async Task WithoutAStore_NothingIsKeptNorRead()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        await ProveAsync(_folder.Path, "--no-store");
        Assert.That(Directory.Exists(Store), Is.False);
        await ProveAsync(_folder.Path);
        Assert.That((await ProveAsync(_folder.Path, "--no-store")).Output, Does.Not.Contain("STILL"));
    }

    [Test]
    public async Task StoreThatCannotBeWritten_IsToldAndChangesNoVerdict()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + Awake);
        await File.WriteAllTextAsync(Store, "a file of this name");
        Result result = await ProveAsync(_folder.Path);
        Assert.That(result.Exit, Is.EqualTo(1));
        Assert.That(result.Output, Does.Contain("BROKEN    awake"));
        Assert.That(result.Error, Does.Contain("default: what breaks awake is not kept for the next time: "));
    }

    [Test]
    public async Task ExitCode_SaysWhetherItHeldWasBrokenOrWasWronglyAsked()
    {
        await File.WriteAllTextAsync(Rules, Sleepy + "property quiet = never resize\n");
        Assert.That((await ProveAsync(_folder.Path)).Exit, Is.Zero);
        Result nobody = await ProveAsync(_folder.Path, "--policy", "defualt");
        Assert.That((nobody.Exit, nobody.Error), Is.EqualTo((2, "--policy: there is no policy `defualt` (did you mean `default`?)" + Environment.NewLine)));
        Assert.That((await ProveAsync(_folder["nowhere"])).Exit, Is.EqualTo(2));
        foreach (string[] wrong in (string[][])[["--time", "0s"], ["--time", "8d"], ["--cases", "0"], ["--cases", "x"], ["--seed", "-1"]])
        {
            Assert.That((await Result.OfAsync(["rules", "prove", _folder.Path, .. wrong])).Exit, Is.EqualTo(2), string.Join(' ', wrong));
        }

        await File.WriteAllTextAsync(Rules, Sleepy + "property odd = never slep\n");
        Result broken = await ProveAsync(_folder.Path);
        Assert.That((broken.Exit, Directory.Exists(Store)), Is.EqualTo((1, false)));
        Assert.That(broken.Output, Does.Contain("the rules are wrong, and nothing was tried"));
    }

    [Test]
    public async Task Interrupted_TellsWhatWasFoundAndEndsWithinSeconds()
    {
        // One is broken at once, the other never, so that it goes on; what cannot be played is told when it begins.
        await File.WriteAllTextAsync(Rules, Sleepy + Awake + "property quiet = never resize\n");
        Directory.CreateDirectory(Store);
        await File.WriteAllTextAsync(Path.Combine(Store, "default@quiet.rules"), "policy default\n");
        await using var process = InterruptedProcess.Start("rules", "prove", _folder.Path, "--time", "1h", "--seed", "1");
        Assert.That(await process.Error.ReadLineAsync(), Does.Contain("cannot be played"));
        await process.WorkedAsync(TimeSpan.FromSeconds(5));
        (int exit, string output, string error) = await process.InterruptAsync(TimeSpan.FromSeconds(60));
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Does.Contain("BROKEN    awake").And.Contain("expect no suspend at ").And.Contain("held      quiet").And.Contain("rule sleep: determined"));
        Assert.That(error, Does.Contain("interrupted: what was found until then is above"));
        Assert.That(Names(), Does.Contain(Kept));
    }

    private static Task<Result> ProveAsync(params string[] arguments) => Result.OfAsync(["rules", "prove", .. arguments, "--cases", "64", "--seed", "1"]);

    /// <summary>The first block that was printed.</summary>
    private static string Block(string output)
    {
        int from = output.IndexOf("scenario \"", StringComparison.Ordinal);
        return output[from..(output.IndexOf("\n    }\n", from, StringComparison.Ordinal) + 7)];
    }

    private string Names() => Names(Store);

    private static string Names(string store) => Directory.Exists(store) ? string.Join(' ', Directory.GetFiles(store).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)) : "";
}
