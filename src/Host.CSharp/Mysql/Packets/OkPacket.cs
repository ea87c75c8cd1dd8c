namespace Serverless.Host.Mysql;

/// <summary>
/// Success, or with DEPRECATE_EOF the end of a result set. Source: MySQL Source Code Documentation, "OK_Packet". Both servers send the message
/// with its length in every case; other peers send it without one, as documented, to clients without session tracking: both are read.
/// </summary>
public readonly ref struct OkPacket : IOutgoingPacket
{
    public const byte Header = 0x00;

    /// <summary>In the place of an EOF packet.</summary>
    public const byte EndHeader = 0xfe;

    public ulong AffectedRows { get; init; }

    public ulong LastInsertId { get; init; }

    public ServerStatus Status { get; init; }

    public ushort Warnings { get; init; }

    public ReadOnlySpan<byte> Info { get; init; }

    /// <summary>What changed in the session, to be read with <see cref="SessionTrackReader"/>; empty when nothing did.</summary>
    public ReadOnlySpan<byte> SessionState { get; init; }

    /// <summary>It ends a result set.</summary>
    public bool EndsResultSet { get; init; }

    /// <param name="payload">Begins with <see cref="Header"/> or <see cref="EndHeader"/>.</param>
    /// <param name="capabilities">As negotiated on this connection.</param>
    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static OkPacket Read(ReadOnlySpan<byte> payload, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "OK");
        var header = reader.UInt8();
        if (header is not (Header or EndHeader)) throw new MalformedPacketException("OK", 0, $"0x00 or 0xfe expected, 0x{header:x2} found");
        var affected = reader.LengthEncoded();
        var lastInsertId = reader.LengthEncoded();
        var status = (ServerStatus)reader.UInt16();
        var warnings = reader.UInt16();
        ReadOnlySpan<byte> info = [], state = [];
        if (!reader.AtEnd)
        {
            var tracks = capabilities.HasFlag(Capabilities.SessionTrack);
            info = tracks || reader.Peek() == reader.Remaining - 1 ? reader.LengthEncodedBytes() : reader.Rest();
            if (tracks && status.HasFlag(ServerStatus.SessionStateChanged) && !reader.AtEnd) state = reader.LengthEncodedBytes();
        }
        return new OkPacket
        {
            AffectedRows = affected, LastInsertId = lastInsertId, Status = status, Warnings = warnings, Info = info, SessionState = state,
            EndsResultSet = header == EndHeader,
        };
    }

    public void WriteTo(PacketWriter writer)
    {
        writer.UInt8(EndsResultSet ? EndHeader : Header);
        writer.LengthEncoded(AffectedRows);
        writer.LengthEncoded(LastInsertId);
        var status = SessionState.IsEmpty ? Status & ~ServerStatus.SessionStateChanged : Status | ServerStatus.SessionStateChanged;
        writer.UInt16((ushort)status);
        writer.UInt16(Warnings);
        if (!Info.IsEmpty || !SessionState.IsEmpty) writer.LengthEncodedBytes(Info);
        if (!SessionState.IsEmpty) writer.LengthEncodedBytes(SessionState);
    }
}
