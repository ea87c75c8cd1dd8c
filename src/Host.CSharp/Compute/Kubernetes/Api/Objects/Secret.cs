using System.Collections.ObjectModel;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>No record: the text of one would show what is in it.</summary>
internal sealed class Secret : IApiObject
{
    public string ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string Kind { get; init => field = value ?? "Secret"; } = "Secret";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public string? Type { get; init; }

    /// <summary>Decoded.</summary>
    public IReadOnlyDictionary<string, byte[]> Data { get; init => field = value ?? ReadOnlyDictionary<string, byte[]>.Empty; } = ReadOnlyDictionary<string, byte[]>.Empty;

    public bool? Immutable { get; init; }
}
