namespace Serverless.Host.Mysql;

/// <summary>
/// The outline of COM_STMT_EXECUTE: enough to know, change or insert the parameter types, which a client sends the first time only.
/// Source: MySQL Source Code Documentation, "COM_STMT_EXECUTE".
/// </summary>
public readonly ref struct StmtExecute
{
    /// <summary>Where the statement id stands in the payload; also in the other commands of prepared statements.</summary>
    public const int StatementIdOffset = 1;

    /// <summary>Flag: the number of parameters is in the packet (query attributes).</summary>
    private const byte ParameterCountAvailable = 0x08;

    private const int FlagsOffset = 5;

    public uint StatementId { get; private init; }

    /// <summary>Kind of cursor asked for, 0: none.</summary>
    public byte CursorFlags { get; private init; }

    /// <summary>Parameters in the packet, query attributes included.</summary>
    public int Parameters { get; private init; }

    /// <summary>Position of the byte that says whether types follow; -1 without parameters.</summary>
    public int TypesFlagOffset { get; private init; }

    /// <summary>Types (two bytes each, with query attributes also a name each) are in the packet.</summary>
    public bool HasTypes { get; private init; }

    /// <summary>The types as sent; empty without <see cref="HasTypes"/>.</summary>
    public ReadOnlySpan<byte> Types { get; private init; }

    /// <summary>It asks for a cursor instead of rows.</summary>
    /// <param name="payload">The whole packet, or its beginning.</param>
    public static bool AsksForCursor(ReadOnlySpan<byte> payload) => payload.Length > FlagsOffset && (payload[FlagsOffset] & ~ParameterCountAvailable) != 0;

    /// <param name="payload">The whole packet, or its beginning: the values at the end may be missing.</param>
    /// <param name="statementParameters">As COM_STMT_PREPARE answered.</param>
    /// <param name="capabilities">As negotiated on this connection.</param>
    /// <exception cref="MalformedPacketException">It is none, or ends before the types do.</exception>
    public static StmtExecute Read(ReadOnlySpan<byte> payload, int statementParameters, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "statement execution");
        reader.Expect((byte)Command.StmtExecute, "statement execution");
        var id = reader.UInt32();
        var flags = reader.UInt8();
        reader.Skip(4);
        var attributes = capabilities.HasFlag(Capabilities.QueryAttributes);
        var count = statementParameters;
        if (attributes && (flags & ParameterCountAvailable) != 0) count = reader.LengthEncodedCount();
        var cursor = (byte)(flags & ~ParameterCountAvailable);
        if (count == 0) return new StmtExecute { StatementId = id, CursorFlags = cursor, TypesFlagOffset = -1 };
        reader.Skip((count + 7) / 8);
        var offset = reader.Position;
        var hasTypes = reader.UInt8() == 1;
        ReadOnlySpan<byte> types = [];
        if (hasTypes)
        {
            var from = reader.Position;
            for (var i = 0; i < count; i++)
            {
                reader.Skip(2);
                if (attributes) reader.LengthEncodedBytes();
            }
            types = payload[from..reader.Position];
        }
        return new StmtExecute
        {
            StatementId = id, CursorFlags = cursor, Parameters = count, TypesFlagOffset = offset, HasTypes = hasTypes, Types = types,
        };
    }
}
