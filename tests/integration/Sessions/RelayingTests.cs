using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>What goes through the relay arrives as it was sent.</summary>
[CancelAfter(180_000)]
public sealed class RelayingTests
{
    private const int Large = 17 * 1024 * 1024;
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync(options: null, "--max-allowed-packet=64M", "--local-infile=1");
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [Test]
    public async Task SeveralStatements_AnswerInTurn([Values] bool deprecateEof, [Values] bool sessionTrack, CancellationToken cancellation)
    {
        var without = (deprecateEof ? Capabilities.None : Capabilities.DeprecateEof) | (sessionTrack ? Capabilities.None : Capabilities.SessionTrack);
        await using var client = await _gateway.ConnectAsync(without: without);
        var results = await client.QueryAllAsync("SELECT 1; SET @a = 5, time_zone = '+01:00'; USE shop; SELECT @a, DATABASE(), @@time_zone; DO 1", cancellation);
        Assert.That(results, Has.Count.EqualTo(5));
        Assert.That(results[3].Rows[0], Is.EqualTo(new[] { "5", "shop", "+01:00" }));
        Assert.That(results[1].Status.HasFlag(ServerStatus.SessionStateChanged), Is.EqualTo(sessionTrack));
    }

    [Test]
    public async Task ProcedureWithResults_AnswersAll(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE OR REPLACE PROCEDURE two() BEGIN SELECT 1; SELECT 2, 3; END", cancellation);
        var results = await client.QueryAllAsync("CALL two()", cancellation);
        Assert.That(results.Select(result => result.Columns.Count), Is.EqualTo(new[] { 1, 2, 0 }));
    }

    [Test]
    public async Task ExecuteOver16MiB_WithThousandsOfParameters_ArrivesWhole(CancellationToken cancellation)
    {
        const int parameters = 8_000;
        await using var client = await _gateway.ConnectAsync();
        var id = await client.PrepareAsync($"SELECT LENGTH(CONCAT({string.Join(',', Enumerable.Repeat('?', parameters))}))");
        using var body = new PacketWriter();
        body.Bytes([.. PreparedOverPackets.Id(id), 0, 1, 0, 0, 0]);
        body.Zeros(parameters / 8);
        body.UInt8(1);
        for (var i = 0; i < parameters; i++) body.Bytes([PreparedOverPackets.VarString, 0]);
        body.LengthEncodedBytes(new byte[Large]);
        for (var i = 1; i < parameters; i++) body.LengthEncodedBytes("x"u8);
        var first = await client.SendCommandAsync(Command.StmtExecute, body.Written.ToArray(), cancellation);
        Assert.That(first[0], Is.EqualTo(1), "one column");
        await client.ReadPacketAsync(cancellation);
        var row = await client.ReadPacketAsync(cancellation);
        Assert.That(BitConverter.ToInt32(row, 2), Is.EqualTo(Large + parameters - 1));
        await client.ReadPacketAsync(cancellation);
        Assert.That((await client.QueryAsync("SELECT 5", cancellation)).Scalar, Is.EqualTo("5"));
    }

    [Test]
    public async Task RowOver16MiB_ComesWhole(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var result = await client.QueryAsync($"SELECT REPEAT('ab', {Large / 2}), 'end'", cancellation, new QueryLimits(10, 2 * Large));
        Assert.That(result.Rows[0][0]!.Length, Is.EqualTo(Large / 2 * 2));
        Assert.That(result.Rows[0][1], Is.EqualTo("end"));
    }

    [TestCase(100_000)]
    [TestCase(Large)]
    [TestCase(0xffffff - 19)]
    [TestCase(0xffffff - 20)]
    public async Task LongStatement_ArrivesWhole(int length)
    {
        await using var client = await _gateway.ConnectAsync();
        var result = await client.QueryAsync($"SELECT LENGTH('{new string('x', length)}')", default);
        Assert.That(result.Scalar, Is.EqualTo($"{length}"));
        Assert.That((await client.QueryAsync("SELECT 3", default)).Scalar, Is.EqualTo("3"));
    }

