using System.Buffers.Binary;

namespace Serverless.Host.Mysql;

/// <summary>
/// The first part of a handshake response, sent alone: the TLS handshake comes next. Source: MySQL Source Code Documentation, "Protocol::SSLRequest".
/// </summary>
public readonly record struct TlsRequest(Capabilities Capabilities, uint MaxPacketSize, byte CollationId) : IOutgoingPacket
{
    public const int PayloadLength = 32;

    /// <summary>A handshake response is always longer, since it has a user name's zero byte at least.</summary>
    public static bool IsOne(ReadOnlySpan<byte> payload) =>
        payload.Length == PayloadLength && ((Capabilities)BinaryPrimitives.ReadUInt32LittleEndian(payload)).HasFlag(Capabilities.Tls);

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static TlsRequest Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PacketReader(payload, "TLS request");
        var (capabilities, maxPacketSize, collation) = HandshakeResponse41.ReadFixedPart(ref reader);
        return new TlsRequest(capabilities, maxPacketSize, collation);
    }

    public void WriteTo(PacketWriter writer) => HandshakeResponse41.WriteFixedPart(writer, Capabilities, MaxPacketSize, CollationId);
}
