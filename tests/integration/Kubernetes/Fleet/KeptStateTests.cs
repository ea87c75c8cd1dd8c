using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Core;
using Serverless.Host.Control;
using Serverless.Tests.Integration.Control;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>What an operator was told is so stays so: it is kept as soon as that can be done, and nothing older than it counts.</summary>
internal sealed class KeptStateTests
{
    [Test]
    public async Task Pause_ThatCouldNotBeKept_IsKeptLater_ThoughNothingElseHappens()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        using var home = new TemporaryDirectory();
        await using LedDatabase led = await LedDatabase.StartAsync(rig, "a", home);
        await led.UntilAsync(() => led.Leads && led.Kept is not null);
        int refused = 0;
        rig.Refuses = async context =>
        {
            if (!LedDatabase.Writes(context)) return false;
            Interlocked.Increment(ref refused);
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "not now");
            return true;
        };
        await led.PauseAsync();
        await led.UntilAsync(() => refused >= 2);
        Assert.That((led.IsPaused, led.IsKeptPaused), Is.EqualTo((true, false)));
        rig.Refuses = _ => Task.FromResult(false);
        await led.UntilAsync(() => led.IsKeptPaused);
    }

    /// <summary>What it kept itself is older than what it was told since.</summary>
    [Test]
    public async Task Pause_ThatCouldNotBeKept_Stands_WhenTheLeadIsLostAndNobodyElseHasIt()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        using var home = new TemporaryDirectory();
        await using LedDatabase led = await LedDatabase.StartAsync(rig, "a", home);
        await led.UntilAsync(() => led.Leads && led.Kept is not null && led.HasHeard);
        rig.CutOff("a");
        await led.PauseAsync();
        await led.UntilAsync(() => !led.Leads);
        await Task.Delay(500);
        Assert.That((led.IsPaused, led.IsKeptPaused), Is.EqualTo((true, false)));
        rig.Mend("a");
        await led.UntilAsync(() => led.Leads && led.IsKeptPaused);
        Assert.That(led.IsPaused);
    }

    [Test]
    public async Task Pause_AtAnotherGatewayThatLeads_HoldsHere_AndIsHandedOver()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        using TemporaryDirectory home = new(), homeOfOther = new();
        LedDatabase a = await LedDatabase.StartAsync(rig, "a", home);
        await using LedDatabase b = await FollowingAsync(rig, a, homeOfOther);
        await a.PauseAsync();
        await b.UntilAsync(() => b.IsPaused);
        await a.DisposeAsync();
        await b.UntilAsync(() => b.Leads);
        Assert.That((b.IsPaused, b.IsKeptPaused), Is.EqualTo((true, true)));
    }

    /// <summary>A gateway that was alone is begun again as one of several, and then again.</summary>
    [Test]
    public async Task State_FromWhenAGatewayWasAlone_IsTakenOnce()
    {
        using var home = new TemporaryDirectory();
        await using (Rig alone = await Rig.StartAsync(home: home.Path))
        {
            await alone.CommandAsync(at => Inputs.Pause(at, "test"));
        }

        string file = Path.Combine(home.Path, "data", "state.json");
        Assert.That(File.Exists(file));
        await using FleetRig rig = await FleetRig.StartAsync();
        await using (LedDatabase led = await LedDatabase.StartAsync(rig, "a", home))
        {
            Assert.That(led.IsPaused);
            await led.UntilAsync(() => led.IsKeptPaused && !File.Exists(file));
            await led.Database.Controller.TellAsync(at => Inputs.Unpause(at, "test"));
            await led.UntilAsync(() => !led.IsKeptPaused);
        }

        await File.WriteAllTextAsync(file, "what was kept by an older version meanwhile");
        await using LedDatabase again = await LedDatabase.StartAsync(rig, "a", home);
        Assert.That((again.IsPaused, File.Exists(file)), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task State_IsOfferedOnce_AndTriedUntilItIsKept_AndNotWrittenAgainAfterwards()
    {
        await using Rig rig = await Rig.StartAsync();
        var store = new BalkingStore();
        var keeper = new StateKeeper(store, new HastyTime(50), NullLogger<StateKeeper>.Instance);
        using var end = new CancellationTokenSource();
        Task run = keeper.RunAsync(end.Token);
        keeper.Offer(rig.Database.Controller.Report!.State, urgent: true, "1 here");
        await DoubleRig.UntilAsync(() => store.Kept is not null, () => $"{store.Attempts} attempts");
        await Task.Delay(100);
        Assert.That((store.Attempts, store.Term), Is.EqualTo((BalkingStore.Failures + 1, "1 here")));
        keeper.Offer(rig.Database.Controller.Report!.State, urgent: true, "2 here");
        await DoubleRig.UntilAsync(() => store.Term == "2 here", () => "the next leader finds in which term it is so");
        await end.CancelAsync();
        await Assert.ThatAsync(() => run, Throws.InstanceOf<OperationCanceledException>());
    }

    private static async Task<LedDatabase> FollowingAsync(FleetRig rig, LedDatabase leader, TemporaryDirectory home)
    {
        await leader.UntilAsync(() => leader.Leads && leader.Kept is not null);
        LedDatabase other = await LedDatabase.StartAsync(rig, "b", home);
        await other.UntilAsync(() => other.HasHeard && other.Database.Controller.WhyNotLeading?.Contains("gateway a leads", StringComparison.Ordinal) == true);
        return other;
    }

    /// <summary>Fails, says that another leads, fails, and does as it is told from then on.</summary>
    private sealed class BalkingStore : IStateStore
    {
        public const int Failures = 3;

        public string Place => "here";

        public TimeSpan Lazily { get; } = TimeSpan.FromHours(1);

        public int Attempts { get; private set; }

        public string? Kept { get; private set; }

        public string? Term { get; private set; }

        public Task<string?> ReadAsync(CancellationToken cancellation) => Task.FromResult<string?>(null);

        public Task<bool> WriteAsync(string state, string? term, CancellationToken cancellation)
        {
            if (++Attempts <= Failures) return Attempts == 2 ? Task.FromResult(false) : throw new IOException("the disk is full");
            (Kept, Term) = (state, term);
            return Task.FromResult(true);
        }
    }
}
