using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`metrics.k8s.io`: usage as the Metrics Server last saw it, a mean over the window that ends at the timestamp.</summary>
internal sealed record PodMetrics : IApiObject
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? Timestamp { get; init; }

    [JsonConverter(typeof(DurationConverter))]
    public TimeSpan? Window { get; init; }

    public IReadOnlyList<ContainerMetrics> Containers { get; init => field = value ?? []; } = [];
}

internal sealed record ContainerMetrics
{
    public string Name { get; init => field = value ?? ""; } = "";

    public IReadOnlyDictionary<string, Quantity> Usage { get; init => field = value ?? Amounts.None; } = Amounts.None;
}
