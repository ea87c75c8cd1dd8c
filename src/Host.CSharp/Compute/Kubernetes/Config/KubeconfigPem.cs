using System.Text;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>PEM under a key, or under that key with `-data`, which comes first.</summary>
internal static class KubeconfigPem
{
    public static PemSource? Of(YamlMap map, string key, string folder) => map.Data(key + "-data") is { } data
        ? new PemSource(map.KeyAt(key + "-data"), null, Encoding.UTF8.GetString(data))
        : map.Text(key) is { } file
            ? new PemSource(map.KeyAt(key), Path.GetFullPath(file, folder), null)
            : null;
}
