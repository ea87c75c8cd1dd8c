using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>Connection attributes in one array.</summary>
public sealed class PackedAttributes
{
    // Engines keep 512 bytes of them unless told otherwise (performance_schema_session_connect_attrs_size); what goes beyond is not worth holding.
    private const int Longest = 1024;

    private readonly byte[] _bytes;

    private PackedAttributes(byte[] bytes) => _bytes = bytes;

    /// <summary>Null for none. Attributes that would make it too long are left out, and so are all after them.</summary>
    public static PackedAttributes? Of(IReadOnlyList<KeyValuePair<string, string>> attributes)
    {
        using var writer = new PacketWriter();
        var length = 0;
        foreach (var (name, value) in attributes)
        {
            writer.LengthEncodedString(name);
            writer.LengthEncodedString(value);
            if (writer.Length > Longest) break;
            length = writer.Length;
        }
        return length == 0 ? null : new PackedAttributes(writer.Written[..length].ToArray());
    }

    public IReadOnlyList<KeyValuePair<string, string>> Unpack()
    {
        var reader = new PacketReader(_bytes, "connection attributes");
        var attributes = new List<KeyValuePair<string, string>>();
        while (!reader.AtEnd)
        {
            var name = reader.LengthEncodedString();
            attributes.Add(new(name, reader.LengthEncodedString()));
        }
        return attributes;
    }
}
