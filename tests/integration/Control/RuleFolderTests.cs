using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Control.Policies;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>A watched folder of rules: taken whole or not at all.</summary>
public sealed class RuleFolderTests
{
    private const string Good = """
        policy default
        unit cu = 500m cpu + 512MiB memory
        size 0.5cu .. 4cu step 0.5cu
        rule sleep on running { when idle >= 5m do suspend }
        """;

    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("serverless-rules-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task BrokenFile_ChangesNothingAndIsNamed_MendedIsTaken()
    {
        Write("a.rules", Good);
        await using var watched = await Watched.BeginAsync(_folder);
        Write("b.rules", "rule grow on running { when cpuu > 80% do resize up 1cu }\n");
        await Rig.HoldsAsync(() => watched.Error is not null, () => "an error");
        Assert.That(watched.Error, Does.Contain("b.rules").And.Contain("cpuu"));
        Assert.That(watched.Taken, Is.Empty);
        Write("b.rules", "rule grow on running { when avg(cpu, 1m) > 80% do resize up 1cu }\n");
        await Rig.HoldsAsync(() => watched.Taken.Count == 1, () => "the mended set");
        Assert.That(watched.Error, Is.Null);
    }

    [Test]
    public async Task FilesThatGo_AreAnErrorAndTheLastPolicyStays()
    {
        Write("a.rules", Good);
        await using var watched = await Watched.BeginAsync(_folder);
        File.Delete(Path.Combine(_folder, "a.rules"));
        await Rig.HoldsAsync(() => watched.Error is not null, () => "an error");
        Assert.That(watched.Error, Does.Contain(_folder));
        Assert.That(watched.Taken, Is.Empty);
    }

    [Test]
    public async Task ConfigMapMount_IsTakenWhenItsLinkIsSwapped()
    {
        // As the kubelet does it: files link to ..data/…, ..data links to a folder of the time, and is replaced by a rename.
        string first = Directory.CreateDirectory(Path.Combine(_folder, "..2026_1")).FullName;
        await File.WriteAllTextAsync(Path.Combine(first, "a.rules"), Good);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "..data"), "..2026_1");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.rules"), "..data/a.rules");
        await using var watched = await Watched.BeginAsync(_folder);

        string second = Directory.CreateDirectory(Path.Combine(_folder, "..2026_2")).FullName;
        await File.WriteAllTextAsync(Path.Combine(second, "a.rules"), Good.Replace("5m", "7m", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(Path.Combine(second, "a.rules"), File.GetLastWriteTimeUtc(Path.Combine(first, "a.rules")));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "..data_tmp"), "..2026_2");
        Directory.Move(Path.Combine(_folder, "..data"), Path.Combine(_folder, "..gone"));
        Directory.Move(Path.Combine(_folder, "..data_tmp"), Path.Combine(_folder, "..data"));
        await Rig.HoldsAsync(() => watched.Taken.Count == 1, () => $"the new set; the error is {watched.Error}");
    }

    [Test]
    public void FolderThatIsNotThere_IsNamed()
    {
        var watch = new RuleFolderWatch(new RuleFolder(Path.Combine(_folder, "none")), policyName: null, usageStaleMs: null, TimeProvider.System, NullLogger<RuleFolderWatch>.Instance);
        Assert.That(async () => await watch.LoadAsync(CancellationToken.None), Throws.TypeOf<RuleFolderException>().With.Message.Contains(Path.Combine(_folder, "none")));
    }

    [Test]
    public void PolicyThatIsNotThere_IsNamedWithThoseThatAre()
    {
        Write("a.rules", Good);
        var watch = new RuleFolderWatch(new RuleFolder(_folder), "other", usageStaleMs: null, TimeProvider.System, NullLogger<RuleFolderWatch>.Instance);
        Assert.That(async () => await watch.LoadAsync(CancellationToken.None), Throws.TypeOf<RuleFolderException>().With.Message.Contains("`other`").And.Message.Contains("`default`"));
    }

    private void Write(string name, string text) => Replaced.Write(Path.Combine(_folder, name), text);

    private sealed class Watched : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly RuleFolderWatch _watch;
        private readonly List<PolicySource> _taken = [];
        private Task _running = Task.CompletedTask;

        private Watched(RuleFolderWatch watch) => _watch = watch;

        public string? Error => _watch.Error;

        public IReadOnlyList<PolicySource> Taken
        {
            get
            {
                lock (_taken)
                {
                    return [.. _taken];
                }
            }
        }

        public static async Task<Watched> BeginAsync(string folder)
        {
            var watch = new RuleFolderWatch(new RuleFolder(folder), policyName: null, usageStaleMs: null, TimeProvider.System, NullLogger<RuleFolderWatch>.Instance);
            await watch.LoadAsync(CancellationToken.None);
            var watched = new Watched(watch);
            watched._running = watch.RunAsync(watched.Take, watched._end.Token);
            return watched;
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            try
            {
                await _running;
            }
            catch (OperationCanceledException)
            {
                // that is how it ends
            }

            _end.Dispose();
        }

        private void Take(PolicySource source)
        {
            lock (_taken)
            {
                _taken.Add(source);
            }
        }
    }
}
