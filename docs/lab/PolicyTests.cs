using NUnit.Framework;
using Serverless.Rules;

namespace MyTeam.Tests;

public sealed class PolicyTests
{
    /// <summary>The folder of the rules, which is copied beside the tests.</summary>
    private static readonly PolicyLab s_lab = PolicyLab.Open(Path.Combine(TestContext.CurrentContext.TestDirectory, "rules"), "default");

    [Test]
    public void TheCheckerHasNothingToSay() => Assert.That(s_lab.Warnings, Is.Empty);

    [Test]
    public void NoLifeThatIsDrawnBreaksAProperty()
    {
        foreach (ProveResult result in s_lab.Prove(cases: 64, seed: 1).Results)
        {
            Assert.That(result.Example, Is.Null, result.Example?.Scenario);
        }
    }

    [Test]
    public void NoLifeHasTwoSuspendsWithinAMinute()
    {
        CounterExample? found = s_lab.Attack(cases: 64, seed: 1, life =>
        {
            long[] suspends = [.. life.Actions.Where(action => action.Kind.IsSuspendAction).Select(action => action.At)];
            return !life.SetsClock && suspends.Zip(suspends.Skip(1), (one, next) => next - one).Any(between => between < 60_000) ? "it is suspended twice within a minute" : null;
        });
        Assert.That(found, Is.Null, found?.Scenario);
    }

    [Test]
    public void AWeekOfTheOffice_CostsHalfOfAlwaysOnAtMost()
    {
        Prediction it = s_lab.Simulate(s_lab.Model("office", days: 7, peakCores: 2, seed: 1));
        Assert.That(it.UnitHours, Is.LessThan(4 * 24 * 7 / 2));
        Assert.That(it.Waits.P99, Is.LessThan(1_000));
    }
}
