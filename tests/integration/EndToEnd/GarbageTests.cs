using System.Net;
using System.Net.Sockets;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Hostile and broken clients on the port disturb nobody else.</summary>
[Category("EndToEnd")]
public sealed class GarbageTests
{
    [Test]
    public async Task TenThousandGarbageHandshakes_DoNotDisturbAnotherClient()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(600));
        using ClientProcess witness = ClientProcess.MariaDb(gateway);
        await witness.SendAsync("SELECT COUNT(*) > 0 FROM mysql.help_topic;");
        await witness.ReadLineAsync();
        int handles = Handles(gateway);
        int seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, cancellation) =>
        {
            var random = new Random(seed + i);
            byte[] garbage = new byte[random.Next(0, 400)];
            random.NextBytes(garbage);
            if (i % 3 == 0 && garbage.Length > 4)
            {
                garbage[0] = (byte)(garbage.Length - 4);
                garbage[1] = garbage[2] = 0;
                garbage[3] = 1;
            }

            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.Port), cancellation);
            try
            {
                await socket.SendAsync(garbage, cancellation);
            }
            catch (SocketException)
            {
                // it was closed on us already, which is a right answer to garbage
            }

            if (i % 5 == 0)
            {
                socket.LingerState = new LingerOption(true, 0);
            }
        });
        await witness.SendAsync("SELECT 'undisturbed';");
        Assert.That(await witness.ReadLineAsync(), Is.EqualTo("undisturbed"));
        await Eventually.HoldsAsync(() => Task.FromResult(Handles(gateway) <= handles + 20), TimeSpan.FromSeconds(20), () => Task.FromResult($"handles back near {handles}; {Handles(gateway)} are open"));
        Assert.That(await gateway.Admin.GetStringAsync("/metrics"), Does.Match("(?m)^serverless_listener_logins_failed_total\\{listen=\"127.0.0.1:[0-9]+\"\\} [1-9][0-9]{3}"));
    }

    [Test]
    public async Task ClientThatStopsReading_DoesNotMakeTheGatewayGrow()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.SleepyRules(600));
        using ClientProcess witness = ClientProcess.MariaDb(gateway);
        await witness.SendAsync("SELECT COUNT(*) > 0 FROM mysql.help_topic;");
        await witness.ReadLineAsync();
        long before = Resident(gateway);
        using ClientProcess slow = ClientProcess.Python(gateway, "stops_reading_client.py");
        Assert.That(await slow.ReadLineAsync(), Is.EqualTo("sent"));
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.That(Resident(gateway) - before, Is.LessThan(32L << 20), "bytes grown while a client does not read its 400 MB result");
        await witness.SendAsync("SELECT 'undisturbed';");
        Assert.That(await witness.ReadLineAsync(), Is.EqualTo("undisturbed"));
        await slow.SendAsync("read");
        Assert.That(await slow.ReadLineAsync(), Is.EqualTo("read 400 rows"));
    }

    private static int Handles(GatewayProcess gateway) => Directory.GetFiles($"/proc/{gateway.ProcessId}/fd").Length;

    private static long Resident(GatewayProcess gateway) =>
        long.Parse(File.ReadLines($"/proc/{gateway.ProcessId}/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) << 10;
}
