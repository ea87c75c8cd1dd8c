namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>Where a cluster is, how to know it, and who to be there: what a kubeconfig or the inside of a pod comes to.</summary>
internal sealed class ClusterAccess
{
    /// <summary>What told it, for messages: `context lab of /home/me/.kube/config`.</summary>
    public required string Source { get; init; }

    /// <summary>With a path in front of `/api` where the server is behind something that wants one.</summary>
    public required Uri Server { get; init; }

    /// <summary>It is the cluster that this process runs in, in a pod of <see cref="Namespace"/>.</summary>
    public bool IsOfPod { get; init; }

    /// <summary>Namespace to work in when nothing else is said.</summary>
    public required string Namespace { get; init; }

    public required ServerTrust Trust { get; init; }

    public required ICredentials Credentials { get; init; }

    /// <summary>Proxy to go through; null: as the environment says (`HTTPS_PROXY`, `NO_PROXY`).</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Headers of every call: whom to act as.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
