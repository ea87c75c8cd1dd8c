using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>The relay allocates nothing per statement, and a session that waits is small.</summary>
[NonParallelizable]
[CancelAfter(120_000)]
public sealed class AllocationTests
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync(options: null, "--max-connections=600");
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [Test]
    public async Task Relaying_AllocatesNothingPerStatement()
    {
        const int statements = 5_000;
        using var loop = new EventLoop("client");
        await using var client = await _gateway.ConnectAsync("mysql", loop: loop);
        await client.QueryAsync("SELECT COUNT(*) FROM db", default);
        var allocated = await loop.RunAsync(() => ExchangeAsync(_gateway, [client.Channel], statements));
        // Asking the loops for their counts costs each some hundred bytes, once.
        Assert.That(allocated, Is.LessThan(statements * 8), $"bytes in {statements} statements: the smallest object has 24");
    }

    /// <summary>Three clients take turns at one connection: each statement waits in the line, and each connection goes from session to session.</summary>
    [Test]
    public async Task TakingTurns_AllocatesLittlePerStatement()
    {
        const int rounds = 2_000, count = 3;
        await using var gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, new GatewayOptions { MostBackends = 1, Sharing = new SharingOptions { On = true } });
        gateway.Open();
        gateway.KnowsNoStoredCode();
        using var loop = new EventLoop("clients");
        var clients = new EngineClient[count];
        for (var i = 0; i < count; i++) clients[i] = await gateway.ConnectAsync("mysql", loop: loop);
        var logins = gateway.Activity.Sharing!.Logins;
        var allocated = await loop.RunAsync(() => ExchangeAsync(gateway, [.. clients.Select(client => client.Channel)], rounds));
        var taken = gateway.Activity.Sharing!.TakenAsItIs;
        TestContext.Out.WriteLine($"{(double)allocated / (rounds * count):0.0} bytes a statement");
        foreach (var client in clients) await client.DisposeAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gateway.Activity.Sharing!.Logins, Is.LessThanOrEqualTo(logins + 1));
            Assert.That(taken, Is.GreaterThan(rounds * (count - 1)), "statements that took the connection from another session");
            // What may be asked of the last statement is kept anew for each, which is one small object.
            Assert.That(allocated, Is.LessThan(rounds * count * 48), $"bytes in {rounds * count} statements");
        }
    }

    /// <summary>
    /// Sends statements one after the other, to all at once, and gives what the threads that they pass through, this one and the gateway's, have allocated meanwhile. Others of
    /// the process do not count, whatever they do.
    /// </summary>
    private static async Task<long> ExchangeAsync(GatewayUnderTest gateway, PacketChannel[] channels, int statements)
    {
        EventLoop[] loops = [channels[0].Loop, .. gateway.Gateway.Loops.Loops];
        byte[] query = [.. new byte[4], (byte)Command.Query, .. "SELECT User FROM user WHERE User = 'app' LIMIT 1"u8];
        query[0] = (byte)(query.Length - 4);
        var before = 0L;
        for (var i = -500; i < statements; i++)
        {
            if (i == 0) before = await AllocatedByAsync(loops);
            foreach (var channel in channels) channel.Transport.TrySend(query);
            foreach (var channel in channels)
            {
                FillResult filled;
                while ((filled = channel.TryFill()) == FillResult.WouldBlock) await channel.WaitReadableAsync().ConfigureAwait(false);
                if (filled == FillResult.Closed) throw new IOException("The gateway closed the connection.");
                channel.Advance(channel.Buffered.Length);
            }
        }
        return await AllocatedByAsync(loops) - before;
    }

    private static async Task<long> AllocatedByAsync(EventLoop[] loops)
    {
        var sum = 0L;
        foreach (var loop in loops) sum += await loop.RunAsync(() => Task.FromResult(GC.GetAllocatedBytesForCurrentThread()));
        return sum;
    }

    [Test]
    public async Task WaitingSession_IsSmall()
    {
        _gateway.Database.Close("for the test");
        using var loop = new EventLoop("clients");
        var through = await SizeOfAsync(1_000, () => _gateway.ConnectAsync("mysql", loop: loop));
        var directly = await SizeOfAsync(300, () => _gateway.ConnectDirectlyAsync(loop));
        _gateway.Open();
        Assert.That(through - directly, Is.LessThan(4_000), "bytes of the gateway per client that waits");
    }

    /// <summary>Managed memory per connection, both ends where both are in this process.</summary>
    private static async Task<long> SizeOfAsync(int count, Func<Task<EngineClient>> connect)
    {
        var clients = new List<EngineClient>(count + 50);
        for (var i = 0; i < 50; i++) clients.Add(await connect());
        var before = Settled();
        for (var i = 0; i < count; i++) clients.Add(await connect());
        var each = (Settled() - before) / count;
        foreach (var client in clients) await client.DisposeAsync();
        return each;
    }

    private static long Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
