using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Storage;

/// <summary>Whether the pods of a template can run on one node only, the one that has their folders. A label that several nodes may have is no such word.</summary>
internal static class NodePin
{
    private const string HostName = "kubernetes.io/hostname";
    private const string Name = "metadata.name";

    public static bool IsOf(PodSpec template) => template.NodeName is { Length: > 0 } || template.NodeSelector.ContainsKey(HostName) || IsOf(template.Affinity?.NodeAffinity?.Required);

    private static bool IsOf(NodeSelector? selector)
    {
        if (selector is not { NodeSelectorTerms.Count: > 0 })
        {
            return false;
        }

        List<string?> nodes = [.. selector.NodeSelectorTerms.Select(NodeOf)];
        return nodes[0] is { } first && nodes.TrueForAll(one => one == first);
    }

    /// <returns>Null: several may do.</returns>
    private static string? NodeOf(NodeSelectorTerm term) =>
        term.MatchExpressions.Where(one => one.Key == HostName).Concat(term.MatchFields.Where(one => one.Key == Name)).FirstOrDefault(one => one is { Operator: "In", Values.Count: 1 })?.Values[0];
}
