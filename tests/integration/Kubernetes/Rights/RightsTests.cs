namespace Serverless.Tests.Integration.Kubernetes.Rights;

/// <summary>The shipped rights on a real API server: all that a gateway does is done with them, and none of them can be missing without being named.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RightsTests
{
    /// <summary>So many at a time: they mostly wait.</summary>
    private const int Abreast = 4;

    private static readonly string[] AllUses = ["open and start", "resize", "usage", "events", "agree on a suspend", "keep the state", "share accounts"];

    /// <summary>Each right missing once, all of them begun when the first is asked for.</summary>
    private static readonly Lazy<IReadOnlyDictionary<Right, Task<RightsUse>>> Missing = new(() =>
    {
        var turn = new SemaphoreSlim(Abreast);
        return Right.Shipped.ToDictionary(right => right, async right =>
        {
            await turn.WaitAsync();
            try
            {
                return await RightsUse.RunAsync(await LabCluster.RequireAsync(), [.. Right.Shipped.Where(one => one != right)], right.Demand(RightsUse.Space));
            }
            finally
            {
                turn.Release();
            }
        });
    });

    public static IEnumerable<TestCaseData> Cases => Right.Shipped.Select(right => new TestCaseData(right).SetArgDisplayNames($"{right}"));

    [Test]
    public async Task Gateway_WithTheShippedRights_IsRefusedNothing()
    {
        RightsUse use = await RightsUse.RunAsync(await LabCluster.RequireAsync(), Right.Shipped, until: null);
        Assert.That(use.Done, Is.EquivalentTo(AllUses), string.Join('\n', use.Said));
        Assert.That(use.Said, Has.None.Contains("Allow this account").And.None.Contains("answered 403"));
    }

    /// <summary>One that nothing needs fails here too: nobody asks for it.</summary>
    [TestCaseSource(nameof(Cases))]
    public async Task Gateway_WithoutARight_SaysWhichOneIsMissing(Right right)
    {
        await LabCluster.RequireAsync();
        RightsUse use = await Missing.Value[right];
        Assert.That(use.Said, Has.Some.Contains(right.Demand(RightsUse.Space)), string.Join('\n', use.Said));
        Assert.That(use.Said.Where(one => one.Contains("Allow this account", StringComparison.Ordinal)), Has.All.Contains(right.Demand(RightsUse.Space)), "and no other");
    }
}
