using System.Net;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Pods;

/// <summary>What on the engine of one pod is no work of others: the gateways' own connections, and what the other pods of the same StatefulSet replicate.</summary>
/// <param name="set">The StatefulSet of all of them.</param>
/// <param name="others">Its pods but the one that is asked, which is no source or replica of itself.</param>
/// <param name="user">The gateway's own account.</param>
/// <param name="isAsking">Tells our own connections by their id.</param>
/// <param name="isRaft">They are nodes of a WeSQL cluster, whose own channel has a log for its source, and no host.</param>
internal sealed class PodOwnership(StatefulSet set, IReadOnlyList<Pod> others, string user, Func<long, bool> isAsking, bool isRaft = false) : IForeignWorkOwnership
{
    /// <remarks>
    /// Other gateways have connections by the same account, which do nothing but ask a question now and then. What that account is busy with for longer than the settling time is taken for somebody's
    /// work.
    /// </remarks>
    public bool IsOurs(SqlRow process) => process["User"] == user
        ? process["Command"] == "Sleep" || (process.Number("Id") is { } id && isAsking(id))
        : process["Command"]?.StartsWith("Binlog Dump", StringComparison.Ordinal) == true && IsPod(process["Host"]);

    public bool IsOurSource(string source) => (isRaft && source.StartsWith(':')) || IsPod(source);

    /// <param name="host">With a port, or without.</param>
    private bool IsPod(string? host)
    {
        string plain = host?.LastIndexOf(':') is > 0 and var colon && int.TryParse(host.AsSpan(colon + 1), out _) ? host[..colon] : host ?? "";
        return others.Any(pod => IsAddressOf(pod, plain) || IsNameOf(pod, plain.TrimEnd('.')));
    }

    private static bool IsAddressOf(Pod pod, string host) => pod.Address() is { } address && IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? found) && found.Equals(address);

    /// <summary>
    /// A pod's name in DNS is POD.SERVICE.NAMESPACE.svc.DOMAIN, and its beginnings are short for it inside of the namespace; see
    /// https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/. Another namespace, or another cluster behind a name of one's own, has a pod of the same name as likely as not.
    /// </summary>
    private bool IsNameOf(Pod pod, string host)
    {
        string name = pod.Metadata.Name;
        if (Is(host, name))
        {
            return true;
        }

        if (set.Spec.ServiceName is not { Length: > 0 } service)
        {
            return false;
        }

        string full = $"{name}.{service}.{set.Metadata.Namespace}.svc";
        return Is(host, $"{name}.{service}") || Is(host, $"{name}.{service}.{set.Metadata.Namespace}") || Is(host, full) || host.StartsWith(full + ".", StringComparison.OrdinalIgnoreCase);
    }

    private static bool Is(string host, string name) => host.Equals(name, StringComparison.OrdinalIgnoreCase);
}
