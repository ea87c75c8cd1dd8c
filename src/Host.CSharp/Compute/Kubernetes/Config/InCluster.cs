using System.Net;
using System.Net.Sockets;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>Access from inside of a pod, see https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/.</summary>
internal static class InCluster
{
    public const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>Null: this is not inside of a pod.</summary>
    /// <exception cref="ComputeException">It is, and what should be there is not.</exception>
    public static ClusterAccess? Find(Func<string, string?> environment, string folder, TimeProvider time)
    {
        string? host = environment(HostVariable);
        string? port = environment(PortVariable);
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            return null;
        }

        string authority = IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : host;
        if (!Uri.TryCreate($"https://{authority}:{port}/", UriKind.Absolute, out Uri? server))
        {
            throw new ComputeException($"expected the address of the Kubernetes API server in {HostVariable} and {PortVariable}, found `{host}` and `{port}`");
        }

        string token = Path.Combine(folder, "token");
        if (!File.Exists(token))
        {
            throw new ComputeException(
                $"{HostVariable} says that this is a pod, but {token} is not there: let the pod have its service account's token (automountServiceAccountToken: true), or name a kubeconfig");
        }

        return new ClusterAccess
        {
            Source = "the pod's service account",
            IsOfPod = true,
            Server = server,
            Namespace = ReadNamespace(Path.Combine(folder, "namespace")),
            Trust = ServerTrust.Of(new PemSource("the cluster's authority", Path.Combine(folder, "ca.crt"), null), null),
            Credentials = new UserCredentials(null, token, null, null, "the pod's service account", time),
        };
    }

    private static string ReadNamespace(string file)
    {
        string name = File.Exists(file) ? PemSource.ReadFile(file, "the pod's namespace").Trim() : "";
        return name.Length > 0 ? name : "default";
    }
}
