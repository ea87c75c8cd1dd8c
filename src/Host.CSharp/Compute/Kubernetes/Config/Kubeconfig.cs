namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>Several files taken together: of what has one name, and of the current context, the first counts, whole.</summary>
internal sealed class Kubeconfig(IReadOnlyList<KubeconfigFile> files, TimeProvider time)
{
    private string Paths => string.Join(" and ", files.Select(file => file.Path));

    /// <param name="context">Null: the current one.</param>
    /// <exception cref="ComputeException">It is not there, or not complete.</exception>
    public ClusterAccess Choose(string? context)
    {
        context ??= files.Select(file => file.CurrentContext).FirstOrDefault(name => name is not null)
            ?? throw new ComputeException($"{Paths}: expected `current-context`, found none: name one of the contexts {Names(file => file.Contexts)}");
        (KubeconfigFile file, YamlMap chosen) = Find(file => file.Contexts, context, "contexts", "asked for");
        (KubeconfigFile clusterFile, YamlMap cluster) = Find(one => one.Clusters, chosen.Needed("cluster"), "clusters", $"named by {chosen.KeyAt("cluster")}");
        (KubeconfigFile userFile, YamlMap? user) = chosen.Text("user") is { } name
            ? Find(one => one.Users, name, "users", $"named by {chosen.KeyAt("user")}")
            : (file, (YamlMap?)null);
        var reader = new KubeconfigCluster(cluster, clusterFile.Folder);
        return new ClusterAccess
        {
            Source = $"context `{context}` of {file.Path}",
            Server = reader.Server,
            Namespace = chosen.Text("namespace") ?? "default",
            Trust = reader.Trust,
            Proxy = reader.Proxy,
            Credentials = user is null ? new UserCredentials(null, null, null, null, "", time) : new KubeconfigUser(user, userFile.Folder, reader, time).Credentials(),
            Headers = user is null ? [] : KubeconfigUser.Impersonation(user),
        };
    }

    private (KubeconfigFile File, YamlMap Value) Find(Func<KubeconfigFile, IReadOnlyList<(string Name, YamlMap Value)>> list, string name, string key, string why)
    {
        foreach (KubeconfigFile file in files)
        {
            foreach ((string candidate, YamlMap value) in list(file))
            {
                if (candidate == name)
                {
                    return (file, value);
                }
            }
        }

        throw new ComputeException($"{Paths}: expected `{name}` among the {key}, {why}, found {Names(list)}");
    }

    private string Names(Func<KubeconfigFile, IReadOnlyList<(string Name, YamlMap Value)>> list)
    {
        List<string> names = [.. files.SelectMany(list).Select(one => $"`{one.Name}`").Distinct(StringComparer.Ordinal)];
        return names.Count == 0 ? "none" : string.Join(", ", names);
    }
}
