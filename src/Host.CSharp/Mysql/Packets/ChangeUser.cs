namespace Serverless.Host.Mysql;

/// <summary>COM_CHANGE_USER. Source: MySQL Source Code Documentation, "COM_CHANGE_USER".</summary>
/// <param name="Database">Null: none.</param>
/// <param name="CollationId">Null: not sent, the session's stays.</param>
/// <param name="AuthPlugin">Null: the client names none (mysql_native_password).</param>
public sealed record ChangeUser(
    string User, ReadOnlyMemory<byte> AuthResponse, string? Database, ushort? CollationId, string? AuthPlugin,
    IReadOnlyList<KeyValuePair<string, string>> Attributes) : IOutgoingPacket
{
    /// <param name="capabilities">As negotiated on this connection.</param>
    /// <exception cref="MalformedPacketException">It is none.</exception>
    public static ChangeUser Read(ReadOnlySpan<byte> payload, Capabilities capabilities)
    {
        var reader = new PacketReader(payload, "change user");
        reader.Expect((byte)Command.ChangeUser, "change user");
        var user = reader.NullTerminatedString();
        var auth = (capabilities.HasFlag(Capabilities.SecureConnection) ? reader.Bytes(reader.UInt8()) : reader.NullTerminated()).ToArray();
        var database = reader.NullTerminatedString();
        ushort? collation = reader.Remaining >= 2 ? reader.UInt16() : null;
        string? plugin = null;
        IReadOnlyList<KeyValuePair<string, string>> attributes = [];
        if (capabilities.HasFlag(Capabilities.PluginAuth) && !reader.AtEnd)
            plugin = System.Text.Encoding.UTF8.GetString(reader.NullTerminatedOrRest());
        if (capabilities.HasFlag(Capabilities.ConnectAttributes) && !reader.AtEnd) attributes = ConnectAttributes.Read(ref reader);
        return new ChangeUser(user, auth, database.Length == 0 ? null : database, collation, plugin, attributes);
    }

    /// <summary>For a connection with protocol 4.1, plugins and connection attributes.</summary>
    public void WriteTo(PacketWriter writer)
    {
        writer.UInt8((byte)Command.ChangeUser);
        writer.NullTerminatedString(User);
        writer.UInt8(checked((byte)AuthResponse.Length));
        writer.Bytes(AuthResponse.Span);
        writer.NullTerminatedString(Database ?? "");
        if (CollationId is not { } collation) return;
        writer.UInt16(collation);
        if (AuthPlugin is null) return;
        writer.NullTerminatedString(AuthPlugin);
        ConnectAttributes.Write(writer, Attributes);
    }
}
