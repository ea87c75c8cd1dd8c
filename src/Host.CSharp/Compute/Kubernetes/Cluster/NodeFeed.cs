using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>What pods may have of a node, asked for each node by its name and kept for a while: a node hardly ever changes, and a right to watch all of them would be a wide one for that.</summary>
internal sealed partial class NodeFeed(IKubernetesApi api, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_goodFor = TimeSpan.FromMinutes(1);

    /// <summary>One that no pod was on for so long may be gone: clusters that grow and shrink give each node another name.</summary>
    private static readonly TimeSpan s_keptFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_callLimit = TimeSpan.FromSeconds(5);

    private readonly IKubernetesApi _api = api.Within(s_callLimit);
    private readonly ConcurrentDictionary<string, (ComputeSize? Allocatable, long At)> _known = new(StringComparer.Ordinal);
    private bool _isMissing;

    /// <returns>Null: that is not known.</returns>
    public async Task<ComputeSize?> FindAsync(string node, CancellationToken cancellation)
    {
        if (_known.TryGetValue(node, out (ComputeSize? Allocatable, long At) found) && time.GetElapsedTime(found.At) < s_goodFor)
        {
            return found.Allocatable;
        }

        ComputeSize? allocatable;
        try
        {
            Node? now = await _api.FindAsync(Resources.Nodes, new ObjectName(null, node), cancellation);
            allocatable = now is not null && now.Status.Allocatable.TryGetValue(Amounts.Cpu, out Quantity cpu) && now.Status.Allocatable.TryGetValue(Amounts.Memory, out Quantity memory)
                ? new ComputeSize(cpu.MilliValue, memory.Value)
                : null;
            _isMissing = false;
        }
        catch (ApiException e)
        {
            // a node does not shrink while nobody can say so
            allocatable = found.Allocatable;
            if (!_isMissing)
            {
                LogMissing(node, e.Message);
            }

            _isMissing = true;
        }

        foreach (KeyValuePair<string, (ComputeSize? Allocatable, long At)> old in _known.Where(one => time.GetElapsedTime(one.Value.At) > s_keptFor))
        {
            _known.TryRemove(old);
        }

        _known[node] = (allocatable, time.GetTimestamp());
        return allocatable;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "How large node {Node} is cannot be asked (kubernetes:nodeCapacity), and a size that it cannot have is found out by asking for it: {Why}")]
    private partial void LogMissing(string node, string why);
}
