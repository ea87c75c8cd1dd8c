using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Settings;

namespace Serverless.Tests.Integration.Control;

/// <summary>The log of inputs replays to the same decisions, whichever of its files one takes.</summary>
public sealed class AuditTests
{
    private const string Busy = """
        policy default
        unit cu = 500m cpu + 512MiB memory
        size 0.5cu .. 4cu step 0.5cu
        cooldown up 0s, down 0s, suspend 0s
        rule grow on running { when avg(cpu, 10s) > 75% for 200ms do resize up 50% }
        rule sleep on running { when idle >= 250ms do suspend }
        forbid suspend when threads.running > 100
        """;

    private string _home = null!;

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("serverless-audit-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task LogOfARun_ReplaysToTheSameDecisions()
    {
        string directory = await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 3);
        IReadOnlyList<string> files = AuditLog.AuditFiles(directory);
        Assert.That(files, Has.Count.EqualTo(1));
        AuditReplayResult replay = await AuditReplay.RunAsync(files[0], CancellationToken.None);
        Assert.That(replay.Differences, Is.Empty);
        Assert.That(replay.Inputs, Is.GreaterThan(10));
    }

    [Test]
    public async Task Replay_EndsInTheStateThatWasKept()
    {
        string directory = await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 2);
        AuditReplayResult replay = await AuditReplay.RunAsync(AuditLog.AuditFiles(directory)[0], CancellationToken.None);
        Assert.That(KernelJson.WriteState(replay.End!), Is.EqualTo(await File.ReadAllTextAsync(Path.Combine(_home, "data", "state.json"))));
    }

    [Test]
    public async Task FilesOfManyShortRuns_AreBoundedInNumber()
    {
        string directory = Directory.CreateDirectory(Path.Combine(_home, "data", "audit")).FullName;
        for (int number = 1; number <= 3 * AuditLog.MostFiles; number++)
        {
            await File.WriteAllTextAsync(Path.Combine(directory, $"{number:D8}.jsonl"), "{}\n");
        }

        await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 1);
        Assert.That(AuditLog.AuditFiles(directory), Has.Count.EqualTo(AuditLog.MostFiles));
    }

    [Test]
    public async Task DecisionThatWasChanged_IsFound()
    {
        string directory = await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 1);
        string file = AuditLog.AuditFiles(directory)[0];
        string text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace("\"phase\":\"draining\"", "\"phase\":\"running\"", StringComparison.Ordinal));
        Assert.That((await AuditReplay.RunAsync(file, CancellationToken.None)).Differences, Is.Not.Empty);
    }

    [Test]
    public async Task RulesThatChange_AreInTheLogAndReplay()
    {
        string file;
        await using (Rig rig = await Rig.StartAsync(home: _home))
        {
            rig.Change(Rig.Sleepy);
            await rig.PhaseIsAsync("suspended");
            file = rig.Audit;
        }

        file = AuditLog.AuditFiles(file)[0];
        Assert.That((await File.ReadAllLinesAsync(file)).Count(line => line.StartsWith("{\"rules\"", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That((await AuditReplay.RunAsync(file, CancellationToken.None)).Differences, Is.Empty);
    }

    [Test]
    public async Task EveryFile_ReplaysByItself_AndAllOfThemStayWithinTheBound()
    {
        // The smallest files there can be: each of a few lines, so that most begin in the middle of something.
        const long Bound = 64 << 10;
        string directory = await RunAsync(Busy, LimitSettings.Default with { AuditBytes = Bound }, cycles: 40);
        IReadOnlyList<string> files = AuditLog.AuditFiles(directory);
        Assert.That(files, Has.Count.GreaterThan(2));
        Assert.That(files.Sum(file => new FileInfo(file).Length), Is.LessThanOrEqualTo(Bound + (Bound / 4)));
        foreach (string file in files)
        {
            Assert.That((await AuditReplay.RunAsync(file, CancellationToken.None)).Differences, Is.Empty);
        }
    }

    [TestCase(null, 20_000)]
    [TestCase(45, 45_000)]
    public async Task Replay_KnowsHowRarelyTheComputeWasMeasured(int? seconds, long stale)
    {
        string directory = await RunAsync(Busy, LimitSettings.Default, cycles: 1, compute => compute.UsageStale = seconds is { } given ? TimeSpan.FromSeconds(given) : null);
        string file = AuditLog.AuditFiles(directory)[0];
        await foreach (AuditStep step in AuditReplay.StepsAsync(file, CancellationToken.None))
        {
            Assert.That(step.Policy.Metrics.Where(metric => metric.Class.IsSample).ToDictionary(metric => metric.Name, metric => metric.Stale), Is.EquivalentTo(new Dictionary<string, long>
            {
                ["cpu"] = stale, ["threads.running"] = 20_000,
            }));
        }

        Assert.That((await AuditReplay.RunAsync(file, CancellationToken.None)).Differences, Is.Empty);
    }

    [TestCase("1", true)]
    [TestCase("3", false)]
    [TestCase("\"two\"", false)]
    public async Task Version_ThatIsNotKnown_IsRefused(string version, bool known)
    {
        string directory = await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 1);
        string file = AuditLog.AuditFiles(directory)[0];
        string text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace("\"head\":{\"version\":2", $"\"head\":{{\"version\":{version}", StringComparison.Ordinal));
        if (known)
        {
            Assert.That((await AuditReplay.RunAsync(file, CancellationToken.None)).Differences, Is.Empty);
            return;
        }

        InvalidDataException? failure = await Assert.ThrowsAsync<InvalidDataException>(() => AuditReplay.RunAsync(file, CancellationToken.None));
        Assert.That(failure!.Message, Does.Contain($"expected a log of version 1 to 2, found version {version}"));
    }

    [Test]
    public async Task LastLineCutOff_IsWhereTheReplayEnds()
    {
        string directory = await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 1);
        string file = AuditLog.AuditFiles(directory)[0];
        string text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text[..^20]);
        Assert.That((await AuditReplay.RunAsync(file, CancellationToken.None)).Differences, Is.Empty);
    }

    [Test]
    public async Task LineThatIsGarbage_IsNamed()
    {
        string directory = await RunAsync(Rig.Sleepy, LimitSettings.Default, cycles: 1);
        string file = AuditLog.AuditFiles(directory)[0];
        string[] lines = await File.ReadAllLinesAsync(file);
        lines[3] = "garbage";
        await File.WriteAllLinesAsync(file, lines);
        InvalidDataException? failure = await Assert.ThrowsAsync<InvalidDataException>(() => AuditReplay.RunAsync(file, CancellationToken.None));
        Assert.That(failure!.Message, Does.Contain(":4:"));
    }

    [Test]
    public async Task QuietTicks_AreNotLogged()
    {
        string directory;
        await using (Rig rig = await Rig.StartAsync(home: _home))
        {
            await rig.CommandAsync(at => Inputs.Suspend(at, "test"));
            await rig.PhaseIsAsync("suspended");
            directory = rig.Audit;
            for (int i = 0; i < 1000; i++)
            {
                await rig.CommandAsync(Inputs.Tick);
            }
        }

        // whatever is written is so by now
        string last = (await File.ReadAllLinesAsync(AuditLog.AuditFiles(directory).Single()))[^1];
        Assert.That(last, Does.Contain("\"outcome\"").And.Contain("\"succeeded\""), "the end of the suspend, and nothing after it");
    }

    private async Task<string> RunAsync(string rules, LimitSettings limits, int cycles, Action<FakeCompute>? prepare = null)
    {
        void Prepare(Rig rig)
        {
            rig.Compute.Usage = new ComputeUsage(200, 300 << 20, 128 << 20, 64 << 20, new Dictionary<string, long>(StringComparer.Ordinal) { ["threads.running"] = 2000 });
            prepare?.Invoke(rig.Compute);
        }

        await using Rig rig = await Rig.StartAsync(rules, _home, limits: limits, prepare: Prepare);
        for (int i = 0; i < cycles; i++)
        {
            await rig.CommandAsync(at => Inputs.Suspend(at, "test"));
            await rig.PhaseIsAsync("suspended");
            long starts = rig.Database.Controller.Report!.Starts;
            rig.Gateway.HoldStatement();
            // not that it runs: by these rules it may sleep again before anybody looks
            await Rig.HoldsAsync(() => rig.Database.Controller.Report!.Starts > starts, () => $"it is started, and it is {rig.Phase}");
            rig.Gateway.RunStatement();
            await rig.CommandAsync(Inputs.Tick);
        }

        await rig.PhaseIsAsync("suspended");
        return rig.Audit;
    }
}
