using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>The main job: a client's connection and its state outlive the compute.</summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class SleepAndWakeTests(string? engine) : GatewayFixture(engine)
{
    [Test]
    public async Task MariadbCli_StatementAfterSleep_FindsDataAndSessionAsTheyWere()
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway);
        foreach (string line in await File.ReadAllLinesAsync(ClientProcess.Script("mariadb_client.sql")))
        {
            await client.SendAsync(line);
        }

        string ready = await client.ReadLineAsync();
        Assert.That(ready, Does.StartWith("ready "));
        string id = ready["ready ".Length..];

        await Gateway.WaitUntilAsleepAsync();
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
        using ClientProcess client = ClientProcess.Python(Gateway, "pymysql_client.py");
        JsonNode ready = await client.ReadJsonAsync();
        Assert.That((string?)ready["step"], Is.EqualTo("ready"));
        await Gateway.WaitUntilAsleepAsync();
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
            [ClientProcess.Script("mysql2_client.mjs"), "127.0.0.1", $"{Gateway.Port}", GatewayProcess.User, GatewayProcess.Password],
            new Dictionary<string, string> { ["MYSQL2_HOME"] = home });
        JsonNode ready = await client.ReadJsonAsync();
        Assert.That((string?)ready["first"], Is.EqualTo("grüße"));
        await Gateway.WaitUntilAsleepAsync();
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
        await Gateway.WaitUntilAsleepAsync();
        using ClientProcess client = ClientProcess.Python(Gateway, "asleep_client.py");
        JsonNode done = await client.ReadJsonAsync();
        Assert.Multiple(() =>
        {
            Assert.That((int)done["one"]!, Is.EqualTo(1));
            Assert.That((bool)done["pinged"]!);
            Assert.That((int)done["refused"]!, Is.EqualTo(1045), "a wrong password");
            Assert.That(Gateway.Engines(), Is.Empty);
        });
        Assert.That(await Gateway.PhaseAsync(), Is.EqualTo("suspended"));
    }
}
