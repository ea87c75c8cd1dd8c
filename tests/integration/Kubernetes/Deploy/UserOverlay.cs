using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>What a user writes to have an overlay with components, or with a change of his own: docs/deploy.md.</summary>
internal sealed class UserOverlay : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    /// <param name="overlay">Below `deploy/kubernetes`, as are the components.</param>
    public UserOverlay(string overlay, params string[] components)
        : this(overlay, components, "")
    {
    }

    /// <param name="more">Further lines of its kustomization.</param>
    public UserOverlay(string overlay, string[] components, string more)
    {
        string shipped = Path.GetRelativePath(_folder.Path, ManifestFiles.Folder);
        File.WriteAllText(_folder["kustomization.yaml"], $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{shipped}/{overlay}]
            components: [{string.Join(", ", components.Select(one => $"{shipped}/{one}"))}]
            {more}
            """);
    }

    public string Folder => _folder.Path;

    public void Dispose() => _folder.Dispose();
}
