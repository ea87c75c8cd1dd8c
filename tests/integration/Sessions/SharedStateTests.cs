using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Corners of what a session leaves on a connection, and of what it finds on another's.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(90_000)]
public sealed class SharedStateTests(ServerFamily family)
{
    private const string Counts = "SELECT COUNT(*) >= 0 FROM mysql.db";
    private const byte Latin1 = 8;

    private GatewayUnderTest _gateway = null!;

    private SharingReading Sharing => _gateway.Activity.Sharing!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(family, new GatewayOptions
        {
            Sharing = new SharingOptions { On = true, After = TimeSpan.FromMilliseconds(40), KeepFor = TimeSpan.FromSeconds(60) },
        });
    }

    [SetUp]
    public async Task BeginAnew()
    {
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Open == 0, "all clients of the test before are gone");
        _gateway.Database.Close("between two tests");
        _gateway.KnowsNoStoredCode();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    private Task LetGoAsync() => GatewayUnderTest.UntilAsync(() => _gateway.Activity.Active == 0, "the idle sessions have given their connections back");

    private Task<EngineClient> ConnectAsync(string? schema = null, byte collation = CollationId.Utf8Mb4GeneralCi, string user = "app") =>
        _gateway.ConnectAsync(schema, user: user, collation: collation);

    /// <summary>Whoever comes next logs in anew.</summary>
    private async Task EmptyThePoolAsync()
    {
        await LetGoAsync();
        _gateway.Database.OnServerChanged(storedCode: false);
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle == 0, "the pool is empty");
    }

    private static Task<byte[]> ResetAsync(EngineClient client) => client.SendCommandAsync(Command.ResetConnection, default, default);

    [Test]
    public async Task ConnectionThatAClientReset_IsNotTakenForOneWithTheCharacterSetOfItsLogin(CancellationToken cancellation)
    {
        await using var first = await ConnectAsync(collation: Latin1);
        await using var second = await ConnectAsync(collation: Latin1);
        const string ask = "SELECT @@character_set_client, @@collation_connection, COUNT(*) >= 0 FROM mysql.db";
        var own = (await second.QueryAsync(ask, cancellation)).Rows[0];
        Assert.That(own[0], Is.EqualTo("latin1"));
        await LetGoAsync();
        await first.QueryAsync(Counts, cancellation);
        await ResetAsync(first);
        await LetGoAsync();
        Assert.That((await second.QueryAsync(ask, cancellation)).Rows[0], Is.EqualTo(own));
    }

    [Test]
    public async Task InsertReturning_ChangesLastInsertId(CancellationToken cancellation)
    {
        if (family == ServerFamily.MySql) Assert.Ignore("MySQL has no INSERT … RETURNING.");
        await using var client = await ConnectAsync("shop");
        await client.QueryAsync("CREATE OR REPLACE TABLE r (id INT AUTO_INCREMENT PRIMARY KEY, v INT)", cancellation);
        await client.QueryAsync("INSERT INTO r (v) VALUES (1)", cancellation);
        await LetGoAsync();
        await client.QueryAsync("INSERT INTO r (v) VALUES (2) RETURNING id", cancellation);
        await client.QueryAsync("SELECT COUNT(*) FROM r", cancellation);
        await EmptyThePoolAsync();
        Assert.That((await client.QueryAsync("SELECT LAST_INSERT_ID(), COUNT(*) FROM r", cancellation)).Rows[0], Is.EqualTo(new[] { "2", "2" }));
    }

    [Test]
    public async Task Execute_AfterAMove_ComesWithColumnsThatWereAlteredMeanwhile(CancellationToken cancellation)
    {
        // Of a client that has MySQL's flag a server believes no capability of MariaDB's.
        await using var client = await _gateway.ConnectAsync("shop", without: Capabilities.LongPassword, with: Capabilities.MariaDbCacheMetadata | Capabilities.MariaDbExtendedMetadata);
        await client.QueryAllAsync("DROP TABLE IF EXISTS m; CREATE TABLE m (a INT); INSERT INTO m VALUES (7)", cancellation);
        var statement = await client.PrepareAsync("SELECT a FROM m WHERE a = ?");
        await EmptyThePoolAsync();
        await using var root = await _gateway.ConnectDirectlyAsync();
        await root.QueryAsync("ALTER TABLE shop.m MODIFY a VARCHAR(20)", cancellation);
        byte[] execute = [.. PreparedOverPackets.Id(statement), 0, 1, 0, 0, 0, 0, 1, PreparedOverPackets.LongLong, 0, 7, 0, 0, 0, 0, 0, 0, 0];
        var header = ResultSetHeader.Read(await client.SendCommandAsync(Command.StmtExecute, execute, cancellation), client.Login.Capabilities);
        Assert.That(header.HasMetadata, Is.True, "the client knows a number's column only");
    }

    [Test]
    public async Task MultiStatementsSwitchedOff_StayOffAsTheyWouldOnTheServer_AfterAReset(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync();
        await using var direct = await _gateway.ConnectDirectlyAsync();
        var errors = new List<ushort>();
        foreach (var one in new[] { direct, client })
        {
            await one.QueryAsync(Counts, cancellation);
            await one.SendCommandAsync(Command.SetOption, new byte[] { 1, 0 }, cancellation);
            await ResetAsync(one);
            if (one == client) await EmptyThePoolAsync();
            var answer = await one.SendCommandAsync(Command.Query, Encoding.ASCII.GetBytes("DO 1; DO 2"), cancellation);
            errors.Add(answer[0] == ErrPacket.Header ? ErrPacket.Read(answer).Code : (ushort)0);
            if (answer[0] != ErrPacket.Header) await one.ReadPacketAsync(cancellation);
        }
        Assert.That(errors[1], Is.EqualTo(errors[0]));
    }

    [Test]
    public async Task Profiles_AreTheSessionsOwn(CancellationToken cancellation)
    {
        await using var first = await ConnectAsync("shop");
        await using var second = await ConnectAsync("shop");
        await first.QueryAsync("SET profiling = 1", cancellation);
        await first.QueryAsync("SELECT 'a secret', COUNT(*) >= 0 FROM mysql.db", cancellation);
        await Task.Delay(300, cancellation);
        Assert.That(_gateway.Activity.Pinned[0].Why, Does.StartWith("records that the server keeps of its statements"));
        Assert.That((await first.QueryAsync("SHOW PROFILES", cancellation)).Rows.Select(row => row[2]), Has.Some.Contains("a secret"), "it has them still");
        await ResetAsync(first);
        await LetGoAsync();
        await second.QueryAsync(Counts, cancellation);
        Assert.That((await second.QueryAsync("SHOW PROFILES", cancellation)).Rows, Is.Empty, "nobody else has");
    }

    [Test]
    public async Task AccountChangedByABatchThatFailed_EndsWhatWasLoggedInBefore(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync();
        await using var other = await ConnectAsync();
        await Task.WhenAll(client.QueryAsync(Counts, cancellation), other.QueryAsync(Counts, cancellation));
        await LetGoAsync();
        var before = _gateway.AccountsChangedEvents;
        await GatewayUnderTest.ErrorOfAsync(client.QueryAllAsync("GRANT SELECT ON shop.* TO plain@'%'; SELECT nosuch", cancellation));
        Assert.That(_gateway.AccountsChangedEvents, Is.GreaterThan(before));
    }

    [Test]
    public async Task ProcessList_DoesNotShowConnectionsThatNobodyHas(CancellationToken cancellation)
    {
        await using var one = await ConnectAsync("shop");
        await using var two = await ConnectAsync("shop");
        await Task.WhenAll(one.QueryAsync("SELECT SLEEP(2), COUNT(*) FROM mysql.db LIMIT 1", cancellation), two.QueryAsync("SELECT SLEEP(2), COUNT(*) FROM mysql.db LIMIT 1", cancellation));
        await LetGoAsync();
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle >= 2, "both connections are idle");
        var list = await one.QueryAsync("SHOW PROCESSLIST", cancellation);
        var clients = list.Rows.Where(row => row[1] == "app").Select(row => row[0]);
        Assert.That(clients, Is.EquivalentTo(new[] { $"{one.ConnectionId}", $"{two.ConnectionId}" }));
    }

    [Test]
    public async Task FunctionMadeWhileTheServerIsRead_IsNotForgotten(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync("shop");
        await using var other = await ConnectAsync("shop");
        var begun = DateTimeOffset.UtcNow;
        await client.QueryAsync("DROP FUNCTION IF EXISTS shop.sets_it", cancellation);
        await client.QueryAsync("CREATE FUNCTION shop.sets_it() RETURNS INT DETERMINISTIC BEGIN SET @left = 5; RETURN 1; END", cancellation);
        await LetGoAsync();
        _gateway.Database.UseProfile(_gateway.Database.Catalogue!.Profile with { MayRunStoredCode = false, ReadAt = begun });
        await client.QueryAsync("SELECT shop.sets_it(), COUNT(*) >= 0 FROM mysql.db", cancellation);
        await LetGoAsync();
        Assert.That((await other.QueryAsync("SELECT @left, COUNT(*) >= 0 FROM mysql.db", cancellation)).Rows[0], Is.EqualTo(new[] { null, "1" }));
    }

    [Test]
    public async Task PreparedBySql_OfATableThatIsGoneAndBack_SaysWhatTheServerWould(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync("shop");
        await using var direct = await _gateway.ConnectDirectlyAsync();
        foreach (var one in new[] { direct, client })
        {
            await one.QueryAllAsync("DROP TABLE IF EXISTS shop.goes; CREATE TABLE shop.goes (a INT); INSERT INTO shop.goes VALUES (4)", cancellation);
            await one.QueryAsync("PREPARE p FROM 'SELECT a FROM shop.goes'", cancellation);
            await one.QueryAsync("PREPARE q FROM 'SELECT a FROM shop.goes'", cancellation);
            await one.QueryAsync("DROP TABLE shop.goes", cancellation);
            if (one == client) await EmptyThePoolAsync();
            var error = await GatewayUnderTest.ErrorOfAsync(one.QueryAsync("EXECUTE p", cancellation));
            Assert.That((error.Code, error.SqlState), Is.EqualTo((1146, "42S02")));
            await one.QueryAsync("CREATE TABLE shop.goes (a INT)", cancellation);
            Assert.That((await one.QueryAsync("EXECUTE p", cancellation)).Rows, Is.Empty);
            await one.QueryAsync("DROP TABLE shop.goes", cancellation);
            if (one == client) await EmptyThePoolAsync();
            await one.QueryAsync("DEALLOCATE PREPARE q", cancellation);
        }
    }

    [Test]
    public async Task PreparedBySql_InAnotherSchema_WhileTheOwnOneIsGone_IsAnErrorAndTheSessionGoesOn(CancellationToken cancellation)
    {
        await using var client = await ConnectAsync("shop");
        await using var direct = await _gateway.ConnectDirectlyAsync();
        await client.QueryAllAsync("DROP DATABASE IF EXISTS away; CREATE DATABASE away; DROP TABLE IF EXISTS shop.goes; CREATE TABLE shop.goes (a INT)", cancellation);
        await client.QueryAsync("PREPARE p FROM 'SELECT a FROM goes'", cancellation);
        await client.QueryAsync("USE away", cancellation);
        await direct.QueryAllAsync("DROP DATABASE away; DROP TABLE shop.goes", cancellation);
        await EmptyThePoolAsync();
        await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("EXECUTE p", cancellation));
        Assert.That((await client.QueryAsync(Counts, cancellation)).Scalar, Is.EqualTo("1"), "the session goes on");
        await direct.QueryAllAsync("CREATE DATABASE away; CREATE TABLE shop.goes (a INT)", cancellation);
        await EmptyThePoolAsync();
        Assert.That((await client.QueryAsync("EXECUTE p", cancellation)).Rows, Is.Empty);
        Assert.That((await client.QueryAsync("SELECT DATABASE(), COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.EqualTo("away"));
        await direct.QueryAsync("DROP DATABASE away", cancellation);
    }

    /// <summary>A connection tells what was last taken from a sequence, whoever took it.</summary>
    [Test]
    public async Task PositionOfASequence_IsNobodyElses(CancellationToken cancellation)
    {
        if (family == ServerFamily.MySql) Assert.Ignore("MySQL has no sequences.");
        await using var first = await ConnectAsync("shop");
        await using var second = await ConnectAsync("shop");
        await first.QueryAsync("CREATE OR REPLACE SEQUENCE q", cancellation);
        foreach (var take in new[] { "SELECT NEXTVAL(q)", "SELECT NEXT VALUE FOR q" })
        {
            await EmptyThePoolAsync();
            await first.QueryAsync(take, cancellation);
            await LetGoAsync();
            Assert.That((await second.QueryAsync("SELECT LASTVAL(q), COUNT(*) FROM mysql.db", cancellation)).Rows[0][0], Is.Null);
            await ResetAsync(second);
        }
    }

    [Test]
    public async Task PasswordChangedBehindTheGatewaysBack_NoOldConnectionServesTheOldPassword(CancellationToken cancellation)
    {
        await using var root = await _gateway.ConnectDirectlyAsync();
        await root.QueryAllAsync("DROP USER IF EXISTS rotated@'%'; CREATE USER rotated@'%' IDENTIFIED BY 'secret'", cancellation);
        await _gateway.ReadAccountsAsync(root);
        await using var before = await ConnectAsync(user: "rotated");
        await before.QueryAsync("SELECT COUNT(*) FROM information_schema.SCHEMATA", cancellation);
        await LetGoAsync();
        // It has left its session a moment before it is in the pool.
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle == 1, "its connection is in the pool");
        await root.QueryAsync("ALTER USER rotated@'%' IDENTIFIED BY 'another'", cancellation);
        await _gateway.ReadAccountsAsync(root);
        await GatewayUnderTest.UntilAsync(() => Sharing.Idle == 0, "the connection of the old password is closed");
        var refused = await GatewayUnderTest.ErrorOfAsync(before.QueryAsync("SELECT COUNT(*) FROM information_schema.SCHEMATA", cancellation));
        Assert.That(refused.EngineMessage, Does.Contain("connect again"));
        await using var after = await _gateway.ConnectAsync(user: "rotated", password: "another");
        Assert.That((await after.QueryAsync("SELECT COUNT(*) > 0 FROM information_schema.SCHEMATA", cancellation)).Scalar, Is.EqualTo("1"));
        await root.QueryAsync("DROP USER rotated@'%'", cancellation);
    }
}
