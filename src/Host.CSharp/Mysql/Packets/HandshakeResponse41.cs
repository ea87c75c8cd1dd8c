using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// A client's answer to the greeting. Source: MySQL Source Code Documentation, "Protocol::HandshakeResponse41"; MariaDB Knowledge Base, "Connection".
/// </summary>
/// <param name="Capabilities">What the client wants, MariaDB's extended flags included when it has them.</param>
/// <param name="MaxPacketSize">In bytes.</param>
/// <param name="AuthResponse">For the plugin that the client chose.</param>
/// <param name="Database">Null: none.</param>
/// <param name="AuthPlugin">Null: the client has no plugins (mysql_native_password).</param>
/// <param name="Attributes">Connection attributes in the client's order.</param>
/// <param name="ZstdLevel">Compression level, when ZSTD was agreed on.</param>
public sealed record HandshakeResponse41(
    Capabilities Capabilities, uint MaxPacketSize, byte CollationId, string User, ReadOnlyMemory<byte> AuthResponse,
    string? Database, string? AuthPlugin, IReadOnlyList<KeyValuePair<string, string>> Attributes, byte ZstdLevel = 0) : IOutgoingPacket
{
    /// <param name="serverCapabilities">What the greeting offered: parts of the packet are there only when both sides have the flag.</param>
    /// <exception cref="MalformedPacketException">It is none, or of the protocol before 4.1.</exception>
    public static HandshakeResponse41 Read(ReadOnlySpan<byte> payload, Capabilities serverCapabilities)
    {
        var reader = new PacketReader(payload, "handshake response");
        var (capabilities, maxPacketSize, collation) = ReadFixedPart(ref reader);
        var common = capabilities & serverCapabilities;
        var user = Encoding.UTF8.GetString(reader.NullTerminated());
        ReadOnlySpan<byte> auth;
        if (common.HasFlag(Capabilities.PluginAuthLengthEncoded)) auth = reader.LengthEncodedBytes();
        else if (common.HasFlag(Capabilities.SecureConnection)) auth = reader.Bytes(reader.UInt8());
        else auth = reader.NullTerminatedOrRest();
        var authResponse = auth.ToArray();
        string? database = null, plugin = null;
        IReadOnlyList<KeyValuePair<string, string>> attributes = [];
        byte zstd = 0;
        if (common.HasFlag(Capabilities.ConnectWithDatabase) && !reader.AtEnd) database = Text(reader.NullTerminatedOrRest());
        if (common.HasFlag(Capabilities.PluginAuth) && !reader.AtEnd) plugin = Text(reader.NullTerminatedOrRest());
        if (common.HasFlag(Capabilities.ConnectAttributes) && !reader.AtEnd) attributes = ConnectAttributes.Read(ref reader);
        if (common.HasFlag(Capabilities.ZstdCompression) && !reader.AtEnd) zstd = reader.UInt8();
        return new HandshakeResponse41(capabilities, maxPacketSize, collation, user, authResponse, database, plugin, attributes, zstd);
    }

    public void WriteTo(PacketWriter writer)
    {
        WriteFixedPart(writer, Capabilities, MaxPacketSize, CollationId);
        writer.NullTerminatedString(User);
        if (Capabilities.HasFlag(Capabilities.PluginAuthLengthEncoded))
        {
            writer.LengthEncodedBytes(AuthResponse.Span);
        }
        else
        {
            writer.UInt8(checked((byte)AuthResponse.Length));
            writer.Bytes(AuthResponse.Span);
        }
        if (Capabilities.HasFlag(Capabilities.ConnectWithDatabase)) writer.NullTerminatedString(Database ?? "");
        if (Capabilities.HasFlag(Capabilities.PluginAuth)) writer.NullTerminatedString(AuthPlugin ?? "");
        if (Capabilities.HasFlag(Capabilities.ConnectAttributes)) ConnectAttributes.Write(writer, Attributes);
        if (Capabilities.HasFlag(Capabilities.ZstdCompression)) writer.UInt8(ZstdLevel);
    }

    /// <summary>The first 32 bytes, which a TLS request has too.</summary>
    internal static (Capabilities Capabilities, uint MaxPacketSize, byte CollationId) ReadFixedPart(ref PacketReader reader)
    {
        var capabilities = (Capabilities)reader.UInt32();
        if (!capabilities.HasFlag(Capabilities.Protocol41)) throw reader.Malformed("a client of protocol 4.1 expected, an older one found");
        var maxPacketSize = reader.UInt32();
        var collation = reader.UInt8();
        reader.Skip(19);
        var extended = (ulong)reader.UInt32() << 32;
        if (!capabilities.HasFlag(Capabilities.LongPassword)) capabilities |= (Capabilities)extended;
        return (capabilities, maxPacketSize, collation);
    }

    internal static void WriteFixedPart(PacketWriter writer, Capabilities capabilities, uint maxPacketSize, byte collation)
    {
        writer.UInt32((uint)capabilities);
        writer.UInt32(maxPacketSize);
        writer.UInt8(collation);
        writer.Zeros(19);
        writer.UInt32(capabilities.HasFlag(Capabilities.LongPassword) ? 0 : (uint)((ulong)capabilities >> 32));
    }

    private static string? Text(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? null : Encoding.UTF8.GetString(bytes);
}
