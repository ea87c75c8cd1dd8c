using System.Text.Json.Nodes;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>A WeSQL cluster that is found by its label, through a gateway process: to sleep with all of its parts, and woken by a statement.</summary>
internal sealed class WesqlGatewayTests
{
    [Test]
    public async Task Cluster_ThatIsFound_SleepsAndWakes_AndWhatWasWrongWithItsSnapshotIsShown()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await using var three = new PlayedLogger(server, "log-a", 3);
        await using var one = new PlayedLogger(server, "log-b", 1);
        using var relay = new WesqlRelay(played.Port);
        using var loop = new EventLoop("node");
        var node = new WesqlNode(() => new EngineSql(loop, new BackendAddress(UnixSocket: null, played.Engine.TcpAddress, ReadsProxyHeader: false), "root", "", TimeSpan.FromSeconds(30))) { Fails = true };
        relay.Forced = node.Force;
        await node.MakeAsync();
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        server.Change(PlayedSet.PathOfSet, set =>
        {
            set["metadata"]!["labels"] = new JsonObject { [SetAnnotations.DatabaseLabel] = "shop" };
            set["metadata"]!["annotations"] = new JsonObject { [SetAnnotations.Engine] = "wesql", [SetAnnotations.Loggers] = "log-a,log-b" };
        });
        foreach (PlayedLogger logger in (PlayedLogger[])[three, one]) server.Change(logger.Path, set => set["metadata"]!["annotations"] = new JsonObject { [SetAnnotations.LoggerOf] = PlayedSet.Name });
        await using GatewayProcess gateway = await StartAsync(server, relay);
        await gateway.IsAsync("shop", "running");
        using ClientProcess client = ClientProcess.MariaDb(gateway, $"-ushop.{GatewayProcess.User}");
        await client.SendAsync("SET @v = 42; SELECT @v;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("42"));

        await gateway.SleepAsync("shop");
        JsonNode effect = (await gateway.StatusAsync("shop"))["lastEffect"]!;
        Assert.That(((string?)effect["outcome"], (string?)effect["reason"]), Is.EqualTo(("succeeded", "without a snapshot: the data node's snapshot failed; its error log says why")));
        await DoubleRig.UntilAsync(() => (played.Replicas, three.Replicas, one.Replicas) == (0, 0, 0), () => $"{played.Replicas} {three.Replicas} {one.Replicas}");

        node.Fails = false;
        await client.SendAsync("SELECT @v + 1;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("43"));
        Assert.That((played.Replicas, three.Replicas, one.Replicas), Is.EqualTo((1, 3, 1)));
        Assert.That(await gateway.TerminateAsync(), Is.Zero);
        Assert.That((played.Replicas, three.Replicas, one.Replicas), Is.EqualTo((1, 3, 1)), "a gateway that ends leaves all of it as it is");
    }

    private static async Task<GatewayProcess> StartAsync(ApiDouble server, WesqlRelay relay)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        return await GatewayProcess.StartManyAsync(
            [], GatewayProcess.SleepyRules(600), home, new JsonObject
            {
                ["user"] = "root", ["password"] = "", ["discovery"] = new JsonObject { ["mode"] = "on" }, ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["port"] = relay.Port },
            });
    }
}
