namespace Serverless.Host.Mysql;

/// <summary>
/// The server's greeting. Source: MySQL Source Code Documentation, "Protocol::HandshakeV10"; MariaDB Knowledge Base, "Connection", for the extended flags.
/// </summary>
/// <param name="Nonce">20 random bytes, none of them zero (some clients stop there).</param>
/// <param name="AuthPlugin">Plugin that the nonce belongs to; null when the server has no plugins.</param>
public sealed record HandshakeV10(
    string ServerVersion, uint ConnectionId, ReadOnlyMemory<byte> Nonce, Capabilities Capabilities, byte CollationId, ServerStatus Status, string? AuthPlugin)
    : IOutgoingPacket
{
    public const int NonceLength = 20;

    private const int FirstPart = 8;

    /// <exception cref="MalformedPacketException">It is none, or another protocol version.</exception>
    public static HandshakeV10 Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PacketReader(payload, "handshake");
        reader.Expect(10, "protocol version 10");
        var version = reader.NullTerminatedString();
        var connectionId = reader.UInt32();
        var first = reader.Bytes(FirstPart);
        reader.Skip(1);
        var capabilities = (Capabilities)reader.UInt16();
        var collation = reader.UInt8();
        var status = (ServerStatus)reader.UInt16();
        capabilities |= (Capabilities)((ulong)reader.UInt16() << 16);
        var nonceLength = reader.UInt8();
        reader.Skip(6);
        var extended = (ulong)reader.UInt32() << 32;
        if (!capabilities.HasFlag(Capabilities.LongPassword)) capabilities |= (Capabilities)extended;

        // The second part is at least 13 bytes on the wire, of which the last is a zero byte that does not belong to the nonce.
        var second = capabilities.HasFlag(Capabilities.SecureConnection)
            ? reader.Bytes(Math.Min(reader.Remaining, Math.Max(13, nonceLength - FirstPart)))
            : [];
        if (second.Length > 0 && second[^1] == 0) second = second[..^1];
        string? plugin = null;
        if (capabilities.HasFlag(Capabilities.PluginAuth))
        {
            // MySQL before 5.5.10 forgot the zero byte at the end.
            plugin = System.Text.Encoding.UTF8.GetString(reader.NullTerminatedOrRest());
        }
        return new HandshakeV10(version, connectionId, (byte[])[.. first, .. second], capabilities, collation, status, plugin);
    }

    public void WriteTo(PacketWriter writer)
    {
        var nonce = Nonce.Span;
        if (nonce.Length != NonceLength) throw new InvalidOperationException($"A nonce of {NonceLength} bytes expected, {nonce.Length} given.");
        writer.UInt8(10);
        writer.NullTerminatedString(ServerVersion);
        writer.UInt32(ConnectionId);
        writer.Bytes(nonce[..FirstPart]);
        writer.UInt8(0);
        writer.UInt16((ushort)Capabilities);
        writer.UInt8(CollationId);
        writer.UInt16((ushort)Status);
        writer.UInt16((ushort)((ulong)Capabilities >> 16));
        writer.UInt8(Capabilities.HasFlag(Capabilities.PluginAuth) ? (byte)(NonceLength + 1) : (byte)0);
        writer.Zeros(6);
        writer.UInt32(Capabilities.HasFlag(Capabilities.LongPassword) ? 0 : (uint)((ulong)Capabilities >> 32));
        writer.NullTerminated(nonce[FirstPart..]);
        if (Capabilities.HasFlag(Capabilities.PluginAuth)) writer.NullTerminatedString(AuthPlugin ?? "");
    }
}
