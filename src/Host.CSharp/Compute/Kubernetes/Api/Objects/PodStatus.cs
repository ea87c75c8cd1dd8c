using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

internal sealed record PodStatus
{
    /// <summary>`Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.</summary>
    public string? Phase { get; init; }

    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    [JsonPropertyName("podIP")]
    public string? PodIp { get; init; }

    [JsonPropertyName("podIPs")]
    public IReadOnlyList<PodAddress> PodIps { get; init => field = value ?? []; } = [];

    /// <summary>`Guaranteed`, `Burstable` or `BestEffort`.</summary>
    public string? QosClass { get; init; }

    /// <summary>How a resize stands, before 1.33: `Proposed`, `InProgress`, `Deferred`, `Infeasible`. Later it is in the conditions.</summary>
    public string? Resize { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public long? ObservedGeneration { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartTime { get; init; }

    public IReadOnlyList<ContainerStatus> ContainerStatuses { get; init => field = value ?? []; } = [];

    public IReadOnlyList<ContainerStatus> InitContainerStatuses { get; init => field = value ?? []; } = [];
}

internal sealed record PodAddress
{
    public string? Ip { get; init; }
}

internal sealed record ContainerStatus
{
    public string Name { get; init => field = value ?? ""; } = "";

    public bool Ready { get; init; }

    public bool? Started { get; init; }

    public int RestartCount { get; init; }

    [JsonPropertyName("containerID")]
    public string? ContainerId { get; init; }

    public ContainerState State { get; init => field = value ?? new(); } = new();

    public ContainerState LastState { get; init => field = value ?? new(); } = new();

    /// <summary>What the node has set aside for it.</summary>
    public IReadOnlyDictionary<string, Quantity> AllocatedResources { get; init => field = value ?? Amounts.None; } = Amounts.None;

    /// <summary>What is in force in the running container; null where the cluster does not tell.</summary>
    public ResourceAmounts? Resources { get; init; }
}

/// <summary>One of them is set.</summary>
internal sealed record ContainerState
{
    public RunningState? Running { get; init; }

    public WaitingState? Waiting { get; init; }

    public TerminatedState? Terminated { get; init; }
}

internal sealed record RunningState
{
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }
}

internal sealed record WaitingState
{
    public string? Reason { get; init; }

    public string? Message { get; init; }
}

internal sealed record TerminatedState
{
    public int ExitCode { get; init; }

    public int? Signal { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FinishedAt { get; init; }
}
