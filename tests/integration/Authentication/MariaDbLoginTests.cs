using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>Accounts of a real MariaDB, which does not run any more when the clients log in.</summary>
[CancelAfter(120_000)]
public sealed class MariaDbLoginTests
{
    private readonly LocalHandler _sessions = new();
    private EngineFacts _facts = null!;
    private TestGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task ReadAccounts()
    {
        using var loop = new EventLoop();
        using var server = await MariaDbServer.StartAsync();
        await using (var root = await EngineClient.ConnectAsync(loop, new EngineLogin(new BackendAddress(server.SocketPath, null, false), "root", LoginSecret.Empty), default))
        {
            await root.QueryAllAsync(
                """
                CREATE USER app@'%' IDENTIFIED BY 'right';
                CREATE USER umlaut@'%' IDENTIFIED BY 'pässwörd';
                CREATE USER nopass@'%';
                CREATE USER locked@'%' IDENTIFIED BY 'right' ACCOUNT LOCK;
                CREATE USER expired@'%' IDENTIFIED BY 'right' PASSWORD EXPIRE;
                CREATE USER tls@'%' IDENTIFIED BY 'right' REQUIRE SSL;
                INSERT INTO mysql.global_priv VALUES ('%', 'edward', '{"plugin":"ed25519","authentication_string":"ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY"}');
                CREATE USER socket@'%' IDENTIFIED VIA unix_socket;
                CREATE USER invalid@'%' IDENTIFIED VIA mysql_native_password USING 'invalid';
                CREATE USER far@'203.0.113.9' IDENTIFIED BY 'right';
                CREATE USER near@'127.0.0.0/255.255.255.0' IDENTIFIED BY 'right';
                CREATE USER near@'%' IDENTIFIED BY 'wrong';
                """, default);
        }
        _facts = await EngineFacts.ReadAsync(loop, server.SocketPath);
        _gateway = TestGateway.Start(_sessions, _facts);
    }

