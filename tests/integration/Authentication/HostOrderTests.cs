using System.Net;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>The directory against the servers themselves: whoever they take a client for, it takes it for too.</summary>
[CancelAfter(180_000)]
public sealed class HostOrderTests
{
    private static readonly string[] Hosts =
    [
        "localhost", "%", "127.0.0.1", "127.0.0.%", "127.0.%", "127.%.1", "127.0.0._", "127.0._.%", "1%", "%.1", "127.0.0.0/255.255.255.0", "127.0.0.0/255.0.0.0", "::1",
        "_27.0.0.1", "127.0.0._%", "203.0.113.9",
    ];

    [TestCase(true)]
    [TestCase(false)]
    public async Task Find_MariaDb_AgreesWithTheServer(bool resolvesNames)
    {
        using var server = await MariaDbServer.StartAsync(resolvesNames ? "--skip-skip-name-resolve" : "--skip-name-resolve");
        await CompareAsync(server.SocketPath, server.TcpAddress, Hosts);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Find_MySql_AgreesWithTheServer(bool resolvesNames)
    {
        using var server = await MySqlServer.StartAsync(resolvesNames ? "--skip-name-resolve=OFF" : "--skip-name-resolve=ON");
        await CompareAsync(server.SocketPath, server.TcpAddress, [.. Hosts, "127.0.0.0/8", "127.0.0.0/24", "127.0.0.1/32"]);
    }

    private static async Task CompareAsync(string socket, IPEndPoint tcp, string[] hosts)
    {
        var seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var loop = new EventLoop();
        var users = Enumerable.Range(0, 25).Select(i => $"u{i}").ToArray();
        await using (var root = await EngineClient.ConnectAsync(loop, new EngineLogin(new BackendAddress(socket, null, false), "root", LoginSecret.Empty), default))
        {
            foreach (var user in users)
            {
                foreach (var host in hosts.Where(_ => random.Next(3) == 0)) await root.ExecuteAsync($"CREATE USER '{user}'@'{host}'", default);
            }
            await root.ExecuteAsync("CREATE USER ''@'127.0.0.1'", default);
        }
        var facts = await EngineFacts.ReadAsync(loop, socket);
        var database = new LoginDatabase("test");
        database.UseProfile(facts.Profile);
        database.UseAccounts(facts.Accounts);
        var resolves = facts.Profile.Variables["skip_name_resolve"] == "OFF";

        Assert.Multiple(() =>
        {
            foreach (var (address, client) in new[]
            {
                (new BackendAddress(null, tcp, false), ClientHost.Of(IPAddress.Loopback, resolves)),
                (new BackendAddress(socket, null, false), ClientHost.Of(address: null, resolves)),
            })
            {
                foreach (var user in users.Append("nobody"))
                {
                    var asked = AskAsync(loop, address, user).GetAwaiter().GetResult();
                    Assert.That(database.Accounts.Find(user, client)?.ToString(), Is.EqualTo(asked), $"{user} from {client}");
                }
            }
        });
    }

    /// <summary>Whom the server takes a user for; null when it knows none.</summary>
    private static async Task<string?> AskAsync(EventLoop loop, BackendAddress address, string user)
    {
        try
        {
            await using var client = await EngineClient.ConnectAsync(loop, new EngineLogin(address, user, LoginSecret.Empty), default);
            return (await client.QueryAsync("SELECT CURRENT_USER()", default)).Scalar;
        }
        catch (EngineErrorException refused) when (refused.Code is ErrorCode.AccessDenied or ErrorCode.AccessDeniedNoPassword)
        {
            return null;
        }
    }
}
