namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Accounts that are changed through the gateway are in force with the next login, also after a sleep.</summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class AccountChangeTests(string? engine) : GatewayFixture(engine)
{
    [Test]
    public async Task AccountsMadeChangedAndDropped_AreSoForTheNextLogin()
    {
        for (int round = 0; round < 5; round++)
        {
            await RunAsync($"CREATE USER changing@'%' IDENTIFIED BY 'First-Horse{round}'");
            Assert.That(await LoginAsync($"First-Horse{round}"), Is.EqualTo("changing@%"));
            await RunAsync($"ALTER USER changing@'%' IDENTIFIED BY 'Second-Horse{round}'");
            Assert.That(await LoginAsync($"First-Horse{round}"), Does.Contain("ERROR 1045"));
            Assert.That(await LoginAsync($"Second-Horse{round}"), Is.EqualTo("changing@%"));
            await RunAsync("DROP USER changing@'%'");
            Assert.That(await LoginAsync($"Second-Horse{round}"), Does.Contain("ERROR 1045"));
        }
    }

    [Test]
    public async Task AccountMadeJustBeforeASleep_IsKnownAsleep()
    {
        await RunAsync("CREATE USER sleepy@'%' IDENTIFIED BY 'First-Horse1'");
        await Gateway.WaitUntilAsleepAsync();
        Assert.That(await LoginAsync("First-Horse1", "sleepy"), Is.EqualTo("sleepy@%"));
        Assert.That(await LoginAsync("wrong", "sleepy"), Does.Contain("ERROR 1045"));
    }

    private async Task<string> LoginAsync(string password, string user = "changing")
    {
        using ClientProcess client = ClientProcess.Start(
            "mariadb", ["--no-defaults", "-h127.0.0.1", $"-P{Gateway.Port}", $"-u{user}", $"-p{password}", "-N", "-B", "-e", "SELECT CURRENT_USER()"]);
        var (_, output, errors) = await client.FinishAsync();
        return output.Trim() + errors.Trim();
    }

    private async Task RunAsync(string statement)
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway, "-e", statement);
        var (exit, _, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors);
    }
}
