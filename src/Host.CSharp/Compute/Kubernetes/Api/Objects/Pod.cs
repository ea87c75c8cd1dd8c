using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/</summary>
internal sealed record Pod : IApiObject
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public PodSpec Spec { get; init => field = value ?? new(); } = new();

    public PodStatus Status { get; init => field = value ?? new(); } = new();
}

internal sealed record PodSpec
{
    public string? NodeName { get; init; }

    /// <summary>Labels that the node must have.</summary>
    public IReadOnlyDictionary<string, string> NodeSelector { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    public Affinity? Affinity { get; init; }

    public IReadOnlyList<Container> Containers { get; init => field = value ?? []; } = [];

    public IReadOnlyList<Container> InitContainers { get; init => field = value ?? []; } = [];

    public IReadOnlyList<Volume> Volumes { get; init => field = value ?? []; } = [];

    /// <summary>In seconds; 30 when nothing is said.</summary>
    public long? TerminationGracePeriodSeconds { get; init; }
}

internal sealed record Container
{
    public string Name { get; init => field = value ?? ""; } = "";

    public string? Image { get; init; }

    public ResourceAmounts Resources { get; init => field = value ?? new(); } = new();

    /// <summary>What a change in place does to the container, by resource; nothing is said of most, which is `NotRequired`.</summary>
    public IReadOnlyList<ResizePolicy> ResizePolicy { get; init => field = value ?? []; } = [];

    public IReadOnlyList<VolumeMount> VolumeMounts { get; init => field = value ?? []; } = [];

    public IReadOnlyList<ContainerPort> Ports { get; init => field = value ?? []; } = [];

    /// <summary>`Always` makes an init container a sidecar.</summary>
    public string? RestartPolicy { get; init; }
}

/// <summary>Requests and limits, by the name of the resource (`cpu`, `memory`).</summary>
internal sealed record ResourceAmounts
{
    public IReadOnlyDictionary<string, Quantity> Requests { get; init => field = value ?? Amounts.None; } = Amounts.None;

    public IReadOnlyDictionary<string, Quantity> Limits { get; init => field = value ?? Amounts.None; } = Amounts.None;
}

internal sealed record ResizePolicy
{
    public string ResourceName { get; init => field = value ?? ""; } = "";

    /// <summary>`NotRequired` or `RestartContainer`.</summary>
    public string RestartPolicy { get; init => field = value ?? ""; } = "";
}

internal sealed record VolumeMount
{
    public string Name { get; init => field = value ?? ""; } = "";

    public string MountPath { get; init => field = value ?? ""; } = "";

    public string? SubPath { get; init; }

    public bool ReadOnly { get; init; }
}

internal sealed record ContainerPort
{
    public string? Name { get; init; }

    [JsonPropertyName("containerPort")]
    public int Port { get; init; }

    public string? Protocol { get; init; }
}

/// <summary>Where a volume comes from, as far as it matters whether it outlives the pod: one of them is set, or none that is known here.</summary>
internal sealed record Volume
{
    public string Name { get; init => field = value ?? ""; } = "";

    public ClaimSource? PersistentVolumeClaim { get; init; }

    public EmptyDirSource? EmptyDir { get; init; }

    public HostPathSource? HostPath { get; init; }
}

internal sealed record ClaimSource
{
    public string ClaimName { get; init => field = value ?? ""; } = "";
}

internal sealed record EmptyDirSource
{
    public string? Medium { get; init; }
}

internal sealed record HostPathSource
{
    public string? Path { get; init; }
}
