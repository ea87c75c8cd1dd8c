using NUnit.Framework;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>SHOW SERVERLESS … and SERVERLESS …: what the gateway itself can be asked and told, with or without a compute.</summary>
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
    public async Task Status_SaysWhatTheControlSays(CancellationToken cancellation)
    {
        await StartAsync("app");
        _gateway.Database.UseControl(new Control { Now = new("running", DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123), "0.5cu", Paused: true, "paused by app", "default 3") });
        await using var asking = await _gateway.ConnectAsync();
        var shown = (await asking.QueryAsync("SHOW SERVERLESS STATUS", cancellation)).Rows.ToDictionary(row => row[0]!, row => row[1]);
        Assert.That(
            (shown["phase"], shown["since"], shown["size"], shown["paused"], shown["reason"], shown["policy"]),
            Is.EqualTo(("running", "2023-11-14T22:13:20.123Z", "0.5cu", "yes", "paused by app", "default 3")));
    }

    [TestCase("SHOW SERVERLESS DECISIONS", 50)]
    [TestCase("show serverless decisions limit 2;", 2)]
    public async Task Decisions_AreTheNewest(string sql, int limit, CancellationToken cancellation)
    {
        await StartAsync("app");
        var control = new Control { Decisions = [new(DateTimeOffset.UnixEpoch, "running", "resize 2cu", "grow"), new(DateTimeOffset.UnixEpoch, "running", null, "nothing")] };
        _gateway.Database.UseControl(control);
        await using var asking = await _gateway.ConnectAsync();
        var shown = await asking.QueryAsync(sql, cancellation);
        Assert.That(control.Limit, Is.EqualTo(limit));
        Assert.That(shown.Columns, Is.EqualTo(new[] { "at", "phase", "effect", "explanation" }));
        Assert.That(shown.Rows, Is.EqualTo(new[] { new string?[] { "1970-01-01T00:00:00.000Z", "running", "resize 2cu", "grow" }, ["1970-01-01T00:00:00.000Z", "running", null, "nothing"] }));
    }

    [TestCase("SERVERLESS SUSPEND", OperatorCommand.Suspend, null)]
    [TestCase("serverless /* now */ resume;", OperatorCommand.Resume, null)]
    [TestCase("SERVERLESS RESUME AT 2cu", OperatorCommand.Resume, "2cu")]
    [TestCase("SERVERLESS RESIZE TO 0.5 cu;", OperatorCommand.Resize, "0.5cu")]
    [TestCase("SERVERLESS RESIZE TO big", OperatorCommand.Resize, "big")]
    [TestCase("SERVERLESS PAUSE", OperatorCommand.Pause, null)]
    [TestCase("SERVERLESS UNPAUSE", OperatorCommand.Unpause, null)]
    public async Task Command_IsToldToTheControl(string sql, OperatorCommand command, string? size, CancellationToken cancellation)
    {
        await StartAsync("app");
        await _gateway.SleepAsync();
        var control = new Control { Now = new("resuming", DateTimeOffset.UnixEpoch, "2cu", Paused: false, null, "default 1"), Answer = new(null, ["mind the gap", "and the step"]) };
        _gateway.Database.UseControl(control);
        await using var telling = await _gateway.ConnectAsync();
        var shown = await telling.QueryAsync(sql, cancellation);
        Assert.That((control.Command, control.Size, control.By), Is.EqualTo((command, size, "app@127.0.0.1 by SQL")));
        Assert.That(shown.Rows, Is.EqualTo(new[] { new[] { "default", "resuming", "2cu", "mind the gap; and the step" } }));
        Assert.That(_gateway.HeldEvents, Is.Zero);
    }

    [Test]
    public async Task Command_ThatTheControlRefuses_IsAnErrorAndTheSessionGoesOn(CancellationToken cancellation)
    {
        await StartAsync("app");
        await using var telling = await _gateway.ConnectAsync();
        var none = await GatewayUnderTest.ErrorOfAsync(telling.QueryAsync("SERVERLESS SUSPEND", cancellation));
        Assert.That(none.EngineMessage, Does.Contain("has not been started"));
        _gateway.Database.UseControl(new Control { Answer = new("size: expected compute units, found `big`", []) });
        var wrong = await GatewayUnderTest.ErrorOfAsync(telling.QueryAsync("SERVERLESS RESIZE TO big", cancellation));
        Assert.That((wrong.Code, wrong.EngineMessage), Is.EqualTo((ErrorCode.WrongArguments, "size: expected compute units, found `big`")));
        _gateway.Database.UseControl(new Control { Gone = true });
        var gone = await GatewayUnderTest.ErrorOfAsync(telling.QueryAsync("SERVERLESS PAUSE", cancellation));
        Assert.That(gone.EngineMessage, Does.Contain("not controlled any more"));
        Assert.That((await telling.QueryAsync("SELECT 7", cancellation)).Rows[0][0], Is.EqualTo("7"));
    }

    [TestCase("SERVERLESS SUSPEND")]
    [TestCase("SHOW SERVERLESS DECISIONS")]
    public async Task Command_OfAnotherUser_IsRefused(string sql, CancellationToken cancellation)
    {
        await StartAsync("boss");
        var control = new Control();
        _gateway.Database.UseControl(control);
        await using var telling = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(telling.QueryAsync(sql, cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.SpecificAccessDenied));
        Assert.That((control.By, control.Limit), Is.EqualTo(((string?)null, 0)));
    }

    [TestCase("SHOW SERVERLESS NONSENSE", "SESSIONS, STATUS or DECISIONS")]
    [TestCase("SHOW SERVERLESS", "SESSIONS, STATUS or DECISIONS")]
    [TestCase("SHOW SERVERLESS STATUS NOW", "the end of the statement, found `NOW`")]
    [TestCase("SHOW SERVERLESS DECISIONS LIMIT 0", "a number from 1 to 1000")]
    [TestCase("SHOW SERVERLESS DECISIONS LIMIT", "a number from 1 to 1000")]
    [TestCase("SERVERLESS", "SUSPEND, RESUME")]
    [TestCase("SERVERLESS DANCE", "SUSPEND, RESUME")]
    [TestCase("SERVERLESS RESIZE 2cu", "RESIZE TO 2cu")]
    [TestCase("SERVERLESS SUSPEND; SELECT 1", "the end of the statement, found `SELECT`")]
    public async Task AnythingElse_IsAnErrorThatSaysWhatThereIs(string sql, string says, CancellationToken cancellation)
    {
        await StartAsync("app");
        var control = new Control();
        _gateway.Database.UseControl(control);
        await using var asking = await _gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(asking.QueryAsync(sql, cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.ParseError));
        Assert.That(error.EngineMessage, Does.Contain(says));
        Assert.That(control.By, Is.Null);
    }

    private sealed class Control : IDatabaseControl
    {
        public ControlReading? Now { get; init; }

        public IReadOnlyList<DecisionReading> Decisions { get; init; } = [];

        public CommandReading Answer { get; init; } = new(null, []);

        public bool Gone { get; init; }

        public int Limit { get; private set; }

        public OperatorCommand? Command { get; private set; }

        public string? Size { get; private set; }

        public string? By { get; private set; }

        public ControlReading? Read() => Now;

        public IReadOnlyList<DecisionReading> ReadDecisions(int limit)
        {
            Limit = limit;
            return Decisions;
        }

        public async Task<CommandReading> CommandAsync(OperatorCommand command, string? size, string by)
        {
            await Task.Yield();
            if (Gone) throw new InvalidOperationException("the database is not controlled any more");
            (Command, Size, By) = (command, size, by);
            return Answer;
        }
    }
}
