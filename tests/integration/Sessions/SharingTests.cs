using NUnit.Framework;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Sessions that do nothing lend their backend connections to others, which find them as if they were their own.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(90_000)]
public sealed class SharingTests(ServerFamily family)
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(40);

    private GatewayUnderTest _gateway = null!;

    private SharingReading Sharing => _gateway.Activity.Sharing!;

    [TearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    private async Task StartAsync(int most = int.MaxValue, TimeSpan? after = null, TimeSpan? keepFor = null, TimeSpan? heldFor = null)
    {
        _gateway = await GatewayUnderTest.StartAsync(family, new GatewayOptions
        {
            MostBackends = most,
            Sharing = new SharingOptions { On = true, After = after ?? Soon, KeepFor = keepFor ?? TimeSpan.FromSeconds(60) },
            Hold = HoldLimits.PerDatabase with { Time = heldFor ?? TimeSpan.FromSeconds(30) },
        });
        _gateway.Open();
    }

    private Task LetGoAsync(int idle = 1) =>
        GatewayUnderTest.UntilAsync(() => _gateway.Activity.Active == 0 && Sharing.Idle >= idle, "the idle sessions have given their connections back");

    /// <summary>A client of the first of the gateway's loops: sessions of one loop share.</summary>
    private Task<EngineClient> ConnectAsync(string? schema = null) => _gateway.ConnectAsync(schema, loop: _gateway.Gateway.Loops.Loops[0]);

    [Test]
    public async Task IdleSession_GivesItsConnection_AndHasItBackAsItLeftIt(CancellationToken cancellation)
    {
        await StartAsync();
        await using var client = await ConnectAsync("shop");
        await client.QueryAsync("SET @v = 7, time_zone = '+05:00'", cancellation);
        await LetGoAsync();
        var logins = Sharing.Logins;
        Assert.That((await client.QueryAsync("SELECT @v, @@time_zone, DATABASE(), COUNT(*) >= 0 FROM mysql.db", cancellation)).Rows[0], Is.EqualTo(new[] { "7", "+05:00", "shop", "1" }));
        Assert.That(Sharing.Logins, Is.EqualTo(logins));
    }

    [Test]
    public async Task ConnectionThatWasGivenBack_IsNoClientInTheListOfProcesses(CancellationToken cancellation)
    {
        await StartAsync();
        await using var idle = await ConnectAsync("shop");
        await using var client = await ConnectAsync();
        await using var elsewhere = await _gateway.ConnectAsync(loop: _gateway.Gateway.Loops.Loops[1]);
        foreach (var one in new[] { idle, elsewhere }) await one.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await LetGoAsync(idle: 2);
        // Its own settings, so that it is given neither of the two that are idle.
        await client.QueryAsync("SET time_zone = '+05:00'", cancellation);
        var list = (await client.QueryAsync("SHOW PROCESSLIST", cancellation)).Rows.Where(row => row[1] == "app").Select(row => row[0]);
        Assert.That(list, Is.EquivalentTo(new[] { $"{idle.ConnectionId}", $"{client.ConnectionId}", $"{elsewhere.ConnectionId}" }));
    }

    [Test]
    public async Task OneConnection_ServesManySessions_EachWithItsOwnState(CancellationToken cancellation)
    {
        await StartAsync(most: 1);
        var clients = new List<EngineClient>();
        for (var i = 0; i < 8; i++) clients.Add(await _gateway.ConnectAsync(i % 2 == 0 ? "shop" : "mysql"));
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < clients.Count; i++)
            {
                await clients[i].QueryAsync($"SET @v = {i * 10 + round}, group_concat_max_len = {1000 + i}", cancellation);
            }
            for (var i = 0; i < clients.Count; i++)
            {
                var row = (await clients[i].QueryAsync("SELECT @v, @@group_concat_max_len, DATABASE(), @nobody, COUNT(*) >= 0 FROM mysql.db", cancellation)).Rows[0];
                Assert.That(row, Is.EqualTo(new[] { $"{i * 10 + round}", $"{1000 + i}", i % 2 == 0 ? "shop" : "mysql", null, "1" }));
            }
        }
        Assert.That(Sharing.Backends, Is.EqualTo(1));
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Test]
    public async Task BusySessions_TakeTurns_AndNoneStarves(CancellationToken cancellation)
    {
        await StartAsync(most: 3);
        var done = new int[24];
        await Task.WhenAll(Enumerable.Range(0, done.Length).Select(async i =>
        {
            await using var client = await _gateway.ConnectAsync("shop");
            for (var n = 0; n < 40; n++)
            {
                Assert.That((await client.QueryAsync($"SELECT {i} + COUNT(*) * 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo($"{i}"));
                done[i]++;
            }
        }));
        Assert.That(done, Is.All.EqualTo(40));
        Assert.That(Sharing.Backends, Is.LessThanOrEqualTo(3));
    }

    [Test]
    public async Task Transaction_KeepsItsConnection_AndOthersWaitForIt(CancellationToken cancellation)
    {
        await StartAsync(most: 1);
        await using var first = await _gateway.ConnectAsync("shop");
        await using var second = await _gateway.ConnectAsync("shop");
        await first.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
        await first.QueryAsync("BEGIN", cancellation);
        await first.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        var waits = second.QueryAsync("SELECT COUNT(*) FROM t", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Held == 1, "the other waits");
        await Task.Delay(150, cancellation);
        Assert.That(waits.IsCompleted, Is.False);
        await first.QueryAsync("COMMIT", cancellation);
        Assert.That((await waits).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task NoConnectionWithinTheTime_IsAnError_ThatSaysWhatWasWaitedFor(CancellationToken cancellation)
    {
        await StartAsync(most: 1, heldFor: TimeSpan.FromSeconds(6));
        await using var first = await _gateway.ConnectAsync("shop");
        await using var second = await _gateway.ConnectAsync("shop");
        await first.QueryAsync("CREATE TEMPORARY TABLE t (a INT)", cancellation);
        var error = await GatewayUnderTest.ErrorOfAsync(second.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.ServerShutdown));
        Assert.That(error.EngineMessage, Does.Contain("limits:backendConnections"));
        await first.QueryAsync("DROP TEMPORARY TABLE t", cancellation);
        Assert.That((await second.QueryAsync("SELECT COUNT(*) >= 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task PreparedStatements_GoOn_OnWhateverConnection()
    {
        await StartAsync(most: 2);
        var clients = new List<(EngineClient Client, uint Add, uint Multiply)>();
        for (var i = 0; i < 10; i++)
        {
            var client = await _gateway.ConnectAsync();
            clients.Add((client, await client.PrepareAsync("SELECT ? + 1 FROM DUAL"), await client.PrepareAsync("SELECT ? + 2 FROM DUAL")));
        }
        for (var n = 0; n < 5; n++)
        {
            foreach (var (client, one, two) in clients)
            {
                Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(one, n, withTypes: n == 0))[0]), Is.EqualTo(n + 1));
                Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(two, n, withTypes: n == 0))[0]), Is.EqualTo(n + 2));
            }
        }
        await clients[0].Client.SendAsync(Command.StmtClose, PreparedOverPackets.Id(clients[0].Add));
        foreach (var (client, one, _) in clients.Skip(1)) Assert.That(PreparedOverPackets.Integer((await client.ExecuteAsync(one, 4, withTypes: false))[0]), Is.EqualTo(5));
        foreach (var (client, _, _) in clients) await client.DisposeAsync();
    }

    [Test]
    public async Task LastInsertId_FoundRows_AndWarnings_AreTheSessionsOwn(CancellationToken cancellation)
    {
        await StartAsync(most: 1);
        await using var first = await ConnectAsync("shop");
        await using var second = await ConnectAsync("shop");
        await first.QueryAsync("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v TINYINT)", cancellation);
        await first.QueryAsync("INSERT INTO t (v) VALUES (1), (2), (3)", cancellation);
        await second.QueryAsync("INSERT INTO t (v) VALUES (4)", cancellation);
        Assert.That((await first.QueryAsync("SELECT LAST_INSERT_ID(), COUNT(*) FROM t", cancellation)).Rows[0], Is.EqualTo(new[] { "1", "4" }));
        Assert.That((await second.QueryAsync("SELECT LAST_INSERT_ID(), COUNT(*) FROM t", cancellation)).Rows[0], Is.EqualTo(new[] { "4", "4" }));
        await first.QueryAsync("SELECT * FROM t WHERE v < 3", cancellation);
        await second.QueryAsync("SELECT CAST('x' AS SIGNED) + COUNT(*) FROM t", cancellation);
        Assert.That((await first.QueryAsync("SELECT FOUND_ROWS()", cancellation)).Scalar, Is.EqualTo("2"));
        Assert.That((await second.QueryAsync("SHOW WARNINGS", cancellation)).Rows, Is.Not.Empty);
        await first.QueryAsync("SELECT COUNT(*) FROM t", cancellation);
        Assert.That((await first.QueryAsync("SHOW WARNINGS", cancellation)).Rows, Is.Empty);
    }

    [Test]
    public async Task SchemaThatIsNotThere_IsToldByTheLogin_AlsoOnAConnectionOfThePool(CancellationToken cancellation)
    {
        await StartAsync();
        await using (var before = await ConnectAsync("shop"))
        {
            await before.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
            await LetGoAsync();
        }
        var error = await GatewayUnderTest.ErrorOfAsync(ConnectAsync("nowhere"));
        Assert.That((error.Code, error.SqlState, error.EngineMessage), Is.EqualTo((ErrorCode.UnknownDatabase, "42000", "Unknown database 'nowhere'")));
    }

    [Test]
    public async Task SchemaThatIsDropped_IsToldByTheNextLogin_ThoughAConnectionIsStillInIt(CancellationToken cancellation)
    {
        await StartAsync();
        await using var owner = await ConnectAsync();
        await owner.QueryAsync("CREATE DATABASE gone", cancellation);
        await using (var before = await ConnectAsync("gone"))
        {
            await before.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
            await LetGoAsync();
        }
        await owner.QueryAsync("DROP DATABASE gone", cancellation);
        Assert.That((await GatewayUnderTest.ErrorOfAsync(ConnectAsync("gone"))).Code, Is.EqualTo(ErrorCode.UnknownDatabase));
    }

    [Test]
    public async Task SchemaThatIsDropped_AfterItsConnectionWasTakenAsItWas_DoesNotEndItsSession(CancellationToken cancellation)
    {
        await StartAsync();
        await using var owner = await ConnectAsync();
        await owner.QueryAsync("CREATE DATABASE gone", cancellation);
        await using (var before = await ConnectAsync("gone")) await before.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await using var client = await ConnectAsync("gone");
        await LetGoAsync();
        await owner.QueryAsync("DROP DATABASE gone", cancellation);
        // Another is on the connection that it left.
        await using var other = await ConnectAsync("shop");
        await other.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That((await client.QueryAsync("SELECT COUNT(*) >= 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task Kill_OfASessionThatGaveItsConnectionAway_HitsNobodyElse(CancellationToken cancellation)
    {
        await StartAsync(most: 2);
        await using var victim = await ConnectAsync("shop");
        await using var owner = await ConnectAsync("shop");
        await using var killer = await ConnectAsync("shop");
        await victim.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await LetGoAsync();
        var sleeping = owner.QueryAsync("SELECT SLEEP(4), COUNT(*) >= 0 FROM mysql.db LIMIT 1", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Running == 1, "the later owner runs a statement");
        await killer.QueryAsync($"KILL {victim.ConnectionId}", cancellation);
        Assert.That((await sleeping).Rows[0], Is.EqualTo(new[] { "0", "1" }));
        await GatewayUnderTest.UntilAsync(() => victim.IsClosed, "the victim has ended");
    }

    [Test]
    public async Task Drain_ClosesThePool_AndIsNotHeldUpByIt(CancellationToken cancellation)
    {
        await StartAsync();
        var clients = new List<EngineClient>();
        for (var i = 0; i < 20; i++) clients.Add(await _gateway.ConnectAsync("shop"));
        // At one time each has a connection of its own.
        foreach (var client in clients) await client.QueryAsync("BEGIN", cancellation);
        foreach (var client in clients) await client.QueryAsync("COMMIT", cancellation);
        await LetGoAsync(20);
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        Assert.That(Sharing.Backends, Is.Zero);
        await using var root = await _gateway.ConnectDirectlyAsync();
        await Eventually(async () => (await root.QueryAsync("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'app'", cancellation)).Scalar == "0");
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Test]
    public async Task ConnectionThatTheServerClosed_IsNeverHandedOut(CancellationToken cancellation)
    {
        await StartAsync();
        await using var client = await ConnectAsync("shop");
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await LetGoAsync();
        await using var root = await _gateway.ConnectDirectlyAsync();
        var id = (await root.QueryAsync("SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE USER = 'app'", cancellation)).Scalar;
        await root.QueryAsync($"KILL {id}", cancellation);
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle == 0, "the pool has heard of it");
        Assert.That((await client.QueryAsync("SELECT COUNT(*) >= 0 FROM mysql.db", cancellation)).Scalar, Is.EqualTo("1"));
    }

    [Test]
    public async Task PooledConnection_IsClosedBeforeTheServersWaitTimeout(CancellationToken cancellation)
    {
        await StartAsync();
        await using var client = await ConnectAsync("shop");
        await client.QueryAsync("SET wait_timeout = 8", cancellation);
        await LetGoAsync();
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle == 0, "the pool has closed it");
        await using var root = await _gateway.ConnectDirectlyAsync();
        Assert.That((await client.QueryAsync("SELECT @@wait_timeout, COUNT(*) >= 0 FROM mysql.db", cancellation)).Rows[0], Is.EqualTo(new[] { "8", "1" }));
    }

    [Test]
    public async Task PasswordChange_ClosesWhatWasLoggedInBefore(CancellationToken cancellation)
    {
        await StartAsync();
        await using var client = await ConnectAsync("shop");
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await LetGoAsync();
        await using var other = await ConnectAsync();
        await other.QueryAsync("CREATE USER somebody@'%' IDENTIFIED BY 'Long-Enough1'", cancellation);
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle == 0, "what was logged in before the change is closed");
    }

    [Test]
    public async Task GlobalVariable_IsSeenByTheNextSession(CancellationToken cancellation)
    {
        await StartAsync();
        await using (var first = await ConnectAsync("shop"))
        {
            await first.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
            await first.QueryAsync("SET GLOBAL group_concat_max_len = 4321", cancellation);
        }
        await using var second = await ConnectAsync("shop");
        Assert.That((await second.QueryAsync("SELECT @@group_concat_max_len, COUNT(*) >= 0 FROM mysql.db", cancellation)).Rows[0], Is.EqualTo(new[] { "4321", "1" }));
    }

    [Test]
    public async Task SessionThatEnds_LeavesItsConnectionToTheNext_WithNothingOnIt(CancellationToken cancellation)
    {
        await StartAsync(after: TimeSpan.FromSeconds(30));
        _gateway.KnowsNoStoredCode();
        var loop = _gateway.Gateway.Loops.Loops[0];
        await using (var first = await _gateway.ConnectAsync("shop", loop: loop)) await first.QueryAsync("SET @v = 1, sql_mode = 'ANSI_QUOTES'", cancellation);
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "the client has left");
        Assert.That(Sharing.Idle, Is.EqualTo(1));
        await using var second = await _gateway.ConnectAsync("shop", loop: loop);
        var row = (await second.QueryAsync("SELECT @v, @@sql_mode LIKE '%ANSI%', COUNT(*) >= 0 FROM mysql.db", cancellation)).Rows[0];
        Assert.That(row, Is.EqualTo(new[] { null, "0", "1" }));
    }

    [Test]
    public async Task SessionThatEndsInATransaction_LeavesNothing(CancellationToken cancellation)
    {
        await StartAsync(after: TimeSpan.FromSeconds(30));
        await using (var first = await ConnectAsync("shop"))
        {
            await first.QueryAsync("CREATE TABLE t (a INT) ENGINE=InnoDB", cancellation);
            await first.QueryAsync("BEGIN", cancellation);
            await first.QueryAsync("INSERT INTO t VALUES (1)", cancellation);
        }
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "the client has left");
        Assert.That(Sharing.Idle, Is.Zero);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 500; i++)
        {
            if (await condition()) return;
            await Task.Delay(20);
        }
        throw new TimeoutException("Not within 10 s.");
    }
}
