namespace Serverless.Host.Mysql;

/// <summary>Rows of the text protocol. Source: MySQL Source Code Documentation, "Text Resultset Row".</summary>
public static class TextRow
{
    private const byte NullMark = 0xfb;

    public static void Write(PacketWriter writer, ReadOnlySpan<string?> values)
    {
        foreach (var value in values)
        {
            if (value is null) writer.UInt8(NullMark);
            else writer.LengthEncodedString(value);
        }
    }

    /// <summary>Reads the next value of a row; false for NULL.</summary>
    /// <exception cref="MalformedPacketException">The row ends before.</exception>
    public static bool TryReadValue(ref PacketReader reader, out ReadOnlySpan<byte> value)
    {
        if (reader.Peek() == NullMark)
        {
            reader.Skip(1);
            value = [];
            return false;
        }
        value = reader.LengthEncodedBytes();
        return true;
    }

    /// <exception cref="MalformedPacketException">The row has more or fewer values.</exception>
    public static string?[] Read(ReadOnlySpan<byte> payload, int columns)
    {
        var reader = new PacketReader(payload, "row");
        var values = new string?[columns];
        for (var i = 0; i < columns; i++) values[i] = TryReadValue(ref reader, out var value) ? System.Text.Encoding.UTF8.GetString(value) : null;
        return reader.AtEnd ? values : throw reader.Malformed($"the end of the row after {columns} values expected, more bytes found");
    }
}
