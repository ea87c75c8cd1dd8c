namespace Serverless.Host.Mysql;

/// <summary>Describes one column of a result set. Source: MySQL Source Code Documentation, "Protocol::ColumnDefinition41".</summary>
/// <param name="CollationId">Collation of the column; <see cref="Mysql.CollationId.Binary"/> for numbers.</param>
/// <param name="Length">Greatest length in bytes.</param>
public sealed record ColumnDefinition41(
    string Schema, string Table, string OriginalTable, string Name, string OriginalName, ushort CollationId, uint Length,
    ColumnType Type, ColumnFlags Flags, byte Decimals) : IOutgoingPacket
{
    /// <summary>A computed text column of UTF-8, as `SELECT 'x' AS name` has it.</summary>
    public static ColumnDefinition41 Text(string name, uint length = 1024) =>
        new("", "", "", name, "", Mysql.CollationId.Utf8Mb4GeneralCi, length, ColumnType.VarString, ColumnFlags.None, 31);

    /// <summary>A computed integer column, as `SELECT 1` has it.</summary>
    public static ColumnDefinition41 Integer(string name, bool unsigned = false) =>
        new("", "", "", name, "", Mysql.CollationId.Binary, 20, ColumnType.LongLong,
            ColumnFlags.NotNull | ColumnFlags.Binary | ColumnFlags.Number | (unsigned ? ColumnFlags.Unsigned : ColumnFlags.None), 0);

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static ColumnDefinition41 Read(ReadOnlySpan<byte> payload, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "column definition");
        reader.LengthEncodedBytes(); // catalogue, always "def"
        var schema = reader.LengthEncodedString();
        var table = reader.LengthEncodedString();
        var originalTable = reader.LengthEncodedString();
        var name = reader.LengthEncodedString();
        var originalName = reader.LengthEncodedString();
        if (capabilities.HasFlag(Capabilities.MariaDbExtendedMetadata)) reader.LengthEncodedBytes();
        var fixedPart = new PacketReader(reader.LengthEncodedBytes(), "column definition");
        var collation = fixedPart.UInt16();
        var length = fixedPart.UInt32();
        var type = (ColumnType)fixedPart.UInt8();
        var flags = (ColumnFlags)fixedPart.UInt16();
        return new ColumnDefinition41(schema, table, originalTable, name, originalName, collation, length, type, flags, fixedPart.UInt8());
    }

    public void WriteTo(PacketWriter writer) => WriteTo(writer, Capabilities.None);

    /// <param name="capabilities">With MariaDB's extended metadata each column has a further, here empty, field.</param>
    public void WriteTo(PacketWriter writer, Capabilities capabilities)
    {
        writer.LengthEncodedBytes("def"u8);
        writer.LengthEncodedString(Schema);
        writer.LengthEncodedString(Table);
        writer.LengthEncodedString(OriginalTable);
        writer.LengthEncodedString(Name);
        writer.LengthEncodedString(OriginalName);
        if (capabilities.HasFlag(Capabilities.MariaDbExtendedMetadata)) writer.LengthEncoded(0);
        writer.LengthEncoded(12);
        writer.UInt16(CollationId);
        writer.UInt32(Length);
        writer.UInt8((byte)Type);
        writer.UInt16((ushort)Flags);
        writer.UInt8(Decimals);
        writer.Zeros(2);
    }
}
