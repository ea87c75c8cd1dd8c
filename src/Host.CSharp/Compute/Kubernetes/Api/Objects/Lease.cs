using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`coordination.k8s.io/v1 Lease`.</summary>
internal sealed record Lease : IApiObject
{
    public string ApiVersion { get; init => field = value ?? "coordination.k8s.io/v1"; } = "coordination.k8s.io/v1";

    public string Kind { get; init => field = value ?? "Lease"; } = "Lease";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public LeaseSpec Spec { get; init => field = value ?? new(); } = new();
}

internal sealed record LeaseSpec
{
    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    /// <summary>By the holder's clock, which is not ours: only that it changed says something.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary>By the holder's clock, which is not ours: only that it changed says something.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }

    /// <summary>Of coordinated elections, which are not used here; kept as it is.</summary>
    public string? Strategy { get; init; }

    /// <summary>Of coordinated elections, which are not used here; kept as it is.</summary>
    public string? PreferredHolder { get; init; }
}
