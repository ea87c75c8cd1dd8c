using System.Text.Json.Nodes;

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
        string file = Path.Combine(gateway.Rules, "more.rules");
        await File.WriteAllTextAsync(file, "rule broken on running { when cpuu > 80 do suspend }\n");
        await Eventually.HoldsAsync(
            async () => (await gateway.StatusAsync())["policy"]!["error"] is not null, TimeSpan.FromSeconds(5), () => Task.FromResult("the status reports the broken rule file"));
        JsonNode policy = (await gateway.StatusAsync())["policy"]!;
        Assert.That((string?)policy["revision"], Is.EqualTo(before));
        Assert.That((string?)policy["error"], Does.Contain("more.rules"));
        Assert.That(await gateway.Admin.GetStringAsync("/metrics"), Does.Match("(?m)^serverless_policy_error[^ ]* 1"));
        Assert.That(gateway.Output, Has.Some.Contains("more.rules"), "the log");

        await File.WriteAllTextAsync(file, "rule grow on running { when avg(cpu, 1m) > 80% do resize up 0.5cu }\n");
        await Eventually.HoldsAsync(
            async () => (await gateway.StatusAsync())["policy"]!["error"] is null && (string?)(await gateway.StatusAsync())["policy"]!["revision"] != before,
            TimeSpan.FromSeconds(2),
            async () => $"the mended set is in force; the status said {await gateway.StatusAsync()}");
    }
}
