using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

/// <summary>An engine that is to be told where clients come from must expect to be.</summary>
internal sealed partial class KubernetesCompute
{
    private const string HeadersRead = "SHOW GLOBAL VARIABLES LIKE 'proxy_protocol_networks'";

    /// <summary>What would otherwise be seen in clients' errors alone. Whether the gateway's address is among those that it reads headers from only the engine knows.</summary>
    private async Task WarnOfHeadersAsync(PodEngine engine)
    {
        try
        {
            if ((await engine.Sql.QueryAsync(HeadersRead, CancellationToken.None)).ToDictionary().GetValueOrDefault("proxy_protocol_networks") is not { Length: > 0 })
            {
                LogReadsNoHeaders(_options.Name, engine.Identity.Name);
            }
        }
        catch (EngineSqlException)
        {
            // one that does not answer is told of elsewhere
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: pod {Pod} is to be told where clients come from (kubernetes:proxyProtocol), and its engine reads that from nobody: connections of clients will fail. Set proxy_protocol_networks on it (MariaDB, Percona Server), or kubernetes:proxyProtocol to off")]
    private partial void LogReadsNoHeaders(string database, string pod);
}
