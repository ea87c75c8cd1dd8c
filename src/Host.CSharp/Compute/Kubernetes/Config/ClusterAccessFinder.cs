namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>Looks for a way to the cluster where kubectl does: a file that is named, KUBECONFIG, ~/.kube/config, and the inside of a pod.</summary>
internal sealed class ClusterAccessFinder(Func<string, string?> environment, TimeProvider time)
{
    /// <summary>Where a pod finds its account.</summary>
    public string AccountFolder { get; init; } = InCluster.AccountFolder;

    /// <param name="kubeconfig">Named by whoever started us; null: look for one.</param>
    /// <param name="context">Null: the current one.</param>
    /// <exception cref="ComputeException">None was found, or what was found is not complete.</exception>
    public ClusterAccess Find(string? kubeconfig, string? context)
    {
        if (kubeconfig is not null)
        {
            return new Kubeconfig([KubeconfigFile.Read(kubeconfig)], time).Choose(context);
        }

        string[] named = (environment("KUBECONFIG") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? home = environment("HOME") is { Length: > 0 } folder ? Path.Combine(folder, ".kube", "config") : null;
        // of several, those that are not there are passed over
        List<string> files = [.. (named.Length > 0 ? named : home is null ? [] : [home]).Where(File.Exists)];
        if (files.Count > 0)
        {
            return new Kubeconfig([.. files.Select(KubeconfigFile.Read)], time).Choose(context);
        }

        if (named.Length > 0)
        {
            throw new ComputeException($"KUBECONFIG names {string.Join(" and ", named)}, and there is no such file: mend it, or unset it to look in ~/.kube/config and inside of the pod");
        }

        if (context is not null)
        {
            throw new ComputeException($"expected a kubeconfig with the context `{context}`, found none: name it, or set KUBECONFIG");
        }

        return InCluster.Find(environment, AccountFolder, time) ?? throw new ComputeException(
            $"no way to a Kubernetes cluster was found: KUBECONFIG is not set, {home ?? "~/.kube/config"} is not there, and this is no pod (KUBERNETES_SERVICE_HOST is not set). Name a kubeconfig, or run inside of the cluster");
    }
}
