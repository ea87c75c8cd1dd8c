using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Reads one object, or where it is not what it should be its head.</summary>
internal static class ObjectReader
{
    /// <summary>Leaves the reader at the end of the object in any case.</summary>
    /// <param name="head">Null: not even that can be read.</param>
    /// <exception cref="JsonException">It is no JSON at all.</exception>
    public static bool TryRead<T>(ref Utf8JsonReader reader, JsonTypeInfo<T> json, [NotNullWhen(true)] out T? item, out ObjectMeta? head, out string problem) where T : class, IApiObject
    {
        Utf8JsonReader start = reader;
        try
        {
            item = JsonSerializer.Deserialize(ref reader, json);
            head = item?.Metadata;
            problem = "it has no name";
            if (item is { Metadata.Name.Length: > 0 })
            {
                return true;
            }
        }
        catch (JsonException e)
        {
            reader = start;
            head = ReadHead(start);
            problem = Shown.Of(e.Message);
            reader.Skip();
        }

        item = null;
        return false;
    }

    private static ObjectMeta? ReadHead(Utf8JsonReader reader)
    {
        try
        {
            return JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.MetadataOnly)?.Metadata;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