    [Test]
    public async Task StatementThatWasNotSeenWhole_PinsItsSession()
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync($"SELECT LENGTH('{new string('x', Large)}')", default);
        Assert.That(_gateway.Activity.Pinned.Single().ConnectionId, Is.EqualTo(client.ConnectionId));
    }

    [Test]
    public async Task ManyRows_ComeInOrder(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var result = await client.QueryAsync("SELECT seq, REPEAT('x', seq MOD 400) FROM mysql.seq_1_to_50000", cancellation);
        Assert.That(result.Rows.Select((row, i) => row[0] == $"{i + 1}" && row[1]!.Length == (i + 1) % 400), Is.All.True);
    }

    [Test]
    public async Task LocalInfile_GoesThrough()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, Enumerable.Range(1, 20_000).Select(i => $"{i}\trow {i}"));
            var output = await ClientProgram.MariaDbAsync(
                _gateway,
                $"CREATE OR REPLACE TABLE shop.loaded (a INT, b TEXT); LOAD DATA LOCAL INFILE '{file}' INTO TABLE shop.loaded; SELECT COUNT(*), SUM(a) FROM shop.loaded;"
                + "LOAD DATA LOCAL INFILE '/nowhere' INTO TABLE shop.loaded; SELECT 'after';",
                "--local-infile", "--force");
            Assert.That(output, Does.Contain("20000\t200010000").And.Contain("after").And.Contain("ERROR"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task OtherCommands_AreAnsweredByTheEngine(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE IF NOT EXISTS listed (a INT, b INT)", cancellation);
        Assert.That(Encoding.UTF8.GetString(await client.SendCommandAsync(Command.Statistics, default, cancellation)), Does.StartWith("Uptime:"));
        Assert.That((await client.SendCommandAsync(Command.InitDb, "mysql"u8.ToArray(), cancellation))[0], Is.Zero);
        Assert.That((await client.QueryAsync("SELECT DATABASE()", cancellation)).Scalar, Is.EqualTo("mysql"));
        Assert.That((await client.SendCommandAsync(Command.InitDb, "shop"u8.ToArray(), cancellation))[0], Is.Zero);
        Assert.That(Encoding.UTF8.GetString(await client.SendCommandAsync(Command.FieldList, "listed\0"u8.ToArray(), cancellation)), Does.Contain("listed"));
        Assert.That(Encoding.UTF8.GetString(await client.ReadPacketAsync(cancellation)), Does.Contain("listed"));
        Assert.That((await client.ReadPacketAsync(cancellation))[0], Is.EqualTo(EofPacket.Header));
        Assert.That((await client.SendCommandAsync(Command.SetOption, new byte[] { 1, 0 }, cancellation))[0], Is.EqualTo(EofPacket.Header));
        Assert.That((await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT 1; SELECT 2", cancellation))).Code, Is.EqualTo(ErrorCode.ParseError));
        var unknown = ErrPacket.Read(await client.SendCommandAsync((Command)0x77, default, cancellation));
        Assert.That(unknown.Code, Is.EqualTo(ErrorCode.UnknownCommand));
        Assert.That((await client.QueryAsync("SELECT 5", cancellation)).Scalar, Is.EqualTo("5"));
    }

    [Test]
    public async Task SetOption_SurvivesASleepOfTheSession(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.SendCommandAsync(Command.SetOption, new byte[] { 1, 0 }, cancellation);
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        await _gateway.DrainAsync(byOperator: true);
        _gateway.Open();
        Assert.That((await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT 1; SELECT 2", cancellation))).Code, Is.EqualTo(ErrorCode.ParseError));
    }

    [Test]
    public async Task ClientThatReadsSlowly_DoesNotMakeTheGatewayBuffer(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.PingAsync(cancellation);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await client.SendAsync(Command.Query, "SELECT REPEAT('x', 100000) FROM mysql.seq_1_to_2000"u8.ToArray());
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Running == 1, "the statement runs");
        await Task.Delay(300, cancellation);
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(8 << 20));
        Assert.That(_gateway.Activity.Running, Is.EqualTo(1));
        client.Abort();
        await GatewayUnderTest.UntilAsync(() => _gateway.Activity.Running == 0, "the statement ended with its client");
    }

    [Test]
    public async Task PyMySql_SeesErrorsRowsAndInsertIds()
    {
        var output = await ClientProgram.PythonAsync(
            _gateway,
            """
            c = connect(database='shop', autocommit=True)
            q = c.cursor()
            q.execute("CREATE OR REPLACE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, b LONGBLOB)")
            q.execute("INSERT INTO ids (b) VALUES (%s)", (b'\0\xff' * 200000,))
            print(q.lastrowid, q.rowcount)
            q.execute("SELECT LENGTH(b) FROM ids")
            print(q.fetchone())
            try:
                q.execute("SELECT nothing")
            except pymysql.MySQLError as e:
                print(e.args[0])
            q.execute("SELECT 1")
            print(q.fetchone())
            """);
        Assert.That(output.Trim().Split('\n'), Is.EqualTo(new[] { "1 1", "(400000,)", "1054", "(1,)" }));
    }
}
