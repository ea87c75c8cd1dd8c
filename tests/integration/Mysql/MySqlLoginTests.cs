using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>caching_sha2_password with a real MySQL.</summary>
[CancelAfter(180_000)]
public sealed class MySqlLoginTests
{
    private MySqlServer _server = null!;
    private EventLoop _loop = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        MySqlServer.RequireProgram();
        _loop = new EventLoop();
        _server = await MySqlServer.StartAsync();
        await using var root = await EngineClient.ConnectAsync(_loop, Login("root", "") with { Address = Unix }, default);
        await root.QueryAllAsync("CREATE USER app@'%' IDENTIFIED BY 'päss'; CREATE USER plain@'%' IDENTIFIED BY 'other'", default);
    }

    [OneTimeTearDown]
    public void StopServer()
    {
        _server?.Dispose();
        _loop?.Dispose();
    }

    [Test]
    public async Task Login_OverTcp_FullByRsaAndThenFast(CancellationToken cancellation)
    {
        await FlushAsync();
        for (var i = 0; i < 2; i++)
        {
            await using var client = await EngineClient.ConnectAsync(_loop, Login("app", "päss"), cancellation);
            Assert.That((await client.QueryAsync("SELECT CURRENT_USER()", cancellation)).Scalar, Is.EqualTo("app@%"));
        }
    }

    [Test]
    public async Task Login_OverTheUnixSocket_FullInTheClear(CancellationToken cancellation)
    {
        await FlushAsync();
        await using var client = await EngineClient.ConnectAsync(_loop, Login("app", "päss") with { Address = Unix }, cancellation);
        Assert.That((await client.QueryAsync("SELECT CURRENT_USER()", cancellation)).Scalar, Is.EqualTo("app@%"));
    }

    [Test]
    public async Task Login_WrongPassword_IsAccessDenied([Values] bool unix)
    {
        await FlushAsync();
        var login = unix ? Login("app", "wrong") with { Address = Unix } : Login("app", "wrong");
        Assert.That(
            async () => await EngineClient.ConnectAsync(_loop, login, default),
            Throws.TypeOf<EngineErrorException>().With.Property("Code").EqualTo(ErrorCode.AccessDenied));
    }

    [Test]
    public async Task StoredSha2Password_AsTheServerKeepsIt_FitsItsPasswordOnly(CancellationToken cancellation)
    {
        await using var root = await EngineClient.ConnectAsync(_loop, Login("root", "") with { Address = Unix }, cancellation);
        var hex = (await root.QueryAsync("SELECT HEX(authentication_string) FROM mysql.user WHERE User = 'app'", cancellation)).Scalar!;
        Assert.That(StoredSha2Password.TryParse(Encoding.Latin1.GetString(Convert.FromHexString(hex)), out var stored));
        Assert.That((stored.Verify("päss"u8), stored.Verify("pass"u8)), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task Query_WithEverythingThatMySqlOffers_ReadsTheResult(CancellationToken cancellation)
    {
        var all = EngineLogin.DefaultCapabilities | Capabilities.OptionalResultSetMetadata;
        await using var client = await EngineClient.ConnectAsync(_loop, Login("root", "") with { Address = Unix, Capabilities = all }, cancellation);
        Assert.That(client.Login.Capabilities.HasFlag(Capabilities.OptionalResultSetMetadata), "the server agreed");
        Assert.That((await client.QueryAsync("SELECT 1, NULL", cancellation)).Rows[0], Is.EqualTo(new[] { "1", null }));
    }

    private BackendAddress Unix => new(_server.SocketPath, Tcp: null, ReadsProxyHeader: false);

    private EngineLogin Login(string user, string password) =>
        new(new BackendAddress(UnixSocket: null, _server.TcpAddress, ReadsProxyHeader: false), user, LoginSecret.FromPassword(password));

    /// <summary>Empties the server's cache, so that the next login is a full one.</summary>
    private async Task FlushAsync()
    {
        await using var root = await EngineClient.ConnectAsync(_loop, Login("root", "") with { Address = Unix }, default);
        await root.ExecuteAsync("FLUSH PRIVILEGES", default);
    }
}
