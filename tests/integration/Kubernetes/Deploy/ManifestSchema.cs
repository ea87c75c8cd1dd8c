using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Host.Control.Settings;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>
/// The schema that an API server serves at `/openapi/v2`, applied strictly: a field that it does not know is an error, as is a value of another type or a required
/// field that is missing. An API server itself drops what it does not know in silence.
/// </summary>
internal sealed class ManifestSchema
{
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

    private readonly JsonObject _definitions;
    private readonly Dictionary<string, string> _kinds = new(StringComparer.Ordinal);

    /// <param name="openApi">Left as it is.</param>
    /// <param name="newer">Whether <see cref="NewerFields"/> are known too.</param>
    public ManifestSchema(JsonNode openApi, bool newer)
    {
        _definitions = (JsonObject)openApi["definitions"]!.DeepClone();
        if (newer) NewerFields.AddTo(_definitions);
        foreach ((string name, JsonNode? definition) in _definitions)
        {
            foreach (JsonNode? kind in definition!["x-kubernetes-group-version-kind"]?.AsArray() ?? [])
            {
                string group = kind!["group"]!.ToString();
                _kinds[$"{(group.Length == 0 ? "" : group + "/")}{kind["version"]} {kind["kind"]}"] = name;
            }
        }
    }

    /// <param name="isPatch">It is laid over another: what is required may stand there, and null takes away.</param>
    /// <returns>Everything that is wrong with it.</returns>
    public IReadOnlyList<string> Check(JsonObject manifest, bool isPatch = false)
    {
        string kind = $"{manifest["apiVersion"]} {manifest["kind"]}";
        var errors = new List<string>();
        if (_kinds.TryGetValue(kind, out string? name))
        {
            Check(manifest, Reference(name), $"{manifest["kind"]}/{manifest["metadata"]?["name"]}", isPatch, errors);
        }
        else
        {
            errors.Add($"`{kind}`: there is no such kind");
        }

        return errors;
    }

    private static JsonObject Reference(string name) => new() { ["$ref"] = "#/definitions/" + name };

    private void Check(JsonNode? value, JsonNode schema, string path, bool isPatch, List<string> errors)
    {
        string? definition = schema["$ref"]?.ToString().Split('/')[^1];
        if (definition is not null) schema = _definitions[definition]!;
        if (value is null)
        {
            if (!isPatch) errors.Add($"{path}: it is null");
            return;
        }

        switch ((string?)schema["type"])
        {
            case null or "object" when value is JsonObject map:
                CheckMap(map, schema, path, isPatch, errors);
                break;
            case "array" when value is JsonArray list:
                for (int index = 0; index < list.Count; index++) Check(list[index], schema["items"]!, $"{path}[{index}]", isPatch, errors);
                break;
            case "string" when Is(value, JsonValueKind.String) || (Is(value, JsonValueKind.Number) && (definition == Quantity || (string?)schema["format"] == "int-or-string")):
            case "integer" when value is JsonValue whole && whole.TryGetValue(out long _):
            case "number" when Is(value, JsonValueKind.Number):
            case "boolean" when Is(value, JsonValueKind.True, JsonValueKind.False):
                break;
            case var expected:
                errors.Add($"{path}: expected {expected ?? "object"}, found `{value.ToJsonString()}`");
                break;
        }
    }

    private void CheckMap(JsonObject map, JsonNode schema, string path, bool isPatch, List<string> errors)
    {
        JsonObject known = schema["properties"]?.AsObject() ?? [];
        foreach ((string key, JsonNode? value) in map)
        {
            if (known[key] is { } property)
            {
                Check(value, property, $"{path}.{key}", isPatch, errors);
            }
            else if (schema["additionalProperties"] is { } any)
            {
                Check(value, any, $"{path}.{key}", isPatch, errors);
            }
            else if (known.Count > 0)
            {
                errors.Add($"{path}: unknown field `{key}`{Nearest.Hint(key, known.Select(one => one.Key))}");
            }
        }

        if (isPatch) return;
        foreach (string required in (schema["required"]?.AsArray() ?? []).Select(one => one!.ToString()).Where(one => !map.ContainsKey(one)))
        {
            errors.Add($"{path}: field `{required}` is missing");
        }
    }

    private static bool Is(JsonNode value, params JsonValueKind[] kinds) => kinds.Contains(value.GetValueKind());
}
