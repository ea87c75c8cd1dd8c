
namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Many clients wait for one wake.</summary>
[Category("EndToEnd")]
public sealed class StampedeTests
{
    [Test]
    public async Task FiveHundredClients_ConnectedAsleepAndSendingAtOnce_ShareOneStart()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(600));
        using (ClientProcess setup = ClientProcess.MariaDb(gateway))
        {
            await setup.SendAsync("CREATE DATABASE stampede; USE stampede; CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq * 7 FROM seq_1_to_500; SELECT 'made';");
            Assert.That(await setup.ReadLineAsync(), Is.EqualTo("made"));
        }

        using (HttpResponseMessage suspended = await gateway.CommandAsync("suspend")) Assert.That(suspended.IsSuccessStatusCode, await suspended.Content.ReadAsStringAsync());
        await gateway.WaitUntilAsleepAsync();
        int starts = Starts(gateway);
        var result = await ClientProcess.Python(gateway, "stampede_client.py", "500").FinishAsync();
        Assert.That(result.Exit, Is.Zero, result.Errors + result.Output);
        Assert.That(result.Output.Trim(), Is.EqualTo("500 right, 0 wrong"), result.Errors);
        Assert.That(Starts(gateway) - starts, Is.EqualTo(1), "starts of the compute");
    }

    private static int Starts(GatewayProcess gateway)
    {
        string metrics = gateway.Admin.GetStringAsync("/metrics").GetAwaiter().GetResult();
        return (int)metrics.Split('\n').Where(l => l.StartsWith("serverless_compute_starts_total", StringComparison.Ordinal)).Sum(l => double.Parse(l.Split(' ')[^1]));
    }
}
