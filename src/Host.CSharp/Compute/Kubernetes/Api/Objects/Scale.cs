namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`autoscaling/v1 Scale`, the subresource `scale`. Its resourceVersion is that of the object it scales.</summary>
internal sealed record Scale : IApiObject
{
    public string ApiVersion { get; init => field = value ?? "autoscaling/v1"; } = "autoscaling/v1";

    public string Kind { get; init => field = value ?? "Scale"; } = "Scale";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public ScaleSpec Spec { get; init => field = value ?? new(); } = new();

    public ScaleStatus Status { get; init => field = value ?? new(); } = new();
}

internal sealed record ScaleSpec
{
    /// <summary>The server leaves it out when it is 0.</summary>
    public int Replicas { get; init; }
}

internal sealed record ScaleStatus
{
    public int Replicas { get; init; }

    public string? Selector { get; init; }
}
