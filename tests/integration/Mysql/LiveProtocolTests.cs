using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>Packets that are seldom used, as a real MariaDB sends and takes them.</summary>
[CancelAfter(120_000)]
public sealed class LiveProtocolTests
{
    private MariaDbServer _server = null!;
    private EventLoop _loop = null!;
    private EngineClient _client = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        _loop = new EventLoop();
        _server = await MariaDbServer.StartAsync();
    }

    [OneTimeTearDown]
    public void StopServer()
    {
        _server?.Dispose();
        _loop.Dispose();
    }

    [SetUp]
    public async Task Connect() => _client = await EngineClient.ConnectAsync(
        _loop, new EngineLogin(new BackendAddress(_server.SocketPath, Tcp: null, ReadsProxyHeader: true), "root", LoginSecret.Empty), default);

    [TearDown]
    public async Task Disconnect() => await _client.DisposeAsync();

    [Test]
    public async Task OkPacket_OfSetAndUse_TellsWhatChanged(CancellationToken cancellation)
    {
        await _client.ExecuteAsync("SET session_track_system_variables = '*', session_track_transaction_info = 'CHARACTERISTICS', session_track_state_change = ON", cancellation);
        Assert.That(await ChangesAsync("SET time_zone = '+02:00', @@sql_mode = 'ANSI'", cancellation), Is.SupersetOf(new[] { "SystemVariable time_zone=+02:00", "StateChange =1" }));
        Assert.That(await ChangesAsync("USE mysql", cancellation), Has.Member("Schema =mysql"));
        Assert.That(await ChangesAsync("START TRANSACTION READ ONLY", cancellation), Is.SupersetOf(new[] { "TransactionState =T_______", "TransactionCharacteristics =START TRANSACTION READ ONLY;" }));
    }

    [Test]
    public async Task Statement_PreparedAndExecuted_IsUnderstoodOnBothSides(CancellationToken cancellation)
    {
        var answer = await _client.SendCommandAsync(Command.StmtPrepare, Encoding.UTF8.GetBytes("SELECT ? + 1 AS a, ? AS b"), cancellation);
        var prepared = StmtPrepareOk.Read(answer, _client.Login.Capabilities);
        Assert.That((prepared.Columns, prepared.Parameters), Is.EqualTo(((ushort)2, (ushort)2)));
        for (var i = 0; i < 4; i++) Assert.That(ColumnDefinition41.Read(await _client.ReadPacketAsync(cancellation), _client.Login.Capabilities).Flags, Is.Not.EqualTo((ColumnFlags)0xffff));

        byte[] execute = [.. BitConverter.GetBytes(prepared.StatementId), 0, 1, 0, 0, 0, 0, 1, 8, 0, 0xfd, 0, 41, 0, 0, 0, 0, 0, 0, 0, 2, (byte)'h', (byte)'i'];
        var outline = StmtExecute.Read([(byte)Command.StmtExecute, .. execute], prepared.Parameters, _client.Login.Capabilities);
        Assert.That((outline.StatementId, outline.HasTypes, outline.Types.Length), Is.EqualTo((prepared.StatementId, true, 4)));
        var first = await _client.SendCommandAsync(Command.StmtExecute, execute, cancellation);
        Assert.That(ResultSetHeader.Read(first, _client.Login.Capabilities).Columns, Is.EqualTo(2));
        await _client.ReadPacketAsync(cancellation);
        await _client.ReadPacketAsync(cancellation);
        var row = await _client.ReadPacketAsync(cancellation);
        Assert.That(row, Does.Contain((byte)42));
        Assert.That(OkPacket.Read(await _client.ReadPacketAsync(cancellation), _client.Login.Capabilities).EndsResultSet);
    }

    [Test]
    public async Task ChangeUser_ToTheSameAccount_IsTaken(CancellationToken cancellation)
    {
        var change = Payload.Of(new ChangeUser("root", default, "mysql", CollationId.Utf8Mb4GeneralCi, AuthPlugins.NativePassword, [new("_client_name", "test")]));
        var answer = await _client.SendCommandAsync(Command.ChangeUser, change.AsMemory(1), cancellation);
        if (answer[0] == AuthSwitchRequest.Header)
        {
            // The token was made for the greeting's nonce; MariaDB asks again with one of its own.
            answer = await _loop.RunAsync(async () =>
            {
                _client.Channel.Append([]);
                await _client.Channel.FlushAsync();
                return (await _client.Channel.ReadPacketAsync()).ToArray();
            });
        }
        Assert.That(answer[0], Is.EqualTo(OkPacket.Header));
        Assert.That((await _client.QueryAsync("SELECT DATABASE()", cancellation)).Scalar, Is.EqualTo("mysql"));
    }

    [Test]
    public async Task Ping_IsAnswered(CancellationToken cancellation) => await _client.PingAsync(cancellation);

    private async Task<List<string>> ChangesAsync(string sql, CancellationToken cancellation)
    {
        var answer = await _client.SendCommandAsync(Command.Query, Encoding.UTF8.GetBytes(sql), cancellation);
        return Read(OkPacket.Read(answer, _client.Login.Capabilities).SessionState);

        static List<string> Read(ReadOnlySpan<byte> state)
        {
            var changes = new List<string>();
            var reader = new SessionTrackReader(state);
            while (reader.Next()) changes.Add($"{reader.Kind} {Encoding.UTF8.GetString(reader.Name)}={Encoding.UTF8.GetString(reader.Value)}");
            return changes;
        }
    }
}
