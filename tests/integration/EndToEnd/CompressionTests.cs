namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>The compressed protocol, which the gateway speaks with clients itself, through a sleep.</summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class CompressionTests(string? engine) : GatewayFixture(engine)
{
    private readonly bool _isMySql = engine is not null;

    [TestCase("--skip-ssl")]
    [TestCase("--ssl")]
    public async Task LargeStatementsAndResults_ThroughASleep(string tls)
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway, "--compress", "--max-allowed-packet=64M", tls);
        for (int round = 0; round < 2; round++)
        {
            await client.SendAsync($"SELECT LENGTH('{new string('a', 2_000_000)}'), SHA2('{new string('b', 100_000)}', 256);");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("2000000\t768b54e315c41a8d1ae3a29f677bff3b327e238e98e644dc7d566442f5920f8d"));
            await client.SendAsync("SELECT REPEAT('c', 3000000);");
            Assert.That((await client.ReadLineAsync()).Length, Is.EqualTo(3_000_000));
            await client.SendAsync("SELECT 1;");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("1"));
            if (round == 0)
            {
                await Gateway.WaitUntilAsleepAsync();
            }
        }
    }

    [Test]
    public async Task ChangeOfUser_AgainAndAgain_StaysCompressed_AndAFailedOneIsWhatTheServerMakesOfIt()
    {
        using ClientProcess client = ClientProcess.Python(Gateway, "change_user_client.py");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("mysql fresh 200000"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("mysql fresh 200000"));
        // MariaDB lets a connection fail three times and go on as who it was; MySQL ends it.
        Assert.That(await client.ReadLineAsync(), _isMySql ? Does.StartWith("1045 20") : Is.EqualTo("1045 1045 1045 1047"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo(_isMySql ? "lost" : "mysql fresh 1"));
    }

    [Test]
    public async Task ChangeOfUser_GoesOnCompressedAsBefore()
    {
        const string program = """
            $client = mysqli_init();
            $client->real_connect('127.0.0.1', $argv[1], $argv[2], '', (int)$argv[3], null, MYSQLI_CLIENT_COMPRESS);
            for ($i = 0; $i < 2; $i++) {
                $client->change_user($argv[1], $argv[2], 'mysql');
                echo strlen($client->query("SELECT REPEAT('b', 3000), COUNT(*) FROM db")->fetch_row()[0]), ' ';
            }
            """;
        using ClientProcess client = ClientProcess.Start("php", ["-r", program, "--", GatewayProcess.User, GatewayProcess.Password, $"{Gateway.Port}"]);
        var (exit, output, errors) = await client.FinishAsync(60);
        Assert.That((exit, output), Is.EqualTo((0, "3000 3000 ")), errors);
    }
}
