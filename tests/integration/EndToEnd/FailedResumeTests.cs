using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>A resume that fails is told to those who wait, and mended without a restart.</summary>
[Category("EndToEnd")]
public sealed class FailedResumeTests
{
    [Test]
    public async Task DataDirectoryUnusable_HeldClientGetsTheErrorAndLaterItWorks()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(1));
        string data = await EngineDataAsync(gateway);
        await gateway.WaitUntilAsleepAsync();
        // root reads whatever the mode is, so the directory is taken away instead of its permissions
        Directory.Move(data, data + ".away");
        await File.WriteAllTextAsync(data, "not a directory");
        try
        {
            using ClientProcess client = ClientProcess.MariaDb(gateway, "-e", "SELECT COUNT(*) FROM mysql.help_topic");
            var failed = await client.FinishAsync(90);
            Assert.That(failed.Exit, Is.Not.Zero);
            Assert.That(failed.Errors, Does.Contain("ERROR").And.Contain("compute"));
            // the client is told before the gateway has noted it
            await gateway.WaitForPhaseAsync("failed");
            JsonNode status = await gateway.StatusAsync();
            Assert.That(status.ToJsonString(), Does.Contain(Path.GetFileName(data)), "the status says why");
        }
        finally
        {
            File.Delete(data);
            Directory.Move(data + ".away", data);
        }

        using ClientProcess again = ClientProcess.MariaDb(gateway, "-e", "SELECT COUNT(*) >= 0 FROM mysql.help_topic");
        var mended = await again.FinishAsync(90);
        Assert.That(mended.Output.Trim(), Is.EqualTo("1"), mended.Errors + string.Join('\n', gateway.Output));
    }

    private static async Task<string> EngineDataAsync(GatewayProcess gateway)
    {
        using ClientProcess client = ClientProcess.MariaDb(gateway, "-e", "SELECT @@global.datadir, COUNT(*) FROM mysql.help_topic");
        return (await client.FinishAsync()).Output.Split('\t')[0].TrimEnd('/');
    }
}
