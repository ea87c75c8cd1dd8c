namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>The real gateway, told by SQL what an operator tells it by its commands.</summary>
[Category("EndToEnd")]
[CancelAfter(120_000)]
public sealed class OperatorBySqlTests
{
    [Test]
    public async Task SuspendResizeAndResume_BySql_ComeAboutAndAreToldOf()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync("""
            policy default
            unit cu = 500m cpu + 1GiB memory
            size 0.5cu .. 4cu step 0.5cu
            rule sleep on running { when idle >= 1h do suspend }
            """);
        Assert.That(await AskAsync(gateway, "SERVERLESS RESIZE TO 2cu"), Does.StartWith("default\t"));
        await Eventually.HoldsAsync(async () => (await StatusAsync(gateway)).Contains("size\t2cu\n", StringComparison.Ordinal), TimeSpan.FromSeconds(20), () => StatusAsync(gateway));
        await AskAsync(gateway, "SERVERLESS SUSPEND");
        await Eventually.HoldsAsync(async () => (await StatusAsync(gateway)).Contains("phase\tsuspended\n", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => StatusAsync(gateway));
        Assert.That(gateway.Engines(), Is.Empty);
        await AskAsync(gateway, "SERVERLESS RESUME AT 1cu");
        await Eventually.HoldsAsync(async () => (await StatusAsync(gateway)).Contains("phase\trunning\n", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => StatusAsync(gateway));
        Assert.That(await StatusAsync(gateway), Does.Contain("size\t1cu\n"));
        string decisions = await AskAsync(gateway, "SHOW SERVERLESS DECISIONS");
        Assert.That(decisions, Does.Contain("\tresize 2cu\t").And.Contain("\tsuspend\t").And.Contain("\tresume 1cu\t").And.Contain("by SQL"));
        Assert.That(await AskAsync(gateway, "SELECT 6 * 7"), Is.EqualTo("42\n"));
    }

    private static Task<string> StatusAsync(GatewayProcess gateway) => AskAsync(gateway, "SHOW SERVERLESS STATUS");

    private static async Task<string> AskAsync(GatewayProcess gateway, string sql)
    {
        using ClientProcess client = ClientProcess.MariaDb(gateway, "-N", "-e", sql);
        var (exit, output, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors);
        return output;
    }
}
