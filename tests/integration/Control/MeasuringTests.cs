using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Control.Policies;
using Serverless.Rules;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>Usage becomes the samples that the rules look at, and nothing else.</summary>
public sealed class MeasuringTests
{
    private static readonly ComputeSize Allocation = new(1000, 1 << 30);
    private static readonly Dictionary<string, long> NoSamples = new(StringComparer.Ordinal);

    [Test]
    public void Cpu_IsUsageOverAllocation() =>
        Assert.That(UsageMath.Cpu(new ComputeUsage(250, null, null, null, NoSamples), Allocation), Is.EqualTo(2500));

    [Test]
    public void Memory_LeavesTheBufferPoolOutOnBothSides()
    {
        // 1 GiB with a pool of 512 MiB leaves 512 MiB; 300 MiB are resident, 172 of them in the pool
        var usage = new ComputeUsage(null, 300L << 20, 512L << 20, 172L << 20, NoSamples);
        Assert.That(UsageMath.Memory(usage, Allocation), Is.EqualTo(2500));
    }

    [Test]
    public void FullPool_IsNoPressure()
    {
        var usage = new ComputeUsage(null, 560L << 20, 512L << 20, 512L << 20, NoSamples);
        Assert.That(UsageMath.Memory(usage, Allocation), Is.LessThan(1000));
    }

    [Test]
    public void MissingFigures_StayMissing()
    {
        var usage = new ComputeUsage(null, null, 512L << 20, null, NoSamples);
        Assert.Multiple(() =>
        {
            Assert.That(UsageMath.Cpu(usage, Allocation), Is.Null);
            Assert.That(UsageMath.Memory(usage, Allocation), Is.Null);
            Assert.That(UsageMath.Unreclaimable(usage), Is.Null);
            Assert.That(UsageMath.Sample("replica.lag", usage, Allocation), Is.Null);
        });
    }

    [Test]
    public void Sizes_ComeBackAsTheyWent()
    {
        var unit = new ComputeUnit(500, 2L << 30);
        foreach (long size in new long[] { 500, 1000, 2500, 16_000 })
        {
            Assert.That(Sizes.FromMachine(Sizes.ToMachine(size, unit), unit), Is.EqualTo(size));
        }
    }

    [Test]
    public void PolicyMetrics_AreThoseThatARuleLooksAt()
    {
        Policy policy = Compile("""
            rule a on running { when avg(cpu, 1m) > 75% until avg(memory, 1m) < 10% do resize up 1cu }
            rule b on running { when idle >= 5m and not threads.running > 3 for 10s do suspend }
            forbid suspend when backup
            metric backup : flag every 15s stale 60s from sql "SELECT 1"
            """);
        Assert.That(PolicyMetrics.Sampled(policy).Select(metric => metric.Name), Is.EquivalentTo(new[] { "cpu", "memory", "threads.running", "backup" }));
    }

    [Test]
    public async Task UsageMeter_GivesOnlyWhatTheRulesLookAt()
    {
        var compute = new FakeCompute(new CallLog())
        {
            Usage = new ComputeUsage(500, 300L << 20, 512L << 20, 172L << 20, new Dictionary<string, long>(StringComparer.Ordinal) { ["threads.running"] = 3000 }),
        };
        List<Event> events = await MeasureAsync(new UsageMeter(compute, TimeProvider.System), Backups);
        Assert.That(events.OfType<Event.Measured>().Select(one => (one.metric, one.value)), Is.EqualTo(new[] { ("cpu", 5000L) }));
        Assert.That(events.Count(one => one.IsUnreclaimable), Is.EqualTo(1));
    }