    [OneTimeTearDown]
    public async Task StopGateway()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [Test]
    public async Task Login_RightPassword_Succeeds()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "app", "right"), Is.EqualTo("app@%"));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "app", "right"), Is.EqualTo("app@%"));
    }

    [Test]
    public async Task Login_PasswordBeyondAscii_Succeeds() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "umlaut", "pässwörd"), Is.EqualTo("umlaut@%"));

    [Test]
    public async Task Login_WrongPassword_IsDeniedInTheServersWords()
    {
        var denied = "(28000): Access denied for user 'app'@'127.0.0.1' (using password: YES)";
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "app", "wrong"), Does.Contain("ERROR 1045 ").And.Contain(denied));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "app", "wrong"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_NoPasswordWhereThereIsOne_IsDenied() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "app", ""), Does.Contain("Access denied for user 'app'@'127.0.0.1' (using password: NO)"));

    [Test]
    public async Task Login_UnknownUser_LooksLikeAWrongPassword() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "nobody", "right"), Does.Contain("ERROR 1045 (28000): Access denied for user 'nobody'@'127.0.0.1' (using password: YES)"));

    [Test]
    public async Task Login_AccountWithoutPassword_TakesNoneOnly()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "nopass", ""), Is.EqualTo("nopass@%"));
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "nopass", "any"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_LockedAccount_IsToldSoOnlyWithTheRightPassword()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "locked", "right"), Does.Contain("ERROR 4151 (HY000): Access denied, this account is locked"));
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "locked", "wrong"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_ExpiredPassword_IsRefusedWhereTheServerDisconnectsThem()
    {
        var variables = new Dictionary<string, string>(_facts.Profile.Variables) { ["disconnect_on_expired_password"] = "ON" };
        await using var strict = TestGateway.Start(new LocalHandler(), _facts with { Profile = _facts.Profile with { Variables = variables } });
        Assert.That(await Cli.PyMySqlAsync(strict.Port, "expired", "right"), Does.Contain("ERROR 1862"));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "expired", "right"), Is.EqualTo("expired@%"), "MariaDB lets them in by default, to change it");
    }

    [Test]
    public async Task Login_AccountThatRequiresTls_IsRefusedWithoutIt() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "tls", "right"), Does.Contain("ERROR 1045 (28000)").And.Contain("requires TLS"));

    [TestCase("edward", "ed25519")]
    [TestCase("socket", "unix_socket")]
    public async Task Login_PluginTheGatewayDoesNotKnow_IsNamed(string user, string plugin) =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, user, "right"), Does.Contain("ERROR 1524 (HY000)").And.Contain(plugin));

    [Test]
    public async Task Login_StoredTextThatIsNoHash_FitsNoPassword() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "invalid", "invalid"), Does.Contain("ERROR 1045"));

    [Test]
    public async Task Login_AccountOfAnotherHost_IsDenied() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "far", "right"), Does.Contain("ERROR 1045"));

    [Test]
    public async Task Login_SeveralHostsMatch_TheMoreSpecificPasswordCounts()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "near", "right"), Is.EqualTo("near@127.0.0.0/255.255.255.0"));
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "near", "wrong"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_ClientThatStartsWithAnotherPlugin_IsAskedToSwitch() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "app", "right", "SELECT CURRENT_USER()", "--default-auth=caching_sha2_password"), Is.EqualTo("app@%"));

    [Test]
    public async Task Login_Succeeds_TheSessionKnowsWhatTheEngineWillBeTold()
    {
        await using var client = await _gateway.ConnectAsync("app", "right", login => login with
        {
            Database = "shop", CollationId = 33, Attributes = [new("program_name", "test"), new("_os", "Linux")],
        });
        var session = _sessions.Clients[client.ConnectionId];
        Assert.That(session.Schema, Is.EqualTo("shop"));
        Assert.That(session.CollationId, Is.EqualTo(33));
        Assert.That(session.ConnectionAttributes!.Unpack(), Is.EqualTo(new KeyValuePair<string, string>[] { new("program_name", "test"), new("_os", "Linux") }));
        Assert.That(session.EndPoint!.Address.ToString(), Is.EqualTo("127.0.0.1"));
    }

    [Test]
    public async Task ChangeUser_RightPassword_BecomesTheOtherAccount()
    {
        await using var client = await _gateway.ConnectAsync("app", "right");
        await ChangeUserAsync(client, "near", "right");
        Assert.That((await client.QueryAsync("SELECT CURRENT_USER()", default)).Scalar, Is.EqualTo("near@127.0.0.0/255.255.255.0"));
    }

    [Test]
    public async Task ChangeUser_WrongPassword_IsDeniedAndEndsTheConnection()
    {
        await using var client = await _gateway.ConnectAsync("app", "right");
        var error = await Assert.ThrowsAsync<EngineErrorException>(() => ChangeUserAsync(client, "near", "wrong"));
        Assert.That(error!.Code, Is.EqualTo(1045));
        await Assert.ThatAsync(() => client.PingAsync(default), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Login_LastSessionOfAnAccountEnds_ItsSecretIsForgotten()
    {
        await using var gateway = TestGateway.Start(new LocalHandler(), _facts);
        var first = await gateway.ConnectAsync("app", "right");
        var second = await gateway.ConnectAsync("app", "right");
        Assert.That(gateway.Database.Secrets.Count, Is.EqualTo(1));
        await first.DisposeAsync();
        await second.DisposeAsync();
        await gateway.Listener.StopAsync(TimeSpan.FromSeconds(10));
        Assert.That(gateway.Database.Secrets.Count, Is.Zero);
    }

    private static async Task ChangeUserAsync(EngineClient client, string user, string password)
    {
        using var writer = new PacketWriter();
        writer.Begin();
        new ChangeUser(user, default, null, 45, AuthPlugins.NativePassword, []).WriteTo(writer);
        writer.End(0);
        var asked = await client.SendCommandAsync(Command.ChangeUser, writer.Written[5..].ToArray(), default);
        var nonce = AuthSwitchRequest.Read(asked).Data;
        await client.Channel.Loop.RunAsync(async () =>
        {
            client.Channel.Append(NativePassword.Token(System.Text.Encoding.UTF8.GetBytes(password), nonce.Span));
            await client.Channel.FlushAsync();
        });
        var answer = await client.ReadPacketAsync(default);
        if (answer[0] == ErrPacket.Header) throw new EngineErrorException(ErrPacket.Read(answer));
    }
}
