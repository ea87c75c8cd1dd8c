namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

internal sealed record Node : IApiObject
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public NodeSpec Spec { get; init => field = value ?? new(); } = new();

    public NodeStatus Status { get; init => field = value ?? new(); } = new();
}

internal sealed record NodeSpec
{
    public bool Unschedulable { get; init; }
}

internal sealed record NodeStatus
{
    public IReadOnlyDictionary<string, Quantity> Capacity { get; init => field = value ?? Amounts.None; } = Amounts.None;

    /// <summary>What pods may have of it.</summary>
    public IReadOnlyDictionary<string, Quantity> Allocatable { get; init => field = value ?? Amounts.None; } = Amounts.None;

    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    public NodeInfo NodeInfo { get; init => field = value ?? new(); } = new();
}

internal sealed record NodeInfo
{
    public string? KubeletVersion { get; init; }
}
