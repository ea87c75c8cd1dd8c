namespace Serverless.Host.Mysql;

/// <summary>End of column definitions or rows, without DEPRECATE_EOF. Source: MySQL Source Code Documentation, "EOF_Packet".</summary>
public readonly record struct EofPacket(ushort Warnings, ServerStatus Status) : IOutgoingPacket
{
    public const byte Header = 0xfe;

    /// <summary>A row can begin with 0xfe too, but then it is at least 9 bytes long.</summary>
    public static bool IsOne(ReadOnlySpan<byte> payload) => payload.Length is > 0 and < 9 && payload[0] == Header;

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static EofPacket Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PacketReader(payload, "EOF");
        reader.Expect(Header, "EOF");
        var warnings = reader.UInt16();
        return new EofPacket(warnings, (ServerStatus)reader.UInt16());
    }

    public void WriteTo(PacketWriter writer)
    {
        writer.UInt8(Header);
        writer.UInt16(Warnings);
        writer.UInt16((ushort)Status);
    }
}
