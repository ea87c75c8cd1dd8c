namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>A client that is let in with an expired password can change it through the gateway, also when that wakes the database, and goes on.</summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class ExpiredPasswordTests(string? engine) : GatewayFixture(engine)
{
    // Prints each statement's result, or the number of its error; 1 << 22 says that the client can handle expired passwords.
    private const string Program = """
        import pymysql, sys
        port, user, password, schema, statements = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] or None, sys.argv[5:]
        client = pymysql.connect(host="127.0.0.1", port=port, user=user, password=password, database=schema, autocommit=None, client_flag=1 << 22)
        for statement in statements:
            try:
                cursor = client.cursor()
                cursor.execute(statement)
                print(cursor.fetchall())
            except pymysql.MySQLError as error:
                print(error.args[0])
                if not client.open: break
        """;

    private bool IsMySql { get; } = engine is not null;

    [Test]
    public async Task ExpiredPassword_IsChangedThroughTheGateway_AndTheSessionGoesOn([Values("", "shop")] string schema, [Values] bool asleep)
    {
        await RunAsync("CREATE DATABASE IF NOT EXISTS shop", "DROP USER IF EXISTS old@'%'", "CREATE USER old@'%' IDENTIFIED BY 'First-Horse1' PASSWORD EXPIRE", "GRANT ALL ON shop.* TO old@'%'");
        if (asleep) await Gateway.WaitUntilAsleepAsync();
        string[] answers = await AskAsync("old", "First-Horse1", schema, "SELECT 1", "SELECT 1 + 1", Change("Second-Horse2"), "SELECT DATABASE()", "SELECT CURRENT_USER()");
        string[] expected = [MustChange, MustChange, "()", schema.Length > 0 ? "(('shop',),)" : "((None,),)", "(('old@%',),)"];
        Assert.That(answers, Is.EqualTo(expected));
        Assert.That(await AskAsync("old", "Second-Horse2", schema, "SELECT CURRENT_USER()"), Is.EqualTo((string[])["(('old@%',),)"]));
    }

    /// <summary>The server does not tell whom it took the login for until the password is changed, and might change another account's.</summary>
    [Test]
    public async Task ExpiredPassword_OfAUserWithTwoAccounts_IsNotChanged()
    {
        await RunAsync("DROP USER IF EXISTS twice@'%', twice@'10.1.2.3'", "CREATE USER twice@'10.1.2.3' IDENTIFIED BY 'First-Horse1'", "CREATE USER twice@'%' IDENTIFIED BY 'First-Horse1' PASSWORD EXPIRE");
        string[] answers = await AskAsync("twice", "First-Horse1", "", Change("Second-Horse2"));
        Assert.That(answers, Is.EqualTo((string[])[MustChange]));
    }

    private const string MustChange = "1820";

    private string Change(string password) => IsMySql ? $"ALTER USER USER() IDENTIFIED BY '{password}'" : $"SET PASSWORD = PASSWORD('{password}')";

    private async Task<string[]> AskAsync(string user, string password, string schema, params string[] statements)
    {
        using ClientProcess client = ClientProcess.Start("/usr/bin/python3", ["-c", Program, $"{Gateway.Port}", user, password, schema, .. statements]);
        var (exit, output, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task RunAsync(params string[] statements)
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway, "-e", string.Join(';', statements));
        var (exit, _, errors) = await client.FinishAsync();
        Assert.That(exit, Is.Zero, errors);
    }
}
