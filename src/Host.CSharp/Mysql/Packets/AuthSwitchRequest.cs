namespace Serverless.Host.Mysql;

/// <summary>
/// The server asks for another authentication plugin. Source: MySQL Source Code Documentation, "Protocol::AuthSwitchRequest".
/// </summary>
/// <param name="Plugin">Empty: the request of the protocol before 4.1 (one byte), which means mysql_old_password and is not supported.</param>
/// <param name="Data">The plugin's data: for the password plugins a nonce of 20 bytes.</param>
public sealed record AuthSwitchRequest(string Plugin, ReadOnlyMemory<byte> Data) : IOutgoingPacket
{
    public const byte Header = 0xfe;

    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static AuthSwitchRequest Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PacketReader(payload, "authentication switch");
        reader.Expect(Header, "authentication switch");
        if (reader.AtEnd) return new AuthSwitchRequest("", default);
        var plugin = reader.NullTerminatedString();
        var data = reader.Rest();
        // The nonce is sent with a zero byte at its end.
        if (data.Length == HandshakeV10.NonceLength + 1 && data[^1] == 0) data = data[..^1];
        return new AuthSwitchRequest(plugin, data.ToArray());
    }

    public void WriteTo(PacketWriter writer)
    {
        writer.UInt8(Header);
        writer.NullTerminatedString(Plugin);
        writer.NullTerminated(Data.Span);
    }
}
