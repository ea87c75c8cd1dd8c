using System.Net;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The account of the clients, on an engine that the gateway does not make.</summary>
internal static class ClientAccount
{
    /// <param name="host">Where its connections come from.</param>
    /// <param name="then">Statements of root, afterwards.</param>
    public static async Task MakeAsync(IPEndPoint address, string host, params string[] then)
    {
        using var loop = new EventLoop("client");
        await using var sql = new EngineSql(loop, new BackendAddress(UnixSocket: null, address, ReadsProxyHeader: false), "root", "", TimeSpan.FromSeconds(30));
        await Eventually.HoldsAsync(async () => await sql.TryConnectAsync(default) is null, TimeSpan.FromSeconds(120), () => Task.FromResult($"{address} does not answer"));
        await sql.QueryAsync($"CREATE OR REPLACE USER {GatewayProcess.User}@'{host}' IDENTIFIED BY '{GatewayProcess.Password}'", default);
        await sql.QueryAsync($"GRANT ALL ON *.* TO {GatewayProcess.User}@'{host}'", default);
        foreach (string statement in then)
        {
            await sql.QueryAsync(statement, default);
        }
    }
}
