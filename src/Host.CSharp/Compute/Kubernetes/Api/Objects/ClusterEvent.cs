using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`v1 Event`: what `kubectl describe` shows below an object.</summary>
internal sealed record ClusterEvent : IApiObject
{
    public string ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string Kind { get; init => field = value ?? "Event"; } = "Event";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What it is about; in the namespace of the event itself.</summary>
    public ObjectReference InvolvedObject { get; init => field = value ?? new(); } = new();

    /// <summary>One word in CamelCase.</summary>
    public string? Reason { get; init; }

    /// <summary>At most 1024 bytes, or the server refuses it.</summary>
    public string? Message { get; init; }

    /// <summary>`Normal` or `Warning`.</summary>
    public string? Type { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FirstTimestamp { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTimestamp { get; init; }

    public int? Count { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }

    public string? Action { get; init; }

    public EventSource? Source { get; init; }

    public string? ReportingComponent { get; init; }

    public string? ReportingInstance { get; init; }
}

internal sealed record EventSource
{
    public string? Component { get; init; }

    public string? Host { get; init; }
}