    /// <summary>A clock that moves on within a look does not part what is due together.</summary>
    [Test]
    public async Task UsageMeter_TellsWhatIsDueTogetherInOneInput()
    {
        var compute = new FakeCompute(new CallLog()) { Usage = new ComputeUsage(500, 300L << 20, 512L << 20, 172L << 20, NoSamples) };
        Policy policy = Compile("rule grow on running { when cpu > 75% and memory < 10% do resize up 1cu }");
        var time = new ManualTime { StepOnRead = TimeSpan.FromMilliseconds(1) };
        var meter = new UsageMeter(compute, time);
        for (int look = 0; look < 10; look++)
        {
            List<Event> events = await MeasureAsync(meter, policy);
            Assert.That(events.OfType<Event.MeasuredTogether>().Single().Item.Select(one => (one.Item1, one.Item2)), Is.EqualTo(new[] { ("cpu", 5000L), ("memory", 2500L) }));
            time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    [Test]
    public async Task Meter_MeasuresEachMetricAtItsPeriod([Values] bool users)
    {
        var compute = new FakeCompute(new CallLog()) { Usage = new ComputeUsage(500, null, null, null, NoSamples), Answer = "1" };
        var time = new ManualTime();
        IMeter meter = users ? new UserMeter("test", compute, time, NullLogger.Instance) : new UsageMeter(compute, time);
        Assert.That(await MeasureAsync(meter, Backups), Is.Not.Empty);
        Assert.That(await MeasureAsync(meter, Backups), Is.Empty);
        Assert.That(meter.Wait(meter.Choose(PolicyMetrics.Sampled(Backups))), Is.InRange(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(5)));
        meter.Restart();
        Assert.That(await MeasureAsync(meter, Backups), Is.Not.Empty);
    }

    [Test]
    public async Task UserMeter_TellsOnceWhyThereIsNoSample_AndWhenThereIsOneAgain()
    {
        var compute = new FakeCompute(new CallLog());
        var log = new RecordingLogger();
        var meter = new UserMeter("test", compute, TimeProvider.System, log);
        foreach ((string? answer, string? trouble) in new[]
        {
            ("1", null), (null, "the table is gone"), (null, "the table is gone"), ("maybe", "a flag expected, `maybe` found"), ("0", null),
        })
        {
            compute.Answer = answer;
            meter.Restart();
            List<Event> events = await MeasureAsync(meter, Backups);
            Assert.That(events, Has.Count.EqualTo(trouble is null ? 1 : 0));
            Assert.That(meter.Readings.Single(), Has.Property("Name").EqualTo("backup").And.Property("Trouble").EqualTo(trouble).And.Property("Value").EqualTo(answer));
        }

        Assert.That(log.Messages, Is.EqualTo(new[]
        {
            "test: metric backup has no sample: the table is gone; it is asked on, and this is said again when it changes",
            "test: metric backup has no sample: a flag expected, `maybe` found; it is asked on, and this is said again when it changes",
            "test: metric backup has a sample again",
        }));
        Assert.That(await MeasureAsync(meter, Compile("rule a on running { when idle > 5m do suspend }")), Is.Empty);
        Assert.That(meter.Readings, Is.Empty, "the policy has it no more");
    }

    /// <summary>As from a Metrics Server: a sample every 15 s, one of which is missed, and a look every five seconds for whether there is a new one.</summary>
    [Test]
    public async Task Samples_ThatComeEvery15Seconds_MakeAWindowWithoutAGap()
    {
        Policy policy = Compile("cooldown up 1s, down 1s, suspend 0s\nrule grow on running { when avg(cpu, 1m) > 75% for 100s do resize up 1cu }", usageStaleMs: 45_000);
        var time = new ManualTime();
        var compute = new FakeCompute(new CallLog());
        var meter = new UsageMeter(compute, time);
        long At() => time.GetUtcNow().ToUnixTimeMilliseconds();
        Core.State state = Kernel.Initial(policy, At());
        (state, _) = Kernel.Step(policy, state, Inputs.Serves(At(), 500));
        int? grown = null;
        for (int beat = 0; beat < 30 && grown is null; beat++)
        {
            compute.Usage = new ComputeUsage(beat % 3 == 0 && beat != 12 ? 900 : null, null, null, null, NoSamples);
            foreach (Event told in await MeasureAsync(meter, policy))
            {
                (state, _) = Kernel.Step(policy, state, new Input(At(), told));
            }

            (state, Decision decision) = Kernel.Step(policy, state, Inputs.Tick(At()));
            if (decision.Effect.IsSome) grown = beat;
            time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.That(grown, Is.InRange(23, 24), "100 s after the window was filled by 15 s: what is true for so long was never unknown");
    }

    [TestCase("flag", "1", 1)]
    [TestCase("flag", "OFF", 0)]
    [TestCase("flag", "maybe", null)]
    [TestCase("percent", "12.5", 1250)]
    [TestCase("count", "3", 3000)]
    [TestCase("bytes", "4096", 4096)]
    [TestCase("duration", "1.5", 1500)]
    [TestCase("count", "many", null)]
    [TestCase("count", "1e40", null)]
    public void Answer_IsTakenInTheScaleOfItsType(string type, string answer, long? expected)
    {
        Core.ValueType kind = type switch
        {
            "flag" => Core.ValueType.Flag,
            "percent" => Core.ValueType.Percent,
            "count" => Core.ValueType.Count,
            "bytes" => Core.ValueType.Bytes,
            _ => Core.ValueType.Duration,
        };
        Assert.That(SampleText.Parse(kind, answer), Is.EqualTo(expected));
    }

    private static Policy Backups => Compile("""
        rule a on running { when avg(cpu, 1m) > 75% do resize up 1cu }
        forbid suspend when backup
        metric backup : flag every 15s stale 60s from sql "SELECT 1"
        """);

    private static async Task<List<Event>> MeasureAsync(IMeter meter, Policy policy)
    {
        var events = new List<Event>();
        await meter.MeasureAsync(meter.Choose(PolicyMetrics.Sampled(policy)), Allocation, events.AddRange, () => true, CancellationToken.None);
        return events;
    }

    private static Policy Compile(string rules, long? usageStaleMs = null)
    {
        string text = $"policy default\nunit cu = 500m cpu + 512MiB memory\nsize 0.5cu .. 4cu step 0.5cu\n{rules}\n";
        (PolicySource? source, _, string report) = PolicySource.Compile([new RuleFile("t.rules", text)], name: null, usageStaleMs, out _);
        return source?.Policy ?? throw new InvalidOperationException(report);
    }
}
