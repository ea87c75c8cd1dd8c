namespace Serverless.Host.Mysql;

/// <summary>The first packet of a result set. Source: MySQL Source Code Documentation, "Text Resultset"; MariaDB Knowledge Base, "Result Set Packets".</summary>
/// <param name="HasMetadata">Column definitions follow.</param>
public readonly record struct ResultSetHeader(int Columns, bool HasMetadata)
{
    private const int MaxColumns = 4096;

    /// <summary>Either puts a byte behind the number of columns. MySQL's documentation has it before; MySQL itself (9.7) sends it behind.</summary>
    private const Capabilities MetadataFlag = Capabilities.OptionalResultSetMetadata | Capabilities.MariaDbCacheMetadata;

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static ResultSetHeader Read(ReadOnlySpan<byte> payload, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "result set");
        var metadata = true;
        var columns = reader.LengthEncoded();
        if ((capabilities & MetadataFlag) != 0) metadata = reader.UInt8() != 0;
        if (columns is 0 or > ushort.MaxValue) throw reader.Malformed($"between 1 and {MaxColumns} columns expected, {columns} found");
        return new ResultSetHeader((int)columns, metadata);
    }

    public void WriteTo(PacketWriter writer, Capabilities capabilities)
    {
        writer.LengthEncoded((ulong)Columns);
        if ((capabilities & MetadataFlag) != 0) writer.UInt8(HasMetadata ? (byte)1 : (byte)0);
    }
}
