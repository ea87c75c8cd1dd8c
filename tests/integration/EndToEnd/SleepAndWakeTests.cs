using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>The main job: a client's connection and its state outlive the compute.</summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class SleepAndWakeTests(string? engine)
{
    private GatewayProcess _gateway = null!;

    [OneTimeSetUp]
    public async Task Start() => _gateway = await GatewayProcess.StartAsync(engine: engine);

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }
    }

    [Test]
    public async Task MariadbCli_StatementAfterSleep_FindsDataAndSessionAsTheyWere()
    {
        using ClientProcess client = ClientProcess.MariaDb(_gateway);
        foreach (string line in await File.ReadAllLinesAsync(ClientProcess.Script("mariadb_client.sql")))
        {
            await client.SendAsync(line);
        }

        string ready = await client.ReadLineAsync();
        Assert.That(ready, Does.StartWith("ready "));
        string id = ready["ready ".Length..];

        await _gateway.WaitUntilAsleepAsync();
        await client.SendAsync("SELECT v FROM t WHERE id = 1;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("kept"));
        await client.SendAsync("SELECT CONCAT_WS('|', @v, @w, @@time_zone, DATABASE(), @@character_set_client, CONNECTION_ID());");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo($"42|x|+03:00|through_cli|latin1|{id}"));
        await client.SendAsync("SET @id = 1; EXECUTE by_id USING @id;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("kept"), "a statement prepared in SQL");
    }

    [Test]
    public async Task PyMySql_StatementAfterSleep_FindsDataAndSessionAsTheyWere()
    {
        using ClientProcess client = ClientProcess.Python(_gateway, "pymysql_client.py");
        JsonNode ready = await client.ReadJsonAsync();
        Assert.That((string?)ready["step"], Is.EqualTo("ready"));
        await _gateway.WaitUntilAsleepAsync();
        await client.SendAsync("go");
        JsonNode done = await client.ReadJsonAsync();
        Assert.Multiple(() =>
        {
            Assert.That((string?)done["row"], Is.EqualTo("grüße"));
            Assert.That((int)done["v"]!, Is.EqualTo(42));
            Assert.That((string?)done["w"], Is.EqualTo("ä"));
            Assert.That((string?)done["d"], Is.EqualTo("1.5"));
            Assert.That((string?)done["zone"], Is.EqualTo("+03:00"));
            Assert.That((string?)done["schema"], Is.EqualTo("through_pymysql"));
            Assert.That((string?)done["charset"], Is.EqualTo("latin1"));
            Assert.That((bool)done["same"]!, "the connection id the client saw has not changed");
        });
    }

    [Test]
    public async Task Mysql2_PreparedStatementAfterSleep_IsAnsweredAsBefore()
    {
        string home = ClientHomes.Mysql2();
        using ClientProcess client = ClientProcess.Start(
            "node",
            [ClientProcess.Script("mysql2_client.mjs"), "127.0.0.1", $"{_gateway.Port}", GatewayProcess.User, GatewayProcess.Password],
            new Dictionary<string, string> { ["MYSQL2_HOME"] = home });
        JsonNode ready = await client.ReadJsonAsync();
        Assert.That((string?)ready["first"], Is.EqualTo("grüße"));
        await _gateway.WaitUntilAsleepAsync();
        await client.SendAsync("go");
        JsonNode done = await client.ReadJsonAsync();
        Assert.Multiple(() =>
        {
            Assert.That((string?)done["row"], Is.EqualTo("grüße"));
            Assert.That((int)done["prepared"]!, Is.EqualTo(42));
            Assert.That((int)done["v"]!, Is.EqualTo(42));
            Assert.That((string?)done["w"], Is.EqualTo("ä"));
            Assert.That((string?)done["zone"], Is.EqualTo("+03:00"));
            Assert.That((string?)done["schema"], Is.EqualTo("through_mysql2"));
            Assert.That((bool)done["same"]!, "the connection id the client saw has not changed");
        });
    }

    [Test]
    public async Task Asleep_ConnectPingAndStartUpStatements_DoNotWakeIt()
    {
        await _gateway.WaitUntilAsleepAsync();
        using ClientProcess client = ClientProcess.Python(_gateway, "asleep_client.py");
        JsonNode done = await client.ReadJsonAsync();
        Assert.Multiple(() =>
        {
            Assert.That((int)done["one"]!, Is.EqualTo(1));
            Assert.That((bool)done["pinged"]!);
            Assert.That((int)done["refused"]!, Is.EqualTo(1045), "a wrong password");
            Assert.That(_gateway.Engines(), Is.Empty);
        });
        Assert.That(await _gateway.PhaseAsync(), Is.EqualTo("suspended"));
    }
}
