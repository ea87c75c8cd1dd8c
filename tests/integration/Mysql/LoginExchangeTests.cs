using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>Logins at servers that misbehave, or do what the real ones at hand cannot.</summary>
[CancelAfter(60_000)]
public sealed class LoginExchangeTests
{
    private EventLoop _loop = null!;

    [SetUp]
    public void StartLoop() => _loop = new EventLoop();

    [TearDown]
    public void EndLoop() => _loop.Dispose();

    [Test]
    public void Connect_ServerSwitchesToAnUnsupportedPlugin_NamesIt()
    {
        using var server = new ScriptedServer(async channel =>
        {
            await ScriptedServer.GreetAsync(channel);
            await ScriptedServer.SendAsync(channel, Payload.Of(new AuthSwitchRequest("client_ed25519", Nonce.Create())));
        });
        Assert.That(async () => await ConnectAsync(server), Throws.TypeOf<LoginFailedException>().With.Message.Contains("client_ed25519").And.Message.Contains("'app'"));
    }

    [Test]
    public void Connect_ServerSwitchesToTheOldestPlugin_NamesIt()
    {
        using var server = new ScriptedServer(async channel =>
        {
            await ScriptedServer.GreetAsync(channel);
            await ScriptedServer.SendAsync(channel, [0xfe]);
        });
        Assert.That(async () => await ConnectAsync(server), Throws.TypeOf<LoginFailedException>().With.Message.Contains("mysql_old_password"));
    }

    [Test]
    public async Task Connect_ServerSwitchesToAnotherNonce_UsesIt()
    {
        var nonce = Nonce.Create();
        byte[] token = [];
        using var server = new ScriptedServer(async channel =>
        {
            await ScriptedServer.GreetAsync(channel);
            await ScriptedServer.SendAsync(channel, Payload.Of(new AuthSwitchRequest(AuthPlugins.NativePassword, nonce)));
            token = (await channel.ReadPacketAsync()).ToArray();
            channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
            await channel.FlushAsync();
        });
        await using var client = await ConnectAsync(server);
        Assert.That(token, Is.EqualTo(NativePassword.Token("secret"u8, nonce)));
    }

    [Test]
    public void Connect_ServerIsFull_GivesItsError()
    {
        using var server = new ScriptedServer(channel =>
            ScriptedServer.SendAsync(channel, Payload.Of(new ErrPacket(ErrorCode.TooManyConnections, "Too many connections") { WithSqlState = false })));
        Assert.That(async () => await ConnectAsync(server), Throws.TypeOf<EngineErrorException>().With.Property("Code").EqualTo(ErrorCode.TooManyConnections));
    }

    [Test]
    public void Connect_ServerSpeaksSomethingElse_IsMalformed()
    {
        using var server = new ScriptedServer(async channel =>
        {
            channel.Output.Bytes("SSH-2.0-OpenSSH_9.2\r\n"u8);
            await channel.FlushAsync();
        });
        Assert.That(async () => await ConnectAsync(server), Throws.TypeOf<MalformedPacketException>());
    }

    [Test]
    public void Connect_ServerSendsAFalseRsaKey_SaysSo()
    {
        using var server = new ScriptedServer(async channel =>
        {
            await ScriptedServer.GreetAsync(channel);
            await ScriptedServer.SendAsync(channel, Payload.Of(new AuthSwitchRequest(AuthPlugins.CachingSha2, Nonce.Create())));
            await channel.ReadPacketAsync();
            await ScriptedServer.SendAsync(channel, [AuthMoreData.Header, CachingSha2Password.FullAuthNeeded]);
            await channel.ReadPacketAsync();
            await ScriptedServer.SendAsync(channel, (byte[])[AuthMoreData.Header, .. "no key"u8]);
        });
        Assert.That(async () => await ConnectAsync(server), Throws.TypeOf<LoginFailedException>().With.Message.Contains("RSA key"));
    }

    [Test]
    public void Connect_ServerSaysNothing_EndsWhenCancelled()
    {
        using var server = new ScriptedServer(_ => Task.CompletedTask);
        using var source = new CancellationTokenSource(100);
        Assert.That(async () => await ConnectAsync(server, source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Connect_ServerHangsUp_IsConnectionLost()
    {
        using var server = new ScriptedServer(channel =>
        {
            channel.Transport.Abort();
            return Task.CompletedTask;
        });
        Assert.That(async () => await ConnectAsync(server), Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public void Query_AnswerEndsInTheMiddle_IsConnectionLostAndCloses()
    {
        using var server = new ScriptedServer(async channel =>
        {
            await ScriptedServer.GreetAsync(channel);
            channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
            await channel.FlushAsync();
            channel.Sequence = 0;
            await channel.ReadPacketAsync();
            ResultSetWriter.Begin(channel, ScriptedServer.Greeting.Capabilities, ServerStatus.AutoCommit, ColumnDefinition41.Text("a"));
            await channel.FlushAsync();
            channel.Transport.Abort();
        });
        Assert.That(async () =>
        {
            await using var client = await ConnectAsync(server);
            await client.QueryAsync("SELECT a", default);
        }, Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task Query_AnsweredByTheResultSetWriter_ReadsBackAsWritten([Values] bool deprecateEof, [Values] bool cacheMetadata)
    {
        var capabilities = EngineLogin.DefaultCapabilities & ~Capabilities.LongPassword;
        if (!deprecateEof) capabilities &= ~Capabilities.DeprecateEof;
        if (cacheMetadata) capabilities |= Capabilities.MariaDbCacheMetadata | Capabilities.MariaDbExtendedMetadata;
        using var server = new ScriptedServer(async channel =>
        {
            channel.Append(ScriptedServer.Greeting with { Capabilities = capabilities });
            await channel.FlushAsync();
            await channel.ReadPacketAsync();
            channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
            await channel.FlushAsync();
            channel.Sequence = 0;
            await channel.ReadPacketAsync();
            var result = ResultSetWriter.Begin(channel, capabilities, ServerStatus.AutoCommit, ColumnDefinition41.Text("name"), ColumnDefinition41.Integer("n"));
            result.Row("ü", "1");
            result.Row(null, "2");
            result.End(ServerStatus.AutoCommit, warnings: 3);
            await channel.FlushAsync();
        });
        await using var client = await EngineClient.ConnectAsync(_loop, Login(server) with { Capabilities = capabilities }, default);
        var result = await client.QueryAsync("SELECT", default);
        Assert.That(result.Columns, Is.EqualTo(new[] { "name", "n" }));
        Assert.That(result.Rows, Is.EqualTo(new string?[][] { ["ü", "1"], [null, "2"] }));
        Assert.That((result.Warnings, result.Status), Is.EqualTo(((ushort)3, ServerStatus.AutoCommit)));
    }

    private static EngineLogin Login(ScriptedServer server) => new(server.Address, "app", LoginSecret.FromPassword("secret"));

    private Task<EngineClient> ConnectAsync(ScriptedServer server, CancellationToken cancellation = default) =>
        EngineClient.ConnectAsync(_loop, Login(server), cancellation);
}
