using System.Security.Cryptography;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>Accounts of a real MySQL 9 (caching_sha2_password), which does not run any more when the clients log in.</summary>
[CancelAfter(180_000)]
public sealed class MySqlLoginTests
{
    private EngineFacts _facts = null!;
    private TestGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task ReadAccounts()
    {
        using var loop = new EventLoop();
        using var server = await MySqlServer.StartAsync();
        await using (var root = await EngineClient.ConnectAsync(loop, new EngineLogin(new BackendAddress(server.SocketPath, null, false), "root", LoginSecret.Empty), default))
        {
            await root.QueryAllAsync(
                """
                CREATE USER app@'%' IDENTIFIED BY 'right';
                CREATE USER fast@'%' IDENTIFIED BY 'right';
                CREATE USER keeper@'%' IDENTIFIED BY 'right';
                CREATE USER nopass@'%';
                CREATE USER locked@'%' IDENTIFIED BY 'right' ACCOUNT LOCK;
                CREATE USER expired@'%' IDENTIFIED BY 'right' PASSWORD EXPIRE;
                CREATE USER masked@'127.0.0.0/8' IDENTIFIED BY 'right';
                """, default);
        }
        _facts = await EngineFacts.ReadAsync(loop, server.SocketPath);
        _gateway = TestGateway.Start(new LocalHandler(), _facts);
    }

    [OneTimeTearDown]
    public async Task StopGateway()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [Test]
    public async Task Login_RightPasswordOverTheGatewaysKey_Succeeds()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "app", "right"), Is.EqualTo("app@%"));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "app", "right"), Is.EqualTo("app@%"));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "masked", "right"), Is.EqualTo("masked@127.0.0.0/8"));
    }

    [Test]
    public async Task Login_WrongPassword_IsDenied()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "app", "wrong"), Does.Contain("ERROR 1045 (28000): Access denied for user 'app'@'127.0.0.1' (using password: YES)"));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "app", "wrong"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_UnknownUser_IsAskedForItsPasswordLikeAnyOther()
    {
        Assert.That(await FirstByteOfFullAuthenticationAsync("nobody"), Is.EqualTo(CachingSha2Password.FullAuthNeeded));
        Assert.That(await FirstByteOfFullAuthenticationAsync("app"), Is.EqualTo(CachingSha2Password.FullAuthNeeded));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "nobody", "right"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_AccountWithoutPassword_TakesNoneOnly()
    {
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "nopass", ""), Is.EqualTo("nopass@%"));
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "nopass", "any"), Does.Contain("ERROR 1045"));
    }

    [Test]
    public async Task Login_LockedAccount_IsToldSo() =>
        Assert.That(await Cli.MariaDbAsync(_gateway.Port, "locked", "right"), Does.Contain("ERROR 3118 (HY000): Access denied for user 'locked'@'127.0.0.1'. Account is locked."));

    [Test]
    public async Task Login_ExpiredPassword_IsRefusedUnlessTheClientCanChangeIt()
    {
        Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "expired", "right"), Does.Contain("ERROR 1862"));
        await using var client = await _gateway.ConnectAsync(
            "expired", "right", login => login with { Capabilities = login.Capabilities | Capabilities.CanHandleExpiredPasswords });
        Assert.That(client.IsClosed, Is.False);
    }

    [Test]
    public async Task Login_WhileASessionOfTheAccountLives_NeedsNoFullAuthentication()
    {
        Assert.That(await FirstByteOfFullAuthenticationAsync("fast"), Is.EqualTo(CachingSha2Password.FullAuthNeeded), "before");
        await using (await _gateway.ConnectAsync("fast", "right"))
        {
            Assert.That(await FirstByteOfFullAuthenticationAsync("fast"), Is.EqualTo(CachingSha2Password.FastAuthOk), "while");
            Assert.That(await Cli.PyMySqlAsync(_gateway.Port, "fast", "wrong"), Does.Contain("ERROR 1045"));
        }
        await Tests.Integration.EndToEnd.Eventually.HoldsAsync(
            async () => await FirstByteOfFullAuthenticationAsync("fast") == CachingSha2Password.FullAuthNeeded, TimeSpan.FromSeconds(10), () => Task.FromResult("forgotten after"));
    }

    [Test]
    public async Task Login_WhatIsNotEncryptedToTheKey_IsDenied()
    {
        await using var stranger = await Stranger.ConnectAsync(_gateway);
        await stranger.AnswerAsync("app", new byte[CachingSha2Password.HashLength], AuthPlugins.CachingSha2);
        await stranger.ReadAsync();
        await stranger.SendAsync(RandomNumberGenerator.GetBytes(256));
        var error = ErrPacket.Read((await stranger.ReadAsync()).Span);
        Assert.That(error.Code, Is.EqualTo(1045));
    }

    /// <summary>What the gateway answers to a right token.</summary>
    private async Task<byte> FirstByteOfFullAuthenticationAsync(string user)
    {
        await using var stranger = await Stranger.ConnectAsync(_gateway);
        await stranger.AnswerAsync(user, CachingSha2Password.Token("right"u8, stranger.Greeting.Nonce.Span), AuthPlugins.CachingSha2);
        return AuthMoreData.Read((await stranger.ReadAsync()).Span).Data[0];
    }
}
