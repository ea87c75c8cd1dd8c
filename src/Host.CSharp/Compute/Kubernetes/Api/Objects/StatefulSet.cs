using System.Collections.ObjectModel;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/</summary>
internal sealed record StatefulSet : IApiObject
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public StatefulSetSpec Spec { get; init => field = value ?? new(); } = new();

    public StatefulSetStatus Status { get; init => field = value ?? new(); } = new();
}

internal sealed record StatefulSetSpec
{
    /// <summary>1 when nothing is said.</summary>
    public int? Replicas { get; init; }

    public string? ServiceName { get; init; }

    public LabelSelector Selector { get; init => field = value ?? new(); } = new();

    public PodTemplate Template { get; init => field = value ?? new(); } = new();

    public IReadOnlyList<ClaimTemplate> VolumeClaimTemplates { get; init => field = value ?? []; } = [];

    /// <summary>What becomes of the claims; null (and any cluster before 1.23): they stay.</summary>
    public ClaimRetention? PersistentVolumeClaimRetentionPolicy { get; init; }

    public UpdateStrategy? UpdateStrategy { get; init; }

    /// <summary>Where the numbers of its pods begin; null: at 0.</summary>
    public Ordinals? Ordinals { get; init; }
}

internal sealed record Ordinals
{
    public int Start { get; init; }
}

internal sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string> MatchLabels { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    public IReadOnlyList<LabelRequirement> MatchExpressions { get; init => field = value ?? []; } = [];
}

internal sealed record LabelRequirement
{
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>`In`, `NotIn`, `Exists` or `DoesNotExist`.</summary>
    public string Operator { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];
}

internal sealed record PodTemplate
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public PodSpec Spec { get; init => field = value ?? new(); } = new();
}

internal sealed record ClaimTemplate
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public ClaimSpec Spec { get; init => field = value ?? new(); } = new();
}

internal sealed record ClaimSpec
{
    public string? StorageClassName { get; init; }

    public IReadOnlyList<string> AccessModes { get; init => field = value ?? []; } = [];

    public ResourceAmounts Resources { get; init => field = value ?? new(); } = new();
}

/// <summary>`Retain` (also when nothing is said) or `Delete`.</summary>
internal sealed record ClaimRetention
{
    public string? WhenScaled { get; init; }

    public string? WhenDeleted { get; init; }
}

internal sealed record UpdateStrategy
{
    /// <summary>`RollingUpdate` or `OnDelete`.</summary>
    public string? Type { get; init; }

    public RollingUpdate? RollingUpdate { get; init; }
}

internal sealed record RollingUpdate
{
    public int? Partition { get; init; }
}

internal sealed record StatefulSetStatus
{
    public long? ObservedGeneration { get; init; }

    public int Replicas { get; init; }

    public int ReadyReplicas { get; init; }

    public int CurrentReplicas { get; init; }

    public int UpdatedReplicas { get; init; }

    public int AvailableReplicas { get; init; }

    public string? CurrentRevision { get; init; }

    public string? UpdateRevision { get; init; }
}
