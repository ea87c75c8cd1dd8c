using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Serverless.Host.Net.Tls;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Clients over TLS, with the certificate that the gateway made for itself, on both engines.</summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class TlsTests(string? engine) : GatewayFixture(engine)
{
    private string Certificate => Path.Combine(Gateway.Data, "tls-certificate.pem");

    private string Key => Path.Combine(Gateway.Data, "tls-key.pem");

    [Test]
    public async Task PyMySql_VerifiedTls_ThroughASleep()
    {
        using ClientProcess client = Python(GatewayProcess.User);
        JsonNode ready = await client.ReadJsonAsync();
        Assert.That((string?)ready["protocol"], Does.StartWith("TLSv1."), ready.ToJsonString());
        await Gateway.WaitUntilAsleepAsync();
        await client.SendAsync("go");
        JsonNode done = await client.ReadJsonAsync();
        Assert.That(((int)done["received"]!, (int)done["sent"]!), Is.EqualTo((3_000_000, 3_000_000)));
    }

    [Test]
    public async Task MariaDbCli_WithTls_SaysSo()
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway, "--ssl", "-e", "\\s");
        var (exit, output, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors);
        Assert.That(output, Does.Match(@"SSL:\s+Cipher in use is TLS_"));
    }

    [Test]
    public async Task AccountThatRequiresTls_ComesInByTlsOnly_AndTheEngineTakesIt()
    {
        await RunAsync("CREATE USER secure@'%' IDENTIFIED BY 'Right-Horse1' REQUIRE SSL");
        using (ClientProcess without = ClientProcess.Start("mariadb", [.. Login("secure"), "--skip-ssl", "-e", "SELECT 1"]))
        {
            Assert.That((await without.FinishAsync()).Errors, Does.Contain("ERROR 1045").And.Contain("requires TLS"));
        }

        using ClientProcess client = Python("secure");
        JsonNode ready = await client.ReadJsonAsync();
        Assert.That((string?)ready["step"], Is.EqualTo("ready"), ready.ToJsonString());
        await Gateway.WaitUntilAsleepAsync();
        await client.SendAsync("go");
        Assert.That((string?)(await client.ReadJsonAsync())["user"], Is.EqualTo("secure@%"));
    }

    [Test]
    public async Task AccountThatRequiresACertificate_IsToldWhatToDo()
    {
        await RunAsync("CREATE USER certified@'%' IDENTIFIED BY 'Right-Horse1' REQUIRE X509");
        using ClientProcess client = Python("certified");
        JsonNode refused = await client.ReadJsonAsync();
        Assert.That((int)refused["code"]!, Is.EqualTo(1045));
        Assert.That((string?)refused["message"], Does.Contain("REQUIRE SSL"));
    }

    [Test]
    public async Task CertificateThatChanges_IsInForceWithinSeconds_AndOneThatIsBrokenChangesNothing()
    {
        string before = await FingerprintAsync();
        (string certificate, string key) = (await File.ReadAllTextAsync(Certificate), await File.ReadAllTextAsync(Key));
        await File.WriteAllTextAsync(Certificate, "no certificate");
        await File.WriteAllTextAsync(Gateway.Home + "/authority.pem", certificate);
        // it is looked at when a client comes, and not each time
        await Eventually.HoldsAsync(
            async () =>
            {
                Assert.That(await FingerprintAsync(Gateway.Home + "/authority.pem"), Is.EqualTo(before));
                return Gateway.Output.Any(line => line.Contains("stays in force", StringComparison.Ordinal));
            },
            TimeSpan.FromSeconds(30), () => Task.FromResult("it is said that the one before stays in force"));

        (string renewed, string renewedKey) = SelfSignedCertificate.Make("renewed", DateTimeOffset.UtcNow);
        await File.WriteAllTextAsync(Key, renewedKey);
        await File.WriteAllTextAsync(Certificate, renewed);
        string fingerprint = X509Certificate2.CreateFromPem(renewed).GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256).ToLowerInvariant();
        await Eventually.HoldsAsync(async () => await FingerprintAsync() == fingerprint, TimeSpan.FromSeconds(30), () => Task.FromResult("the renewed certificate is shown"));
        await File.WriteAllTextAsync(Key, key);
        await File.WriteAllTextAsync(Certificate, certificate);
        await Eventually.HoldsAsync(async () => await FingerprintAsync() == before, TimeSpan.FromSeconds(30), () => Task.FromResult("the first certificate is shown again"));
    }

    private static string[] LoginTo(GatewayProcess gateway, string user) => ["--no-defaults", "-h127.0.0.1", $"-P{gateway.Port}", $"-u{user}", "-pRight-Horse1", "-N", "-B"];

    private string[] Login(string user) => LoginTo(Gateway, user);

    private ClientProcess Python(string user, string? authority = null) => ClientProcess.Start(
        "/usr/bin/python3",
        [ClientProcess.Script("tls_client.py"), "127.0.0.1", $"{Gateway.Port}", user, user == GatewayProcess.User ? GatewayProcess.Password : "Right-Horse1", authority ?? Certificate]);

    /// <summary>Of the certificate that a client is shown; empty when its login failed.</summary>
    private async Task<string> FingerprintAsync(string? authority = null)
    {
        using ClientProcess client = Python(GatewayProcess.User, authority);
        return (string?)(await client.ReadJsonAsync())["fingerprint"] ?? "";
    }

    private async Task RunAsync(string statement)
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway, "-e", statement);
        var (exit, _, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors);
    }
}
