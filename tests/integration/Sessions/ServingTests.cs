using NUnit.Framework;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Sessions while the compute serves.</summary>
[CancelAfter(120_000)]
public sealed class ServingTests
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [Test]
    public async Task Query_ReturnsTheRowsOfTheEngine(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync("shop");
        var result = await client.QueryAsync("SELECT SUM(seq), DATABASE() FROM seq_1_to_10", cancellation);
        Assert.That(result.Rows[0], Is.EqualTo(new[] { "55", "shop" }));
    }

    [Test]
    public async Task MariaDbClient_LogsInAndQueries()
    {
        var output = await ClientProgram.MariaDbAsync(_gateway, "SELECT USER(), CURRENT_USER(); USE shop; SELECT DATABASE(); SELECT * FROM nowhere;", "--force");
        Assert.That(output.Split('\n')[..2], Is.EqualTo(new[] { "app@127.0.0.1\tapp@%", "shop" }));
        Assert.That(output, Does.Contain("ERROR 1146 (42S02) at line 1: Table 'shop.nowhere' doesn't exist"));
    }

    [Test]
    public async Task PyMySql_LogsInAndQueries()
    {
        var output = await ClientProgram.PythonAsync(
            _gateway,
            """
            c = connect(database='shop')
            with c.cursor() as q:
                q.execute("SELECT %s, 'ü'", (7,))
                print(q.fetchall())
            """);
        Assert.That(output.Trim(), Is.EqualTo("((7, 'ü'),)"));
    }
}
