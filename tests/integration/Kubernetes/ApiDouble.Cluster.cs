using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What depends on the version of a cluster: discovery, subresources, and which changes of a pod are taken.</summary>
internal sealed partial class ApiDouble
{
    /// <summary>The version played is 1.this.</summary>
    public int Minor { get; set; } = 35;

    /// <summary>Of the metrics.k8s.io that is served; null: there is no Metrics Server.</summary>
    public string? MetricsVersion { get; set; }

    /// <summary>Says why a resize is not admitted; null: it is.</summary>
    public Func<JsonObject, string?> RefusesResize { get; set; } = _ => null;

    private bool HasResize => Minor >= 32;

    /// <summary>What is there; null: nothing.</summary>
    public JsonObject? Find(string path)
    {
        lock (_guard) return _objects.GetValueOrDefault(path)?.DeepClone().AsObject();
    }

    /// <summary>Changes what is there, as another client would.</summary>
    public void Change(string path, Action<JsonObject> change)
    {
        lock (_guard)
        {
            if (!_objects.TryGetValue(path, out JsonObject? found)) return;
            JsonObject next = found.DeepClone().AsObject();
            change(next);
            Store(path, next, "MODIFIED");
        }
    }

    private static bool IsStrategic(HttpContext context) => context.Request.ContentType?.StartsWith("application/strategic-merge-patch+json", StringComparison.Ordinal) == true;

    private (int Code, JsonNode Body)? Discover(string path) => path switch
    {
        "/version" => (200, new JsonObject { ["major"] = "1", ["minor"] = $"{Minor}", ["gitVersion"] = $"v1.{Minor}.0" }),
        "/apis" => (200, new JsonObject { ["kind"] = "APIGroupList", ["groups"] = new JsonArray(MetricsVersion is null
            ? [Group("apps", "v1"), Group("discovery.k8s.io", "v1")]
            : [Group("apps", "v1"), Group("discovery.k8s.io", "v1"), Group("metrics.k8s.io", MetricsVersion)]) }),
        "/api/v1" => (200, new JsonObject { ["kind"] = "APIResourceList", ["groupVersion"] = "v1", ["resources"] = new JsonArray(HasResize
            ? [ApiResource("pods", "get", "list", "patch", "watch"), ApiResource("pods/resize", "get", "patch", "update")]
            : [ApiResource("pods", "get", "list", "patch", "watch")]) }),
        _ => null,
    };

    private static JsonObject Group(string name, string version) => new() { ["name"] = name, ["versions"] = new JsonArray(new JsonObject { ["groupVersion"] = $"{name}/{version}", ["version"] = version }) };

    private static JsonObject ApiResource(string name, params string[] verbs) => new() { ["name"] = name, ["namespaced"] = true, ["verbs"] = new JsonArray([.. verbs.Select(one => JsonValue.Create(one))]) };

    /// <returns>Null: no subresource is meant.</returns>
    private (int Code, JsonNode Body)? Subresource(HttpContext context, string path, string body)
    {
        int slash = path.LastIndexOf('/');
        (string of, string name) = (path[..Math.Max(0, slash)], path[(slash + 1)..]);
        bool isScale = name == "scale" && of.Contains("/statefulsets/", StringComparison.Ordinal);
        if (!isScale && !(name is "status" or "resize" && of.Contains("/pods/", StringComparison.Ordinal))) return null;
        lock (_guard)
        {
            if (!_objects.TryGetValue(of, out JsonObject? found) || (name == "resize" && !HasResize)) return (404, Status(404, "NotFound", $"{path} not found"));
            if (HttpMethods.IsGet(context.Request.Method)) return (200, isScale ? ScaleOf(found) : found.DeepClone());
            JsonObject change = JsonNode.Parse(body)!.AsObject();
            if (IsOutdated(change, found)) return (409, Conflict());
            JsonObject next = found.DeepClone().AsObject();
            if (isScale) next["spec"]!["replicas"] = change["spec"]?["replicas"]?.GetValue<int>() ?? 0;
            else if (name == "status") Merge(next, new JsonObject { ["status"] = change["status"]?.DeepClone() });
            else Merge(next, new JsonObject { ["spec"] = change["spec"]?.DeepClone() }, IsStrategic(context));
            if (name == "resize" && (RefusesResize(next) ?? WhyNotResizable(found, next)) is { } refused) return (422, Status(422, "Invalid", refused));
            JsonObject stored = Store(of, next, "MODIFIED");
            return (200, isScale ? ScaleOf(stored) : stored.DeepClone());
        }
    }

    private static JsonObject ScaleOf(JsonObject set) => new()
    {
        ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = set["metadata"]!["name"]!.ToString(), ["namespace"] = set["metadata"]!["namespace"]?.ToString(), ["uid"] = set["metadata"]!["uid"]!.ToString(),
            ["resourceVersion"] = set["metadata"]!["resourceVersion"]!.ToString(),
        },
        ["spec"] = new JsonObject { ["replicas"] = set["spec"]!["replicas"]?.GetValue<int>() ?? 1 },
    };

    /// <summary>A pod's own resources may be changed by a patch of the pod from 1.27 to 1.31, and by its subresource alone from then on.</summary>
    private string? WhyInvalid(string path, JsonObject found, JsonObject next)
    {
        if (!path.Contains("/pods/", StringComparison.Ordinal) || JsonNode.DeepEquals(found["spec"], next["spec"])) return null;
        return Minor is >= 27 and < 32 ? WhyNotResizable(found, next) ?? RefusesResize(next) : "pod updates may not change fields other than `spec.containers[*].image`,`spec.tolerations`";
    }

    private string? WhyNotResizable(JsonObject found, JsonObject next)
    {
        if (QosOf(found) != QosOf(next)) return "Pod QOS Class may not change as a result of resizing";
        return Minor == 33 && found["spec"]!["containers"]!.AsArray().Zip(next["spec"]!["containers"]!.AsArray()).Any(pair => MemoryOf(pair.Second) < MemoryOf(pair.First))
            ? "spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer"
            : null;
    }

    private static long? MemoryOf(JsonNode? container) => container?["resources"]?["limits"]?["memory"]?.ToString() is { } text ? Quantity.Parse(text).Value : null;

    /// <summary>See https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/.</summary>
    public static string QosOf(JsonObject pod)
    {
        List<JsonNode?> resources = [.. pod["spec"]!["containers"]!.AsArray().Select(one => one!["resources"])];
        if (resources.All(one => one?["requests"]?.AsObject().Count is null or 0 && one?["limits"]?.AsObject().Count is null or 0)) return "BestEffort";
        return resources.All(one => new[] { "cpu", "memory" }.All(name => one?["limits"]?[name]?.ToString() is { } limit && (one["requests"]?[name]?.ToString() ?? limit) == limit)) ? "Guaranteed" : "Burstable";
    }
}
