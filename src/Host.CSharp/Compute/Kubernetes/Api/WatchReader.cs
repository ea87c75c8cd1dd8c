using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Reads one line of a watch: `{"type": …, "object": …}`.</summary>
internal static class WatchReader
{
    /// <param name="error">The server ends the watch, and says why.</param>
    /// <exception cref="JsonException">It is no event, or of something that nothing can be told of.</exception>
    public static WatchEvent<T> Read<T>(ReadOnlySpan<byte> line, Resource<T> resource, out Status? error) where T : class, IApiObject
    {
        string type = Split(line, out Range range) ?? throw new JsonException("expected an event with `type` and `object`");
        ReadOnlySpan<byte> body = line[range];
        error = null;
        if (type == "ERROR")
        {
            error = JsonSerializer.Deserialize(body, KubernetesJson.Default.Status) ?? new Status();
            return default;
        }

        var reader = new Utf8JsonReader(body);
        reader.Read();
        if (type == "BOOKMARK")
        {
            ObjectMeta? mark = JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.MetadataOnly)?.Metadata;
            return new WatchEvent<T>(WatchEventKind.Bookmark, default, mark?.ResourceVersion ?? throw new JsonException("expected a bookmark with a resourceVersion"));
        }

        WatchEventKind kind = type switch
        {
            "ADDED" or "MODIFIED" => WatchEventKind.Present,
            "DELETED" => WatchEventKind.Deleted,
            _ => throw new JsonException($"expected an event of a known type, found `{Shown.Of(type)}`"),
        };
        bool good = ObjectReader.TryRead(ref reader, resource.Json, out T? item, out ObjectMeta? head, out string problem);
        if (head is not { Name.Length: > 0, ResourceVersion.Length: > 0 })
        {
            throw new JsonException($"expected an object with a name and a resourceVersion, found none ({problem})");
        }

        var name = new ObjectName(head.Namespace, head.Name);
        return good || kind == WatchEventKind.Deleted
            ? new WatchEvent<T>(kind, name, head.ResourceVersion, item)
            : new WatchEvent<T>(WatchEventKind.Unreadable, name, head.ResourceVersion, null, problem);
    }

    /// <summary>The two may come in any order.</summary>
    private static string? Split(ReadOnlySpan<byte> line, out Range body)
    {
        body = default;
        string? type = null;
        bool any = false;
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                body = start..(int)reader.BytesConsumed;
                any = true;
            }
            else
            {
                reader.Skip();
            }
        }

        return any ? type : null;
    }
}
