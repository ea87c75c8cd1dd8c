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
    public void AWeekOfTheOffice_CostsHalfOfAlwaysOnAtMost()
    {
        Prediction it = s_lab.Simulate(s_lab.Model("office", days: 7, peakCores: 2, seed: 1));
        Assert.That(it.UnitHours, Is.LessThan(4 * 24 * 7 / 2));
        Assert.That(it.Waits.P99, Is.LessThan(1_000));
    }
}
