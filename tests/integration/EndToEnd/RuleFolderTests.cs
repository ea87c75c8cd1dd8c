using System.Text.Json.Nodes;
using Serverless.Host.Control.Policies;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Rule files are swapped whole, or not at all.</summary>
[Category("EndToEnd")]
public sealed class RuleFolderTests
{
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

        Assert.That(RuleFolderNews.Period, Is.LessThanOrEqualTo(TimeSpan.FromSeconds(1)));
        gateway.WriteRules("more.rules", "rule grow on running { when avg(cpu, 1m) > 80% do resize up 0.5cu }\n");
        await Eventually.HoldsAsync(
            async () => (await gateway.StatusAsync())["policy"]!["error"] is null && (string?)(await gateway.StatusAsync())["policy"]!["revision"] != before,
            // two seconds are promised, of which the gateway takes one to look; the rest is the machine's
            TimeSpan.FromSeconds(20),
            async () => $"the mended set is in force; the status said {await gateway.StatusAsync()}");
    }
}
