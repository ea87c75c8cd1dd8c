using System.Net;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>The scripts by which the example databases make the gateway's account, run as their images run them.</summary>
internal sealed class GatewayAccountTests
{
    private const string Password = """it's \ a "pass" `word` $HOME %_""";

    [Test]
    public async Task MariaDb_HasTheAccount_WithTheDocumentedRights()
    {
        using MariaDbServer server = await MariaDbServer.StartAsync();
        await MakesAsync("mariadb", "MariaDB", server.SocketPath, server.TcpAddress);
    }

    [Test]
    public async Task MySql_HasTheAccount_WithTheDocumentedRights()
    {
        using MySqlServer server = await MySqlServer.StartAsync();
        await MakesAsync("mysql", "MySQL", server.SocketPath, server.TcpAddress);
    }

    private static async Task MakesAsync(string folder, string family, string socket, IPEndPoint at)
    {
        string script = Path.Combine(ManifestFiles.Folder, folder, "account.sh");
        await GatewayAccount.MakeAsync(folder, Password, $"--socket={socket}");
        using var loop = new EventLoop("account");
        await using var sql = new EngineSql(loop, new BackendAddress(UnixSocket: null, at, ReadsProxyHeader: false) { Tls = new EngineTls(Required: false, Verify: false, "localhost") }, "serverless", Password, TimeSpan.FromSeconds(30));
        await sql.QueryAsync("SELECT 1", default);
        Assert.That(File.ReadLines(script), Has.Member(DocumentedGrant(family)));
    }

    private static string DocumentedGrant(string family) =>
        File.ReadLines(Path.Combine(Repository.Root, "docs", "kubernetes.md")).Single(line => line.TrimStart().StartsWith("GRANT ", StringComparison.Ordinal) && line.EndsWith($"-- {family}", StringComparison.Ordinal)).Split(" --")[0].Trim();
}
