namespace Serverless.Host.Mysql;

/// <summary>Values of the binary protocol. Source: MySQL Source Code Documentation, "Binary Protocol Value".</summary>
internal static class BinaryValue
{
    /// <exception cref="MalformedPacketException">The value is not all there, or of an unknown type.</exception>
    public static void Skip(ref PacketReader reader, ColumnType type)
    {
        switch (type)
        {
            case ColumnType.Null:
                break;
            case ColumnType.Tiny:
                reader.Skip(1);
                break;
            case ColumnType.Short or ColumnType.Year:
                reader.Skip(2);
                break;
            case ColumnType.Long or ColumnType.Int24 or ColumnType.Float:
                reader.Skip(4);
                break;
            case ColumnType.LongLong or ColumnType.Double:
                reader.Skip(8);
                break;
            case ColumnType.Date or ColumnType.DateTime or ColumnType.Timestamp or ColumnType.Time:
                reader.Skip(reader.UInt8());
                break;
            case ColumnType.Decimal or ColumnType.VarChar or ColumnType.Bit or >= ColumnType.Vector:
                reader.LengthEncodedBytes();
                break;
            default:
                throw reader.Malformed($"a known parameter type expected, 0x{(byte)type:x2} found");
        }
    }
}
