using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>Where a pod may run, as far as it is looked at; see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/.</summary>
internal sealed record Affinity
{
    public NodeAffinity? NodeAffinity { get; init; }
}

internal sealed record NodeAffinity
{
    [JsonPropertyName("requiredDuringSchedulingIgnoredDuringExecution")]
    public NodeSelector? Required { get; init; }
}

internal sealed record NodeSelector
{
    /// <summary>One of them is enough.</summary>
    public IReadOnlyList<NodeSelectorTerm> NodeSelectorTerms { get; init => field = value ?? []; } = [];
}

/// <summary>All of it must hold.</summary>
internal sealed record NodeSelectorTerm
{
    /// <summary>Of the node's labels.</summary>
    public IReadOnlyList<LabelRequirement> MatchExpressions { get; init => field = value ?? []; } = [];

    /// <summary>Of the node itself: `metadata.name`.</summary>
    public IReadOnlyList<LabelRequirement> MatchFields { get; init => field = value ?? []; } = [];
}
