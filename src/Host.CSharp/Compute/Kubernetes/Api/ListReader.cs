using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Reads a page of a list. An object that cannot be read does not take the others with it.</summary>
internal static class ListReader
{
    /// <exception cref="JsonException">It is no list, or has an object in it that nothing can be told of.</exception>
    public static ListMeta Read<T>(ReadOnlySpan<byte> json, Resource<T> resource, List<T> items, List<UnreadableObject> unreadable) where T : class, IApiObject
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("expected a list, found no object");
        }

        ListMeta? meta = null;
        bool any = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                reader.Read();
                meta = JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.ListMeta);
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                any = true;
                reader.Read();
                ReadItems(ref reader, resource, items, unreadable);
            }
            else
            {
                reader.Skip();
            }
        }

        return any && meta is not null ? meta : throw new JsonException("expected a list with `metadata` and `items`");
    }

    private static void ReadItems<T>(ref Utf8JsonReader reader, Resource<T> resource, List<T> items, List<UnreadableObject> unreadable) where T : class, IApiObject
    {
        // an empty list of Go's may be null
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException($"expected `items` to be a list, found {reader.TokenType}");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (ObjectReader.TryRead(ref reader, resource.Json, out T? item, out ObjectMeta? head, out string problem))
            {
                items.Add(item);
            }
            else
            {
                // without a name it could not be told from one that is gone
                unreadable.Add(head is { Name.Length: > 0 }
                    ? new UnreadableObject(new ObjectName(head.Namespace, head.Name), head.ResourceVersion, problem)
                    : throw new JsonException($"expected each object of a list to have a name, found one without ({problem})"));
            }
        }
    }
}
