using Serverless.Host.Control.Fleet;
using Serverless.Host.Gateway;
using Serverless.Tests.Integration.Authentication.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>Counts of other gateways, which are heard of in lumps, as a rate is reckoned by them.</summary>
internal sealed class EvenFlowTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void LumpsOfABusyGateway_FlowEvenly()
    {
        var flow = new EvenFlow(TimeSpan.FromSeconds(5), _time);
        List<long> told = [];
        for (int second = 0; second <= 20; second++)
        {
            long lumps = second / 5;
            told.Add(flow.Follow(Counted(lumps * 500), isBusy: true).Statements);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(told.Zip(told.Skip(1), (before, after) => after - before).Skip(5), Is.All.EqualTo(100));
    }

    /// <summary>Whoever asks more often makes no more of them.</summary>
    [Test]
    public void Statements_AreWhole_AndTheFirstFlowsAtOnce()
    {
        var flow = new EvenFlow(TimeSpan.FromSeconds(5), _time);
        flow.Follow(Counted(2), isBusy: true);
        List<long> told = [];
        for (int look = 0; look < 50; look++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            told.Add(flow.Follow(Counted(2), isBusy: true).Statements);
        }

        Assert.That(told, Is.EqualTo(Enumerable.Repeat(1L, 25).Concat(Enumerable.Repeat(2L, 25))));
        Assert.That(flow.Follow(Counted(2), isBusy: true), Is.EqualTo(Counted(2)));
    }

    [Test]
    public void OneThatIsNotBusy_IsToldOfAtOnce()
    {
        var flow = new EvenFlow(TimeSpan.FromSeconds(5), _time);
        Assert.That(flow.Follow(Counted(3), isBusy: false), Is.EqualTo(Counted(3)));
        flow.Follow(Counted(500), isBusy: true);
        _time.Advance(TimeSpan.FromSeconds(1));
        StatementFlow part = flow.Follow(Counted(500), isBusy: true);
        Assert.That(part.Statements, Is.InRange(100, 105));
        Assert.That(part.Latency, Is.EqualTo(Counted(part.Statements).Latency).Within(TimeSpan.FromTicks(10)));
        Assert.That(flow.Follow(Counted(501), isBusy: false), Is.EqualTo(Counted(501)));
    }

    /// <summary>A statement takes 4 ms.</summary>
    private static StatementFlow Counted(long statements) => new(statements, TimeSpan.FromMilliseconds(4 * statements));
}
