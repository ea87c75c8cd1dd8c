using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>
/// What the server keeps about every object, see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/.
/// Everything that a replace would otherwise take away from an object is here (managedFields are the server's own).
/// </summary>
internal sealed record ObjectMeta
{
    public string Name { get; init => field = value ?? ""; } = "";

    public string? GenerateName { get; init; }

    public string? Namespace { get; init; }

    /// <summary>Another object of the same name has another one.</summary>
    public string? Uid { get; init; }

    /// <summary>Opaque: to be compared for equality alone, and handed back.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts changes of the desired state.</summary>
    public long? Generation { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set: it is being deleted, and goes when its grace period and finalizers allow.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>In seconds.</summary>
    public long? DeletionGracePeriodSeconds { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init => field = value ?? None; } = None;

    public IReadOnlyDictionary<string, string> Annotations { get; init => field = value ?? None; } = None;

    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }

    public IReadOnlyList<string>? Finalizers { get; init; }

    private static ReadOnlyDictionary<string, string> None => ReadOnlyDictionary<string, string>.Empty;
}

internal sealed record OwnerReference
{
    public string ApiVersion { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? ""; } = "";

    public string Name { get; init => field = value ?? ""; } = "";

    public string Uid { get; init => field = value ?? ""; } = "";

    public bool? Controller { get; init; }

    public bool? BlockOwnerDeletion { get; init; }
}

/// <summary>Another object, as events and endpoints name it.</summary>
internal sealed record ObjectReference
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Name { get; init; }

    public string? Namespace { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public string? FieldPath { get; init; }
}

/// <summary>A condition of a pod or node.</summary>
internal sealed record Condition
{
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>`True`, `False` or `Unknown`.</summary>
    public string Status { get; init => field = value ?? ""; } = "";

    public string? Reason { get; init; }

    public string? Message { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }

    /// <summary>The generation that it speaks of, from 1.33 on.</summary>
    public long? ObservedGeneration { get; init; }

    [JsonIgnore]
    public bool IsTrue => Status == "True";
}
