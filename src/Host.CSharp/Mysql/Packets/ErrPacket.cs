using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// An error. Source: MySQL Source Code Documentation, "ERR_Packet". The SQLSTATE is there once protocol 4.1 was agreed on; before the handshake response it
/// is left out.
/// </summary>
/// <param name="SqlState">Five characters.</param>
public sealed record ErrPacket(ushort Code, string SqlState, string Message, bool WithSqlState = true) : IOutgoingPacket
{
    public const byte Header = 0xff;

    /// <summary>With the SQLSTATE that belongs to the code.</summary>
    public ErrPacket(ushort code, string message) : this(code, ErrorCode.SqlStateOf(code), message) { }

    /// <summary>A progress report of MariaDB looks like an error and is none; the result comes after it.</summary>
    public static bool IsProgressReport(ReadOnlySpan<byte> payload) => payload.Length >= 3 && payload is [Header, 0xff, 0xff, ..];

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static ErrPacket Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PacketReader(payload, "error");
        reader.Expect(Header, "error");
        var code = reader.UInt16();
        if (reader.Peek() != '#') return new ErrPacket(code, ErrorCode.SqlStateOf(code), reader.RestString(), WithSqlState: false);
        reader.Skip(1);
        var state = Encoding.UTF8.GetString(reader.Bytes(5));
        return new ErrPacket(code, state, reader.RestString());
    }

    public void WriteTo(PacketWriter writer)
    {
        writer.UInt8(Header);
        writer.UInt16(Code);
        if (WithSqlState)
        {
            writer.UInt8((byte)'#');
            writer.String(SqlState);
        }
        writer.String(Message);
    }
}
