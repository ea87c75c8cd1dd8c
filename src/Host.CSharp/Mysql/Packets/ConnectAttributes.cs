namespace Serverless.Host.Mysql;

/// <summary>Name and value pairs that a client tells of itself. Source: MySQL Source Code Documentation, "Protocol::HandshakeResponse41".</summary>
internal static class ConnectAttributes
{
    public static List<KeyValuePair<string, string>> Read(ref PacketReader reader)
    {
        var end = reader.LengthEncodedCount() + reader.Position;
        var attributes = new List<KeyValuePair<string, string>>();
        while (reader.Position < end)
        {
            var name = reader.LengthEncodedString();
            attributes.Add(new(name, reader.LengthEncodedString()));
        }
        if (reader.Position != end) throw reader.Malformed("connection attributes that fill their announced length expected, more found");
        return attributes;
    }

    public static void Write(PacketWriter writer, IReadOnlyList<KeyValuePair<string, string>> attributes)
    {
        using var inner = new PacketWriter();
        foreach (var (name, value) in attributes)
        {
            inner.LengthEncodedString(name);
            inner.LengthEncodedString(value);
        }
        writer.LengthEncodedBytes(inner.Written);
    }
}
