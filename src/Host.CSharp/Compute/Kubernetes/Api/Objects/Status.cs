namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`metav1.Status`: how a call failed, see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind.</summary>
internal sealed record Status
{
    public string? Kind { get; init; }

    public string? Message { get; init; }

    /// <summary>One word: `NotFound`, `Conflict`, `Expired`, …</summary>
    public string? Reason { get; init; }

    /// <summary>The HTTP status, which an error inside of a watch has only here.</summary>
    public int? Code { get; init; }

    public StatusDetails? Details { get; init; }
}

internal sealed record StatusDetails
{
    public int? RetryAfterSeconds { get; init; }

    public IReadOnlyList<StatusCause> Causes { get; init => field = value ?? []; } = [];
}

internal sealed record StatusCause
{
    public string? Reason { get; init; }

    public string? Message { get; init; }

    public string? Field { get; init; }
}
