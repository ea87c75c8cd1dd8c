using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>Which container of a pod the engine is in.</summary>
internal static class ContainerChoice
{
    /// <summary>What kubectl goes by too.</summary>
    private const string Annotation = "kubectl.kubernetes.io/default-container";

    /// <param name="options">With the name that was configured; empty: none was.</param>
    /// <returns>The one that was named; else the only one, the one that the pods name as theirs, or the only one with the engine's port.</returns>
    /// <exception cref="ComputeException">There is none of that name, or several could be meant.</exception>
    public static string Choose(StatefulSet set, KubernetesComputeOptions options)
    {
        IReadOnlyList<Container> containers = set.Spec.Template.Spec.Containers;
        string found = string.Join(", ", containers.Select(one => $"`{one.Name}`"));
        if (options.Container.Length > 0)
        {
            return containers.Any(one => one.Name == options.Container)
                ? options.Container
                : throw new ComputeException($"database `{options.Name}`: expected a container `{options.Container}` (kubernetes:container) in StatefulSet {set.Metadata.Name}, found {found}");
        }

        if (containers.Count == 1)
        {
            return containers[0].Name;
        }

        if (set.Spec.Template.Metadata.Annotations.TryGetValue(Annotation, out string? named) && containers.Any(one => one.Name == named))
        {
            return named;
        }

        List<Container> withPort = [.. containers.Where(one => one.Ports.Any(port => port.Port == options.Port))];
        return withPort.Count == 1
            ? withPort[0].Name
            : throw new ComputeException($"database `{options.Name}`: StatefulSet {set.Metadata.Name} has the containers {found}: say by `kubernetes:container` which of them is the engine");
    }
}
