using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>SHOW SERVERLESS …: what the gateway itself can be asked, with or without a compute.</summary>
[CancelAfter(60_000)]
public sealed class ServerlessStatementTests
{
    private GatewayUnderTest _gateway = null!;

    private Task StartAsync(params string[] admins) => StartWithAsync(new GatewayOptions { AdminUsers = admins.ToHashSet() });

    private async Task StartWithAsync(GatewayOptions options)
    {
        _gateway = await GatewayUnderTest.StartAsync(options);
        _gateway.Open();
    }

    [TearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [Test]
    public async Task Sessions_AreShownWithWhatPinsThem(CancellationToken cancellation)
    {
        await StartAsync("app");
        await using var pinned = await _gateway.ConnectAsync("shop");
        await using var parked = await _gateway.ConnectAsync();
        await using var asking = await _gateway.ConnectAsync();
        await pinned.QueryAsync("CREATE TEMPORARY TABLE t (a INT)", cancellation);
        var shown = await asking.QueryAsync("SHOW SERVERLESS SESSIONS;", cancellation);
        Assert.That(shown.Columns, Is.EqualTo(new[] { "id", "user", "client", "schema", "state", "idle_seconds", "pinned_because", "backend_id" }));
        Assert.That(shown.Rows, Has.Count.EqualTo(3));
        var one = shown.Rows.Single(row => row[0] == $"{pinned.ConnectionId}");
        Assert.That((one[1], one[3], one[4]), Is.EqualTo(("app", "shop", "idle")));
        Assert.That(one[6], Does.Contain("temporary table"));
        Assert.That(one[7], Is.Not.Null);
        var other = shown.Rows.Single(row => row[0] == $"{parked.ConnectionId}");
        Assert.That((other[4], other[6], other[7]), Is.EqualTo(("parked", (string?)null, (string?)null)));
    }

    [Test]
    public async Task Sessions_OfOtherAccounts_AreForAdministratorsOnly(CancellationToken cancellation)
    {
        await StartAsync("boss");
        await using var asking = await _gateway.ConnectAsync();
        await using var root = await _gateway.ConnectDirectlyAsync();
        Assert.That((await asking.QueryAsync("show serverless sessions", cancellation)).Rows, Has.Count.EqualTo(1));
        var error = await GatewayUnderTest.ErrorOfAsync(asking.QueryAsync("SHOW SERVERLESS STATUS", cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.SpecificAccessDenied));
        Assert.That(error.EngineMessage, Does.Contain("admin:users"));
    }

    [Test]
    public async Task Status_NeedsNoCompute(CancellationToken cancellation)
    {
        await StartAsync("app");
        await _gateway.SleepAsync();
        await using var asking = await _gateway.ConnectAsync();
        var shown = await asking.QueryAsync("SHOW SERVERLESS STATUS", cancellation);
        Assert.That(shown.Rows.Single(row => row[0] == "gate")[1], Is.EqualTo("closed: the database sleeps"));
        Assert.That(shown.Rows.Single(row => row[0] == "connections_open")[1], Is.EqualTo("1"));
        Assert.That(_gateway.HeldEvents, Is.Zero);
    }

    [Test]
    public async Task AnythingElse_IsAnErrorThatSaysWhatThereIs(CancellationToken cancellation)
    {
        await StartAsync("app");
        await using var asking = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(asking.QueryAsync("SHOW SERVERLESS NONSENSE", cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.ParseError));
        Assert.That(error.EngineMessage, Does.Contain("SESSIONS or STATUS"));
    }
}
