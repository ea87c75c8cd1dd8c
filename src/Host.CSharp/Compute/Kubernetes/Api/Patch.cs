using System.Text.Json.Nodes;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>
/// A change of part of an object, see https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/.
/// A `metadata.resourceVersion` in a merge makes the server refuse it with a conflict when the object is another by now.
/// </summary>
internal sealed class Patch
{
    private Patch(string mediaType, JsonNode body) => (MediaType, Body) = (mediaType, System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()));

    public string MediaType { get; }

    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>RFC 7386: maps are merged, null takes a key away, lists are replaced.</summary>
    public static Patch Merge(JsonObject change) => new("application/merge-patch+json", change);

    /// <summary>As a merge, but lists of things with names (containers) are merged by these.</summary>
    public static Patch Strategic(JsonObject change) => new("application/strategic-merge-patch+json", change);

    /// <summary>RFC 6902: a list of operations, `test` among them; one that fails is <see cref="ApiFailure.Invalid"/>.</summary>
    public static Patch Operations(JsonArray operations) => new("application/json-patch+json", operations);
}
