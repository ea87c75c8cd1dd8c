using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Reads the session state information of OK packets (MySQL protocol, "OK_Packet", "Session State Information") into a session's state.
/// Malformed information is read as far as it goes; the rest is ignored.
/// </summary>
internal static class SessionTrackReader
{
    private const byte SystemVariables = 0;
    private const byte Schema = 1;

    public static void Apply(SessionState state, ReadOnlySpan<byte> track)
    {
        while (!track.IsEmpty)
        {
            var type = track[0];
            track = track[1..];
            if (!TryString(ref track, out var data)) return;
            switch (type)
            {
                case SystemVariables:
                    // MariaDB puts several pairs into one entry, MySQL one.
                    while (TryString(ref data, out var name) && TryString(ref data, out var value)) Variable(state, name, value);
                    break;
                case Schema:
                    if (TryString(ref data, out var schema)) state.Schema = schema.IsEmpty ? null : Encoding.UTF8.GetString(schema);
                    break;
            }
        }
    }

    private static void Variable(SessionState state, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("session_track_system_variables"u8) || name.SequenceEqual("statement_id"u8)) return;
        if (name.SequenceEqual("sql_mode"u8)) state.UseSqlMode(Encoding.UTF8.GetString(value));
        state.ChangeVariables().Report(name, value);
    }

    private static bool TryString(ref ReadOnlySpan<byte> from, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (from.IsEmpty) return false;
        var (header, length) = from[0] switch
        {
            < 0xfb => (1, (ulong)from[0]),
            0xfc when from.Length >= 3 => (3, (ulong)(from[1] | (from[2] << 8))),
            0xfd when from.Length >= 4 => (4, (ulong)(from[1] | (from[2] << 8) | (from[3] << 16))),
            0xfe when from.Length >= 9 => (9, System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(from[1..])),
            _ => (0, 0UL),
        };
        if (header == 0 || (ulong)(from.Length - header) < length) return false;
        text = from.Slice(header, (int)length);
        from = from[(header + (int)length)..];
        return true;
    }
}
