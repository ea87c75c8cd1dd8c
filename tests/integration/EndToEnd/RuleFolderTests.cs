using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Rule files are swapped whole, or not at all.</summary>
[Category("EndToEnd")]
public sealed class RuleFolderTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    [Test]
    public async Task BrokenFile_ChangesNothingAndIsReported_MendedIsTakenWithinTwoSeconds()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync();
        string before = (string)(await gateway.StatusAsync())["policy"]!["revision"]!;
        gateway.WriteRules("more.rules", "rule broken on running { when cpuu > 80 do suspend }\n");
        await Eventually.HoldsAsync(
            async () => (await gateway.StatusAsync())["policy"]!["error"] is not null, TimeSpan.FromSeconds(20), () => Task.FromResult("the status reports the broken rule file"));
        JsonNode policy = (await gateway.StatusAsync())["policy"]!;
        Assert.That((string?)policy["revision"], Is.EqualTo(before));
        Assert.That((string?)policy["error"], Does.Contain("more.rules"));
        Assert.That(await gateway.Admin.GetStringAsync("/metrics"), Does.Match("(?m)^serverless_policy_error[^ ]* 1"));
        await gateway.WaitForOutputAsync("more.rules");

        // A machine that stands still for a moment makes one change late, and not each of them.
        TimeSpan quickest = TimeSpan.MaxValue;
        for (int change = 0; change < 3 && quickest > Promised; change++)
        {
            gateway.WriteRules("more.rules", $"rule grow on running {{ when avg(cpu, {change + 1}m) > 80% do resize up 0.5cu }}\n");
            long began = Stopwatch.GetTimestamp();
            await Eventually.HoldsAsync(
                async () => (await gateway.StatusAsync())["policy"]! is var now && now["error"] is null && (string?)now["revision"] != before,
                TimeSpan.FromSeconds(20),
                async () => $"the mended set is in force; the status said {await gateway.StatusAsync()}");
            quickest = Stopwatch.GetElapsedTime(began) is var took && took < quickest ? took : quickest;
            before = (string)(await gateway.StatusAsync())["policy"]!["revision"]!;
        }

        Assert.That(quickest, Is.LessThanOrEqualTo(Promised));
    }
}
