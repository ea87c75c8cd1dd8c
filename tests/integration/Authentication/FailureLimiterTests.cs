using System.Net;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Tests.Integration.Authentication.Support;

namespace Serverless.Tests.Integration.Authentication;

public sealed class FailureLimiterTests
{
    private static readonly IPAddress Attacker = IPAddress.Parse("10.0.0.1");
    private static readonly FailureLimits Limits = new(2, Seconds(1), Seconds(8), Seconds(20), Seconds(600), 64);

    [Test]
    public void Failed_AgainAndAgain_DoublesTheDelayUpToItsBound()
    {
        var limiter = new FailureLimiter(new ManualTime(), Limits);
        var delays = Enumerable.Range(0, 8).Select(_ => limiter.Failed(Attacker, user: null).TotalSeconds);
        Assert.That(delays, Is.EqualTo(new[] { 0, 0, 1, 2, 4, 8, 8, 8 }));
    }

    [Test]
    public void Failed_OneAfterTheOther_NeverRefusesTheAddress()
    {
        var time = new ManualTime();
        var limiter = new FailureLimiter(time, Limits);
        for (var i = 0; i < 100; i++)
        {
            time.Advance(limiter.Failed(Attacker, user: null));
            Assert.That(limiter.RefusedFor(Attacker), Is.EqualTo(TimeSpan.Zero));
        }
    }

    [Test]
    public void Failed_ManyAtOnce_RefusesTheAddressUntilTheDebtIsPaid()
    {
        var time = new ManualTime();
        var limiter = new FailureLimiter(time, Limits);
        for (var i = 0; i < 7; i++) limiter.Failed(Attacker, user: null);
        Assert.That(limiter.RefusedFor(Attacker), Is.EqualTo(Seconds(3)));
        time.Advance(Seconds(3));
        Assert.That(limiter.RefusedFor(Attacker), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void WallClockSetBack_DoesNotRefuseForLonger()
    {
        var time = new ManualTime();
        var limiter = new FailureLimiter(time, Limits);
        for (var i = 0; i < 7; i++) limiter.Failed(Attacker, user: null);
        time.SetWallClock(Seconds(-3600));
        time.Advance(Seconds(3));
        Assert.That(limiter.RefusedFor(Attacker), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Failed_OneAddress_LeavesOthersAlone()
    {
        var limiter = new FailureLimiter(new ManualTime(), Limits);
        for (var i = 0; i < 100; i++) limiter.Failed(Attacker, user: null);
        var other = IPAddress.Parse("10.0.0.2");
        Assert.That(limiter.RefusedFor(other), Is.EqualTo(TimeSpan.Zero));
        Assert.That(limiter.Failed(other, user: null), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Failed_LongAgo_IsForgotten()
    {
        var time = new ManualTime();
        var limiter = new FailureLimiter(time, Limits);
        for (var i = 0; i < 10; i++) limiter.Failed(Attacker, user: null);
        time.Advance(Seconds(700));
        Assert.That(limiter.Failed(Attacker, user: null), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Failed_ManyAddresses_KeepsTheTableBounded()
    {
        var limiter = new FailureLimiter(new ManualTime(), Limits);
        for (var i = 0; i < 10_000; i++) limiter.Failed(new IPAddress(i), user: null);
        Assert.That(limiter.Count, Is.LessThanOrEqualTo(Limits.LargestTable));
    }

    [Test]
    public void Failed_AddressesOfOneIPv6Network_CountAsOne()
    {
        var limiter = new FailureLimiter(new ManualTime(), Limits);
        for (var i = 0; i < 100; i++) limiter.Failed(IPAddress.Parse($"2001:db8::{i:x}"), user: null);
        Assert.That(limiter.RefusedFor(IPAddress.Parse("2001:db8::ffff")), Is.GreaterThan(TimeSpan.Zero));
        Assert.That(limiter.RefusedFor(IPAddress.Parse("2001:db8:1::1")), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Failed_OneUserFromManyAddresses_IsDelayedAndNobodyIsRefused()
    {
        var limiter = new FailureLimiter(new ManualTime(), Limits);
        var delays = Enumerable.Range(1, 8).Select(last => limiter.Failed(new IPAddress([10, 0, 1, (byte)last]), "root").TotalSeconds);
        Assert.That(delays, Is.EqualTo(new[] { 0, 0, 1, 2, 4, 8, 8, 8 }));
        Assert.That(limiter.Failed(IPAddress.Parse("10.0.2.1"), "app"), Is.EqualTo(TimeSpan.Zero), "another user");
        Assert.That(limiter.RefusedFor(new IPAddress([10, 0, 1, 1])), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Failed_ManyUsers_KeepsTheTableBounded()
    {
        var limiter = new FailureLimiter(new ManualTime(), Limits);
        for (var i = 0; i < 10_000; i++) limiter.Failed(Attacker, $"user {i}");
        Assert.That(limiter.Count, Is.LessThanOrEqualTo(1 + Limits.LargestTable));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
