using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>What the configuration says of TLS.</summary>
[Category("EndToEnd")]
public sealed class TlsModeTests
{
    [Test]
    public async Task Required_ClientWithoutTls_IsRefusedAsByTheServer()
    {
        await using GatewayProcess gateway = await StartAsync(new JsonObject { ["mode"] = "required" });
        using ClientProcess plain = ClientProcess.MariaDb(gateway, "--skip-ssl", "-e", "SELECT 1");
        Assert.That((await plain.FinishAsync()).Errors, Does.Contain("ERROR 3159 (08004): Connections using insecure transport are prohibited while --require_secure_transport=ON."));
        using ClientProcess secure = ClientProcess.MariaDb(gateway, "--ssl", "-e", "SELECT 1");
        Assert.That((await secure.FinishAsync()).Output.Trim(), Is.EqualTo("1"));
    }

    [Test]
    public async Task Off_NoTlsIsOffered()
    {
        await using GatewayProcess gateway = await StartAsync(new JsonObject { ["mode"] = "off" });
        using ClientProcess client = ClientProcess.MariaDb(gateway, "--ssl", "-e", "\\s");
        var (_, output, errors) = await client.FinishAsync();
        Assert.That(output + errors, Does.Contain("Not in use").Or.Contain("SSL is required"));
    }

    private static async Task<GatewayProcess> StartAsync(JsonObject tls)
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string config = Path.Combine(home, "tls.json");
        await File.WriteAllTextAsync(config, new JsonObject { ["tls"] = tls }.ToJsonString());
        return await GatewayProcess.StartAsync(home: home, extra: ["--config", config]);
    }
}
