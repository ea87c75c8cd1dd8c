using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What is known of an engine is kept in a Secret: a gateway that starts with nothing lets clients in, and wakes nobody for that.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SharedAccountsTests
{
    private const string Secrets = $"/api/v1/namespaces/{PlayedSet.Space}/secrets", Name = $"serverless-accounts-{PlayedSet.Space}.{PlayedSet.Name}";

    private static JsonObject? Kept(ApiDouble server) => server.Find($"{Secrets}/{Name}");

    [Test]
    public async Task GatewayThatStartsWithNothing_KnowsTheAccounts_AndWakesTheDatabaseForAStatementAlone()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await StartSetAsync(server);
        await using (GatewayProcess first = await StartAsync(server, played))
        {
            await first.IsAsync("shop", "running");
            await Eventually.HoldsAsync(() => Task.FromResult(Kept(server) is not null), TimeSpan.FromSeconds(20), () => first.Told("the accounts are kept"));
            await first.SleepAsync("shop");
            Assert.That(await first.TerminateAsync(), Is.Zero);
        }

        int changes = server.Asked.Count(one => one.Path.Contains(Name, StringComparison.Ordinal) && one.Method is "PUT" or "POST");
        await using GatewayProcess second = await StartAsync(server, played);
        await second.IsAsync("shop", "suspended");
        await Task.Delay(1000);
        Assert.That(played.Replicas, Is.Zero, "nobody is woken for the accounts");
        using ClientProcess client = ClientProcess.MariaDb(second, $"-ushop.{GatewayProcess.User}");
        await client.SendAsync("SET @v = 42; SELECT @v;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("42"));
        Assert.That(played.Replicas, Is.EqualTo(1));
        Assert.That(await second.TerminateAsync(), Is.Zero);
        Assert.That(server.Asked.Count(one => one.Path.Contains(Name, StringComparison.Ordinal) && one.Method is "PUT" or "POST"), Is.EqualTo(changes), "what is the same is not written again");
    }

    [Test]
    public async Task SecretThatCannotBeUsed_IsSaidSo_AndWrittenAnew_AndOneOfAnotherStatefulSetIsNotTaken()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await StartSetAsync(server);
        Put(server, (string)server.Find(PlayedSet.PathOfSet)!["metadata"]!["uid"]!);
        await using (GatewayProcess gateway = await StartAsync(server, played))
        {
            await WrittenAsync(server, gateway);
            await gateway.SaysAsync("holds what cannot be understood");
            Assert.That(await gateway.TerminateAsync(), Is.Zero);
        }

        Put(server, "another");
        await using (GatewayProcess gateway = await StartAsync(server, played))
        {
            await WrittenAsync(server, gateway);
            Assert.That(await gateway.TerminateAsync(), Is.Zero);
            Assert.That(gateway.Output, Has.None.Contains("cannot be understood"));
        }

        server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/secrets", StringComparison.Ordinal)) return false;
            await ApiDouble.RefuseAsync(context, 403, "Forbidden", "who are you?");
            return true;
        };
        await using GatewayProcess refused = await StartAsync(server, played);
        await refused.IsAsync("shop", "running");
        await refused.SaysAsync($"is woken once to read its accounts: get secrets {PlayedSet.Space}/{Name}");
        using ClientProcess client = ClientProcess.MariaDb(refused, $"-ushop.{GatewayProcess.User}");
        await client.SendAsync("SET @v = 42; SELECT @v;");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("42"));
        Assert.That(await refused.TerminateAsync(), Is.Zero);
    }

    private static void Put(ApiDouble server, string uid) => server.Put(Secrets, new JsonObject
    {
        ["apiVersion"] = "v1", ["kind"] = "Secret", ["type"] = "Opaque", ["data"] = new JsonObject { [EngineSecrets.Key] = "AAAA", ["note"] = "AAAA" },
        ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = PlayedSet.Space, ["annotations"] = new JsonObject { [FleetNames.SetUid] = uid } },
    });

    private static async Task WrittenAsync(ApiDouble server, GatewayProcess gateway)
    {
        await Eventually.HoldsAsync(() => Task.FromResult((string?)Kept(server)!["data"]![EngineSecrets.Key] != "AAAA"), TimeSpan.FromSeconds(40), () => gateway.Told("the accounts are kept"));
        Assert.That(((string?)Kept(server)!["data"]!["note"], Kept(server)!["metadata"]!["annotations"]![FleetNames.SetUid]!.ToString()), Is.EqualTo(("AAAA", server.Find(PlayedSet.PathOfSet)!["metadata"]!["uid"]!.ToString())));
    }

    private static async Task<PlayedSet> StartSetAsync(ApiDouble server)
    {
        PlayedSet played = await PlayedSet.StartAsync(server, set => set["metadata"]!["labels"] = new JsonObject { [DiscoverySettings.Label] = "shop" });
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "127.0.0.1");
        return played;
    }

    private static async Task<GatewayProcess> StartAsync(ApiDouble server, PlayedSet played)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        return await GatewayProcess.StartManyAsync(
            [], GatewayProcess.SleepyRules(600), home, new JsonObject
            {
                ["user"] = "root", ["password"] = "", ["discovery"] = new JsonObject { ["mode"] = "on" }, ["fleet"] = new JsonObject { ["accounts"] = "secrets" },
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = kubeconfig, ["port"] = played.Port },
            });
    }
}
