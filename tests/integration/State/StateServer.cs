using System.Globalization;
using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.State;

/// <summary>A real server of either family with its profile, for tests that compare what is remembered or answered with what it says.</summary>
internal sealed class StateServer : IDisposable
{
    private readonly IDisposable _server;
    private readonly EventLoop _loop = new("state-tests");
    private readonly BackendAddress _address;

    private StateServer(IDisposable server, string socket)
    {
        _server = server;
        _address = new BackendAddress(socket, null, ReadsProxyHeader: false);
    }

    public ServerCatalogue Catalogue { get; private set; } = null!;

    public static async Task<StateServer> StartAsync(ServerFamily family)
    {
        StateServer server;
        if (family == ServerFamily.MariaDb)
        {
            var mariaDb = await MariaDbServer.StartAsync();
            server = new StateServer(mariaDb, mariaDb.SocketPath);
        }
        else
        {
            var mySql = await MySqlServer.StartAsync();
            server = new StateServer(mySql, mySql.SocketPath);
        }
        try
        {
            await server.ReadProfileAsync(family);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public async Task<EngineClient> ConnectAsync(int collation = CollationId.Utf8Mb4GeneralCi, string user = "root") =>
        await EngineClient.ConnectAsync(_loop, new EngineLogin(_address, user, LoginSecret.Empty) { CollationId = (byte)collation }, default);

    /// <summary>A session on a new backend connection.</summary>
    public async Task<TestSession> OpenAsync(int collation = CollationId.Utf8Mb4GeneralCi, string user = "root")
    {
        var session = new TestSession(this, new SessionState(Catalogue.Dialect, collation, schema: null), user);
        await session.AttachAsync();
        return session;
    }

    private async Task ReadProfileAsync(ServerFamily family)
    {
        await using var client = await ConnectAsync();
        await client.QueryAllAsync("CREATE DATABASE shop; CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT) ENGINE=InnoDB", default);
        await client.QueryAllAsync("CREATE DATABASE other; CREATE USER plain@localhost IDENTIFIED BY ''; GRANT ALL ON shop.* TO plain@localhost", default);
        var limits = new QueryLimits(10_000, 4 << 20);
        var variables = await client.QueryAsync("SHOW SESSION VARIABLES", default, limits);
        var collations = await client.QueryAsync(
            "SELECT COLLATION_NAME, ID, CHARACTER_SET_NAME, IS_DEFAULT FROM information_schema.COLLATIONS WHERE ID IS NOT NULL", default, limits);
        var greeting = client.Login.Greeting;
        Catalogue = new ServerCatalogue(new ServerProfile(
            family, greeting.ServerVersion, (ulong)greeting.Capabilities, CollationId.Utf8Mb4GeneralCi, greeting.AuthPlugin ?? "",
            variables.Rows.ToDictionary(r => r[0]!, r => r[1] ?? "", StringComparer.OrdinalIgnoreCase),
            collations.Rows.ToDictionary(
                r => r[0]!, r => new CollationInfo(int.Parse(r[1]!, CultureInfo.InvariantCulture), r[2]!, r[3] == "Yes"), StringComparer.OrdinalIgnoreCase)));
    }

    public void Dispose()
    {
        _server.Dispose();
        _loop.Dispose();
    }
}
