using System.Globalization;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Real replicas, and programs that read the binary log, through the gateway. They keep the compute awake.</summary>
[CancelAfter(180_000)]
public sealed class ReplicationTests
{
    private static readonly string[] Source = ["--log-bin=binlog", "--server-id=1"];

    [Test]
    public async Task MariaDbReplica_FollowsThroughTheGateway_AndKeepsItAwake([Values] bool gtid, [Values] bool semiSync, CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(options: null, [.. Source, $"--rpl-semi-sync-master-enabled={(semiSync ? "ON" : "OFF")}"]);
        gateway.Open();
        using var server = await MariaDbServer.StartAsync("--server-id=2", $"--rpl-semi-sync-slave-enabled={(semiSync ? "ON" : "OFF")}");
        await using var replica = await ConnectAsync(gateway, server.SocketPath);
        var position = gtid ? "MASTER_USE_GTID=slave_pos" : "MASTER_USE_GTID=no, MASTER_LOG_FILE='binlog.000001', MASTER_LOG_POS=4";
        await replica.QueryAsync(
            string.Create(CultureInfo.InvariantCulture, $"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={gateway.Port}, MASTER_USER='app', MASTER_PASSWORD='secret', {position}"), cancellation);
        await replica.QueryAsync("START SLAVE", cancellation);
        await FollowsAsync(gateway, replica, "SHOW SLAVE STATUS", cancellation);
        if (semiSync)
        {
            await using var root = await gateway.ConnectDirectlyAsync();
            await root.QueryAsync("INSERT INTO shop.followed VALUES (3)", cancellation);
            Assert.That((await root.QueryAsync("SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'", cancellation)).Rows[0][1], Is.EqualTo("1"));
            Assert.That((await root.QueryAsync("SHOW STATUS LIKE 'Rpl_semi_sync_master_yes_tx'", cancellation)).Rows[0][1], Is.Not.EqualTo("0"), "its acknowledgements arrive");
        }
        await replica.QueryAsync("STOP SLAVE", cancellation);
        await SleepsAsync(gateway);
    }

    [Test]
    public async Task MySqlReplica_FollowsThroughTheGateway_AndKeepsItAwake(CancellationToken cancellation)
    {
        string[] gtids = ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"];
        await using var gateway = await GatewayUnderTest.StartMySqlAsync([.. Source, .. gtids]);
        gateway.Open();
        using var server = await MySqlServer.StartAsync(["--server-id=2", .. gtids]);
        await using var replica = await ConnectAsync(gateway, server.SocketPath);
        await replica.QueryAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={gateway.Port}, SOURCE_USER='app', SOURCE_PASSWORD='secret', SOURCE_AUTO_POSITION=1, SOURCE_SSL=0, GET_SOURCE_PUBLIC_KEY=1"),
            cancellation);
        await replica.QueryAsync("START REPLICA", cancellation);
        await FollowsAsync(gateway, replica, "SHOW REPLICA STATUS", cancellation);
        await replica.QueryAsync("STOP REPLICA", cancellation);
        await SleepsAsync(gateway);
    }

    [Test]
    public async Task MariaDbBinlog_ReadsTheLogOfTheServer_ToItsEnd(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(options: null, Source);
        gateway.Open();
        using var program = ClientProcess.Start(
            "mariadb-binlog", ["--no-defaults", "--read-from-remote-server", "-h127.0.0.1", $"-P{gateway.Port}", "-uapp", "-psecret", "binlog.000001"]);
        var (exit, output, errors) = await program.FinishAsync(60);
        Assert.That(exit, Is.Zero, errors);
        Assert.That(output, Does.Contain("CREATE DATABASE shop").And.Contain("End of log file"));
        await SleepsAsync(gateway);
        cancellation.ThrowIfCancellationRequested();
    }

    [Test]
    public async Task StreamOfAReplica_EndsWithAKill_AndWithItsCompute([Values] bool kill, CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(options: null, Source);
        gateway.Open();
        using var program = ClientProcess.Start(
            "mariadb-binlog", ["--no-defaults", "--read-from-remote-server", "--stop-never", "-h127.0.0.1", $"-P{gateway.Port}", "-uapp", "-psecret", "binlog.000001"]);
        await using (var client = await gateway.ConnectAsync())
        {
            // A command runs from the moment it has come; the server reads its log some time after.
            string? id = null;
            await Eventually.HoldsAsync(
                async () => (id = (await client.QueryAsync("SHOW PROCESSLIST", cancellation)).Rows.SingleOrDefault(row => row[4] == "Binlog Dump")?[0]) is not null,
                TimeSpan.FromSeconds(30),
                () => Task.FromResult("the log is read"));
            if (kill) await client.QueryAsync($"KILL {id}", cancellation);
        }
        if (!kill) gateway.Database.Close("it was killed");
        await GatewayUnderTest.UntilAsync(() => gateway.Activity is { Running: 0, Open: 0 }, "the stream has ended");
        await program.FinishAsync(30);
    }

    [Test]
    public async Task ReaderThatIsGone_IsGoneForTheServerToo(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(options: null, Source);
        gateway.Open();
        await using var root = await gateway.ConnectDirectlyAsync();
        const string readers = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'";
        using (ClientProcess.Start(
            "mariadb-binlog", ["--no-defaults", "--read-from-remote-server", "--stop-never", "-h127.0.0.1", $"-P{gateway.Port}", "-uapp", "-psecret", "binlog.000001"]))
        {
            await Eventually.HoldsAsync(async () => (await root.QueryAsync(readers, cancellation)).Scalar == "1", TimeSpan.FromSeconds(30), () => Task.FromResult("the log is read"));
        }

        await Eventually.HoldsAsync(
            async () => (await root.QueryAsync(readers, cancellation)).Scalar == "0", TimeSpan.FromSeconds(20), () => Task.FromResult("nobody reads the log, for the server as well"));
        await SleepsAsync(gateway);
    }

    private static async Task FollowsAsync(GatewayUnderTest gateway, EngineClient replica, string status, CancellationToken cancellation)
    {
        await using var client = await gateway.ConnectAsync("shop");
        await client.QueryAsync("CREATE TABLE followed (a INT PRIMARY KEY)", cancellation);
        await client.QueryAsync("INSERT INTO followed VALUES (1), (2)", cancellation);
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    return (await replica.QueryAsync("SELECT COUNT(*) FROM shop.followed", cancellation)).Scalar == "2";
                }
                catch (EngineErrorException)
                {
                    // The table has not arrived yet.
                    return false;
                }
            },
            TimeSpan.FromSeconds(60), async () => "the rows arrive; " + string.Join(" | ", (await replica.QueryAsync(status, cancellation)).Rows.SelectMany(row => row)));
        Assert.That(await gateway.DrainAsync(), Does.Contain("a statement runs"), "the compute is not taken away from the replica");
        Assert.That(gateway.Activity.Running, Is.EqualTo(1));
    }

    private static async Task SleepsAsync(GatewayUnderTest gateway)
    {
        await GatewayUnderTest.UntilAsync(() => gateway.Activity.Running == 0, "nobody reads the log");
        Assert.That(await gateway.DrainAsync(), Is.Null);
    }

    private static Task<EngineClient> ConnectAsync(GatewayUnderTest gateway, string socket) =>
        EngineClient.ConnectAsync(gateway.Gateway.Loops.Next(), new EngineLogin(new BackendAddress(socket, null, false), "root", LoginSecret.Empty), CancellationToken.None);
}
