using NUnit.Framework;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>An operator's suspend again and again while clients work in transactions.</summary>
[CancelAfter(180_000)]
public sealed class SuspendUnderLoadTests
{
    private const int Accounts = 8;

    [Test]
    public async Task Transactions_SeeNoErrorAndLoseNothing(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Open();
        await using var admin = await gateway.ConnectAsync("shop");
        await admin.QueryAsync("CREATE TABLE account (id INT PRIMARY KEY, amount INT) ENGINE=InnoDB", cancellation);
        await admin.QueryAsync($"INSERT INTO account SELECT seq, 100 FROM seq_1_to_{Accounts}", cancellation);
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var workers = Enumerable.Range(1, Accounts).Select(i => TransferAsync(gateway, i, working.Token)).ToArray();
        for (var i = 0; i < 15; i++)
        {
            await Task.Delay(100, cancellation);
            Assert.That(await gateway.DrainAsync(byOperator: true, limit: TimeSpan.FromSeconds(30)), Is.Null);
            Assert.That(gateway.Activity.Active, Is.LessThanOrEqualTo(gateway.Activity.Held), "nobody has a backend connection");
            gateway.Database.Close("suspended");
            await Task.Delay(20, cancellation);
            gateway.Open();
        }
        await working.CancelAsync();
        var transfers = (await Task.WhenAll(workers)).Sum();
        Assert.That((await admin.QueryAsync("SELECT SUM(amount) FROM account", cancellation)).Scalar, Is.EqualTo($"{Accounts * 100}"));
        Assert.That(transfers, Is.Positive);
        Assert.That(gateway.Activity, Has.Property("Held").EqualTo(0).And.Property("Running").EqualTo(0).And.Property("Transactions").EqualTo(0));
    }

    /// <summary>Moves amounts from one's own account to the next until told to stop; gives how often.</summary>
    private static async Task<int> TransferAsync(GatewayUnderTest gateway, int from, CancellationToken stop)
    {
        await using var client = await gateway.ConnectAsync("shop");
        var (first, second) = (Math.Min(from, from % Accounts + 1), Math.Max(from, from % Accounts + 1));
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            await client.QueryAsync("BEGIN", default);
            await client.QueryAsync($"UPDATE account SET amount = amount - {(first == from ? 1 : -1)} WHERE id = {first}", default);
            await client.QueryAsync($"UPDATE account SET amount = amount + {(first == from ? 1 : -1)} WHERE id = {second}", default);
            await client.QueryAsync("COMMIT", default);
            count++;
        }
        return count;
    }
}
