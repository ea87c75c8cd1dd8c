using NUnit.Framework;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>The engine dies while the pool is full of connections and sessions wait for more.</summary>
[CancelAfter(90_000)]
public sealed class SharedEngineKilledTests
{
    private const int Most = 8;

    [Test]
    public async Task EngineKilled_WithAFullPool_GivesAllRoomBack_AndEverySessionGoesOn(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new GatewayOptions
        {
            MostBackends = Most,
            Sharing = new SharingOptions { On = true, After = TimeSpan.FromMilliseconds(20) },
        });
        gateway.Open();
        var clients = new List<EngineClient>();
        for (var i = 0; i < 3 * Most; i++) clients.Add(await gateway.ConnectAsync("shop"));
        for (var round = 0; round < 2; round++)
        {
            foreach (var client in clients.Take(Most)) await client.QueryAsync("BEGIN", cancellation);
            foreach (var client in clients.Take(Most)) await client.QueryAsync("COMMIT", cancellation);
            await GatewayUnderTest.UntilAsync(() => gateway.Activity is { Active: 0, Sharing: { Idle: >= Most / 2 } }, "the pool is full");
            gateway.Server.Kill();
            await GatewayUnderTest.UntilAsync(() => gateway.Activity.Sharing is { Backends: 0, Idle: 0 }, "the pool has heard of it");
            // Control has not noticed yet: the gate is open, and nobody listens behind it.
            var waiting = clients.Select(client => client.QueryAsync("SELECT COUNT(*) >= 0 FROM mysql.db", cancellation)).ToArray();
            await GatewayUnderTest.UntilAsync(() => gateway.Activity.Held + gateway.Activity.Running > 0, "statements wait");
            gateway.Database.Close("it was killed");
            await gateway.WakeAsync();
            foreach (var statement in waiting) Assert.That((await statement).Scalar, Is.EqualTo("1"));
            Assert.That(gateway.Activity.Sharing!.Backends, Is.InRange(1, Most));
        }
        foreach (var client in clients) await client.DisposeAsync();
        await GatewayUnderTest.UntilAsync(() => gateway.Activity is { Open: 0, Active: 0, Running: 0, Held: 0 }, "everybody has left, and nothing is counted any more");
        gateway.Database.Close("the end");
        await GatewayUnderTest.UntilAsync(() => gateway.Activity.Sharing!.Backends == 0, "no room is taken");
        Assert.That(gateway.Database.Backends, Is.Empty);
    }
}
