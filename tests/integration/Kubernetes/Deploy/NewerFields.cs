using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>What the shipped manifests use that Kubernetes 1.20, whose schema they are checked by, does not know yet. Each with the version that it came with.</summary>
internal static class NewerFields
{
    private const string Core = "io.k8s.api.core.v1.";
    private const string Apps = "io.k8s.api.apps.v1.";

    private static readonly (string Since, string Definition, string Field, string Schema)[] Fields =
    [
        // https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
        ("1.23", Apps + "StatefulSetSpec", "persistentVolumeClaimRetentionPolicy", """
            {"type": "object", "properties": {"whenDeleted": {"type": "string"}, "whenScaled": {"type": "string"}}}
            """),

        // https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#container-resize-policies
        ("1.27", Core + "Container", "resizePolicy", """
            {"type": "array", "items": {"type": "object", "required": ["resourceName", "restartPolicy"], "properties": {"resourceName": {"type": "string"}, "restartPolicy": {"type": "string"}}}}
            """),
    ];

    private static readonly (string Since, string Kind, string Version, string As)[] Kinds =
    [
        // https://kubernetes.io/docs/reference/using-api/deprecation-guide/#poddisruptionbudget-v125: of its fields none changed its shape
        ("1.21", "PodDisruptionBudget", "v1", "io.k8s.api.policy.v1beta1.PodDisruptionBudget"),
    ];

    /// <param name="definitions">Those of `/openapi/v2`, which become known to have them.</param>
    public static void AddTo(JsonObject definitions)
    {
        foreach ((_, string definition, string field, string schema) in Fields)
        {
            definitions[definition]!["properties"]!.AsObject().TryAdd(field, JsonNode.Parse(schema));
        }

        foreach ((_, string kind, string version, string name) in Kinds)
        {
            definitions[name]!["x-kubernetes-group-version-kind"]!.AsArray().Add(new JsonObject { ["group"] = name.Split('.')[3], ["version"] = version, ["kind"] = kind });
        }
    }
}
