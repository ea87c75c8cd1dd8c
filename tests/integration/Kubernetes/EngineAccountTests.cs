using System.Net;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Storage;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The rights that docs/kubernetes.md names for the gateway's account on an engine are enough for all that it asks of one.</summary>
internal sealed class EngineAccountTests
{
    [Test]
    public async Task DocumentedRights_AreEnough_OnMariaDb()
    {
        using MariaDbServer server = await MariaDbServer.StartAsync();
        await AllIsAllowedAsync(server.SocketPath, server.TcpAddress, "MariaDB");
    }

    [Test]
    public async Task DocumentedRights_AreEnough_OnMySql()
    {
        using MySqlServer server = await MySqlServer.StartAsync();
        await AllIsAllowedAsync(server.SocketPath, server.TcpAddress, "MySQL");
    }

    private static async Task AllIsAllowedAsync(string socket, IPEndPoint at, string family)
    {
        using var loop = new EventLoop("rights");
        var tls = new EngineTls(Required: false, Verify: false, "localhost");
        var address = new BackendAddress(UnixSocket: null, at, ReadsProxyHeader: false) { Tls = tls };
        await using (var root = new EngineSql(loop, new BackendAddress(socket, Tcp: null, ReadsProxyHeader: false), "root", "", TimeSpan.FromSeconds(60)))
        {
            await root.QueryAsync("CREATE USER serverless@'%' IDENTIFIED BY 'Correct-Horse1'", default);
            await root.QueryAsync(Grant(family), default);
            await root.QueryAsync("CREATE DATABASE shop", default);
            await root.QueryAsync("CREATE FUNCTION shop.f() RETURNS INT DETERMINISTIC RETURN 1", default);
        }

        await using var sql = new EngineSql(loop, address, "serverless", "Correct-Horse1", TimeSpan.FromSeconds(60));
        ServerFamily engine = await sql.FamilyAsync(default);
        Assert.That((await AccountReader.ReadAsync(sql, engine, TimeProvider.System, default, "serverless")).Accounts.Select(one => one.User), Has.Member("root").And.No.Member("serverless"));
        Assert.That((await ProfileReader.ReadAsync(sql, engine, TimeProvider.System, default)).MayRunStoredCode, Is.True);
        Assert.That(await ForeignWork.FindAsync(sql, engine, TimeProvider.System, default, new Alone()), Is.Null);
        EngineStatus status = await EngineStatus.ReadAsync(sql, default);
        Assert.That(await new StatusSampler(TimeProvider.System).ReadAsync(sql, engine, status, default), Is.Not.Empty);
        Assert.That(await DataFolders.ReadAsync(sql, default), Is.Not.Empty);
        PreparedStop prepared = await PreparedStop.BeginAsync(sql, default);
        Assert.That(await StopPreparation.RunAsync(sql, TimeSpan.FromSeconds(30), TimeProvider.System, default), Is.Null);
        await prepared.TakeBackAsync(sql, default);
        await BufferPool.ResizeAsync(sql, 64 << 20, TimeSpan.FromSeconds(30), TimeProvider.System, default);
        Assert.That((await sql.QueryAsync("SELECT @@GLOBAL.read_only", default)).Scalar, Is.EqualTo("0"));
    }

    private static string Grant(string family) =>
        File.ReadLines(Path.Combine(Repository.Root, "docs", "kubernetes.md")).Single(line => line.TrimStart().StartsWith("GRANT ", StringComparison.Ordinal) && line.EndsWith($"-- {family}", StringComparison.Ordinal)).Split(';')[0].Trim();

    private sealed class Alone : IForeignWorkOwnership
    {
        public bool IsOurs(SqlRow process) => process["User"] is "serverless" or "root";

        public bool IsOurSource(string source) => false;
    }
}
