using System.Security.Cryptography;
using System.Text;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Members;

/// <summary>What a gateway is called among several: the same after it is started again, and no other's.</summary>
internal static class ReplicaName
{
    private const int LongestHost = 63;

    /// <summary>In a pod the host's name is the pod's, and there is one gateway in it.</summary>
    public static string OfPod(string host) => Plain(host);

    /// <summary>Elsewhere several may run on one host, each with a data directory of its own.</summary>
    public static string OfHost(string host, string data) => $"{Plain(host)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data)).AsSpan(0, 4))}";

    /// <summary>As a name of Kubernetes may be: small letters, digits and `-` within.</summary>
    private static string Plain(string host)
    {
        string plain = new([.. host.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-').Take(LongestHost)]);
        return plain.Trim('-') is { Length: > 0 } name ? name : "gateway";
    }
}
