using System.Text.Json.Serialization.Metadata;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>A kind of object as the API serves it, and how its JSON is read.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Plural">The name in paths: `statefulsets`.</param>
/// <param name="Subresource">`scale`, `resize`; null: the objects themselves.</param>
internal sealed record Resource<T>(string Group, string Version, string Plural, JsonTypeInfo<T> Json, string? Subresource = null) where T : class, IApiObject
{
    /// <summary>As a rule of RBAC names it: `statefulsets/scale`.</summary>
    public string Name => Subresource is null ? Plural : $"{Plural}/{Subresource}";

    /// <summary>Every field of it is known here, so that it can be put back whole without taking something away.</summary>
    public bool IsWhole { get; init; }

    /// <summary>`v1`, `apps/v1`.</summary>
    public string GroupVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}
