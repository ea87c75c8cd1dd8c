using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>Suspicions that pin a session are taken to a real server.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(240_000)]
[NonParallelizable]
public sealed class SessionProbeTests(ServerFamily family)
{
    private StateServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await StateServer.StartAsync(family);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [TearDown]
    public async Task DropRoutines()
    {
        await using var root = await _server.ConnectAsync();
        // A lock is held until the server has noticed that its session is gone, and no test waits for one.
        const string others = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER IN ('root', 'plain')";
        while ((await root.QueryAsync(others, default)).Scalar != "0") await Task.Delay(10);
        foreach (var name in new[] { "shop.harmless", "shop.busy", "other.unseen" }) await root.ExecuteAsync("DROP PROCEDURE IF EXISTS " + name, default);
    }

    [Test]
    public async Task UserLock_PinsWhileItIsHeld()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SELECT GET_LOCK('a', 0), GET_LOCK('b', 0)");
        await session.ProbeAsync();
        Assert.That(session.State.Pin?.Words, Is.EqualTo("user-level lock (GET_LOCK) a, b"));
        Assert.That(SessionProbe.IsWanted(session.State), Is.False, "asked twice");

        await session.RunAsync("SELECT RELEASE_LOCK('a')");
        await session.ProbeAsync();
        Assert.That(session.State.Pin?.Words, Is.EqualTo("user-level lock (GET_LOCK) b"));

        await session.RunAsync("DO RELEASE_LOCK('b')");
        Assert.That((await session.CaptureAsync()).Pinned, Is.Null, "a capture asks by itself");
    }

    /// <summary>MariaDB tells locks apart by case, MySQL does not.</summary>
    [Test]
    public async Task UserLock_WithCapitalLetters_PinsWhileItIsHeld()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SELECT GET_LOCK('Nightly', 0)");
        await session.ProbeAsync();
        Assert.That(session.State.Pin?.Words, Is.EqualTo("user-level lock (GET_LOCK) Nightly"));
        await session.RunAsync("DO RELEASE_LOCK('Nightly')");
        await session.ProbeAsync();
        Assert.That(session.State.Pin, Is.Null);
    }

    [Test]
    public async Task UserLock_HeldTwice_PinsUntilGivenBackTwice()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("DO GET_LOCK('a', 0)", "DO GET_LOCK('a', 0)", "DO RELEASE_LOCK('a')");
        await session.ProbeAsync();
        Assert.That(session.State.Pin, Is.Not.Null);
    }

    [Test]
    public async Task UserLock_ThatAnotherSessionHas_DoesNotPin()
    {
        await using var holder = await _server.OpenAsync();
        await holder.RunAsync("DO GET_LOCK('a', 0)");
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SELECT GET_LOCK('a', 0)");
        await session.ProbeAsync();
        Assert.That(session.State.Pin, Is.Null);
    }

    [Test]
    public async Task Probe_LeavesTheLastStatementToBeAskedFor()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync("SELECT GET_LOCK('a', 0), 1/0");
        await session.ProbeAsync();
        Assert.That(session.State.AnswersLastStatement, Is.True);
        Assert.That(session.State.LastStatement!.Warnings, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task HarmlessProcedure_DoesNotPin()
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync(
            "CREATE PROCEDURE shop.harmless() BEGIN SET @seen = 1; INSERT INTO shop.t (v) VALUES (1); SET time_zone='+02:00'; END", "CALL shop.harmless()");
        Assert.That(session.State.Pin?.Cause, Is.EqualTo(PinCauses.StoredCode));
        await session.MoveAsync();
        Assert.That(await session.AskAsync("SELECT @seen, @@time_zone"), Is.EqualTo("1|+02:00"));
    }

    [TestCase("DO GET_LOCK('hidden', 0)")]
    [TestCase("CREATE TEMPORARY TABLE shop.hidden (a INT)")]
    [TestCase("PREPARE hidden FROM 'SELECT 1'")]
    public async Task ProcedureThatMayLeaveSomething_Pins(string statement)
    {
        await using var session = await _server.OpenAsync();
        await session.RunAsync($"CREATE PROCEDURE shop.busy() BEGIN {statement}; END", "CALL shop.busy()");
        await session.ProbeAsync();
        Assert.That(session.State.Pin?.Cause, Is.EqualTo(PinCauses.StoredCode));
    }

    [Test]
    public async Task ProcedureOfAnAccountThatMayNotSeeIt_Pins()
    {
        await using var root = await _server.OpenAsync();
        await root.RunAsync("CREATE PROCEDURE other.unseen() SET @hidden = 1", "GRANT EXECUTE ON PROCEDURE other.unseen TO plain@localhost");
        await using var session = await _server.OpenAsync(user: "plain");
        await session.RunAsync("CALL other.unseen()");
        Assert.That((await session.CaptureAsync()).Pinned?.Cause, Is.EqualTo(PinCauses.StoredCode));
    }
}
