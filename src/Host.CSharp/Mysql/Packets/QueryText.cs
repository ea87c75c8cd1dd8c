namespace Serverless.Host.Mysql;

/// <summary>
/// Finds the statement in COM_QUERY: with query attributes, parameters stand before it. Source: MySQL Source Code Documentation, "COM_QUERY".
/// </summary>
public static class QueryText
{
    /// <param name="payload">The whole packet, command byte included.</param>
    /// <param name="capabilities">As negotiated on this connection.</param>
    /// <returns>Position of the statement's first byte.</returns>
    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static int FindStart(ReadOnlySpan<byte> payload, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "query");
        reader.Expect((byte)Command.Query, "query");
        if (!capabilities.HasFlag(Capabilities.QueryAttributes)) return reader.Position;
        var count = reader.LengthEncodedCount();
        var sets = reader.LengthEncoded();
        if (sets != 1) throw reader.Malformed($"one set of query attributes expected, {sets} found");
        if (count == 0) return reader.Position;
        var nulls = reader.Bytes((count + 7) / 8);
        reader.Expect(1, "types of the query attributes");
        var types = reader;
        for (var i = 0; i < count; i++)
        {
            reader.Skip(2);
            reader.LengthEncodedBytes();
        }
        for (var i = 0; i < count; i++)
        {
            var type = (ColumnType)types.UInt8();
            types.Skip(1);
            types.LengthEncodedBytes();
            if ((nulls[i / 8] & (1 << (i % 8))) == 0) BinaryValue.Skip(ref reader, type);
        }
        return reader.Position;
    }
}
