using NUnit.Framework;
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
        var allocated = await loop.RunAsync(() => ExchangeAsync(client.Channel, statements));
        Assert.That(allocated / (double)statements, Is.LessThan(20), "bytes per statement: the smallest object has 24");
    }

    /// <summary>Sends statements one after the other without allocating itself, and gives what the process has allocated meanwhile.</summary>
    private static async Task<long> ExchangeAsync(PacketChannel channel, int statements)
    {
        byte[] query = [.. new byte[4], (byte)Command.Query, .. "SELECT User FROM user WHERE User = 'app' LIMIT 1"u8];
        query[0] = (byte)(query.Length - 4);
        var before = 0L;
        for (var i = -500; i < statements; i++)
        {
            if (i == 0) before = GC.GetTotalAllocatedBytes(precise: true);
            channel.Transport.TrySend(query);
            FillResult filled;
            while ((filled = channel.TryFill()) == FillResult.WouldBlock) await channel.WaitReadableAsync().ConfigureAwait(false);
            if (filled == FillResult.Closed) throw new IOException("The gateway closed the connection.");
            channel.Advance(channel.Buffered.Length);
        }
        return GC.GetTotalAllocatedBytes(precise: true) - before;
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
