using System.Net;
using System.Text.Json.Nodes;
using Serverless.Host.Compute;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>An engine in a pod that is told where each client comes from (MariaDB with proxy-protocol-networks).</summary>
internal sealed class ProxyProtocolTests
{
    private const string Ask = "SELECT CONCAT(CURRENT_USER(), ' ', (SELECT SUBSTRING_INDEX(HOST, ':', 1) FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()))";

    /// <summary>Clients behind a proxy that the gateway trusts, so that they can come from anywhere here.</summary>
    [Test]
    public async Task EngineInAPod_SeesEachClientAtItsOwnAddress_AndConnectionsAreSharedByAddressOnly()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "10.9.8.7");
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "10.9.8.%");
        await using GatewayProcess gateway = await StartAsync(server, played, "on");
        using var loop = new EventLoop("clients");
        await using EngineClient one = await ConnectAsync(loop, gateway, "10.9.8.7");
        await using EngineClient other = await ConnectAsync(loop, gateway, "10.9.8.20");
        Assert.That(await SayAsync(one, Ask), Is.EqualTo("app@10.9.8.7 10.9.8.7"));
        Assert.That(await SayAsync(other, Ask), Is.EqualTo("app@10.9.8.% 10.9.8.20"));

        // idle sessions have lent their connections: each gets one of its own address again
        await Task.Delay(300);
        await using EngineClient third = await ConnectAsync(loop, gateway, "10.9.8.21");
        Assert.That(await SayAsync(third, Ask), Is.EqualTo("app@10.9.8.% 10.9.8.21"));
        Assert.That(await SayAsync(one, Ask), Is.EqualTo("app@10.9.8.7 10.9.8.7"));
        Assert.That(gateway.Output, Has.None.Contains("proxy_protocol_networks"));
        await Assert.ThrowsAsync<EngineErrorException>(() => ConnectAsync(loop, gateway, "10.9.9.1"), "no account is for that address");
    }

    [Test]
    public async Task WithoutIt_TheEngineSeesTheGateway_AndAnAccountOfTheClientsAddressDoesNotFit()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        await using PlayedSet played = await PlayedSet.StartAsync(server);
        await ClientAccount.MakeAsync(played.Engine.TcpAddress, "10.9.8.7");
        await using GatewayProcess gateway = await StartAsync(server, played, "off");
        using var loop = new EventLoop("clients");
        EngineErrorException? refused = await Assert.ThrowsAsync<EngineErrorException>(async () =>
        {
            await using EngineClient one = await ConnectAsync(loop, gateway, "10.9.8.7");
            await SayAsync(one, Ask);
        });
        Assert.That(refused!.Message, Does.Contain("app"));
    }

    [Test]
    public async Task Engine_ThatReadsNone_IsTold()
    {
        await using ComputeRig rig = await ComputeRig.StartAsync(with: options => options with { ReadsProxyHeader = true });
        ComputeView view = await rig.ServesAsync();
        Assert.That(view.Address!.ReadsProxyHeader, Is.True);
        Assert.That(rig.Log.Messages, Has.None.Contains("proxy_protocol_networks"));
        await rig.AskAsync("SET GLOBAL proxy_protocol_networks = ''");
        await rig.Compute.DisposeAsync();
        await rig.OpenAsync(options => options with { ReadsProxyHeader = true });
        await rig.ServesAsync();
        await DoubleRig.UntilAsync(() => rig.Log.Messages.Any(one => one.Contains("proxy_protocol_networks", StringComparison.Ordinal)), () => string.Join('\n', rig.Log.Messages));
    }

    private static async Task<GatewayProcess> StartAsync(ApiDouble server, PlayedSet played, string proxyProtocol)
    {
        (string home, string kubeconfig) = await GatewayHome.MakeAsync(server);
        return await GatewayProcess.StartManyAsync(
            [
                new JsonObject
                {
                    ["name"] = "shop", ["compute"] = "kubernetes", ["user"] = "root", ["password"] = "", ["sharing"] = new JsonObject { ["after"] = "50ms" },
                    ["kubernetes"] = new JsonObject
                    {
                        ["kubeconfig"] = kubeconfig, ["namespace"] = PlayedSet.Space, ["statefulSet"] = PlayedSet.Name, ["port"] = played.Port, ["proxyProtocol"] = proxyProtocol,
                    },
                },
            ],
            GatewayProcess.SleepyRules(600), home, new JsonObject { ["proxyProtocol"] = new JsonObject { ["from"] = new JsonArray("127.0.0.1") } });
    }

    private static async Task<EngineClient> ConnectAsync(EventLoop loop, GatewayProcess gateway, string from) => await EngineClient.ConnectAsync(
        loop,
        new EngineLogin(new BackendAddress(UnixSocket: null, new IPEndPoint(IPAddress.Loopback, gateway.Port), ReadsProxyHeader: true), GatewayProcess.User, LoginSecret.FromPassword(GatewayProcess.Password))
        {
            ClientAddress = new IPEndPoint(IPAddress.Parse(from), 50_000),
        },
        default);

    private static async Task<string?> SayAsync(EngineClient client, string statement) => (await client.QueryAsync(statement, default)).Scalar;
}
