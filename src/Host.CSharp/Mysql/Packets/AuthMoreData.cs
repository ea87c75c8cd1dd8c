namespace Serverless.Host.Mysql;

/// <summary>Further data of an authentication plugin. Source: MySQL Source Code Documentation, "Protocol::AuthMoreData".</summary>
public readonly ref struct AuthMoreData(ReadOnlySpan<byte> data) : IOutgoingPacket
{
    public const byte Header = 0x01;

    public ReadOnlySpan<byte> Data { get; } = data;

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static AuthMoreData Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PacketReader(payload, "authentication data");
        reader.Expect(Header, "more authentication data");
        return new AuthMoreData(reader.Rest());
    }

    public void WriteTo(PacketWriter writer)
    {
        writer.UInt8(Header);
        writer.Bytes(Data);
    }
}
