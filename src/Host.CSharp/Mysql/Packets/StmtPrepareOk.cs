namespace Serverless.Host.Mysql;

/// <summary>
/// The first packet that answers COM_STMT_PREPARE; definitions of the parameters and then of the columns follow.
/// Source: MySQL Source Code Documentation, "COM_STMT_PREPARE_OK".
/// </summary>
public readonly record struct StmtPrepareOk(uint StatementId, ushort Columns, ushort Parameters, ushort Warnings, bool HasMetadata = true)
{
    /// <summary>Where the statement id stands in the payload, for those who replace it in place.</summary>
    public const int StatementIdOffset = 1;

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static StmtPrepareOk Read(ReadOnlySpan<byte> payload, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "prepared statement");
        reader.Expect(0, "OK");
        var id = reader.UInt32();
        var columns = reader.UInt16();
        var parameters = reader.UInt16();
        reader.Skip(1);
        var warnings = reader.Remaining >= 2 ? reader.UInt16() : (ushort)0;
        var metadata = !capabilities.HasFlag(Capabilities.OptionalResultSetMetadata) || reader.AtEnd || reader.UInt8() != 0;
        return new StmtPrepareOk(id, columns, parameters, warnings, metadata);
    }
}
