using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>Takes what a server reports of a session into the session's state.</summary>
internal static class SessionTracking
{
    /// <param name="track">Session state information of an OK packet. Malformed, it is read as far as it goes.</param>
    public static void Apply(SessionState state, ReadOnlySpan<byte> track)
    {
        var reader = new SessionTrackReader(track);
        try
        {
            while (reader.Next())
            {
                if (reader.Kind == SessionTrackKind.SystemVariable) Variable(state, reader.Name, reader.Value);
                else if (reader.Kind == SessionTrackKind.Schema) state.UseSchema(reader.Value.IsEmpty ? null : Encoding.UTF8.GetString(reader.Value));
            }
        }
        catch (MalformedPacketException)
        {
            // The relay forwards what the server sent; what the session is can no longer be said.
            state.PinFor(PinCauses.NotUnderstood, "session state information that cannot be read");
        }
    }

    /// <summary>A variable has this value now, in the form of a tracker.</summary>
    internal static void Variable(SessionState state, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("session_track_system_variables"u8) || name.SequenceEqual("statement_id"u8)) return;
        state.ChangeVariables().Report(name, value);
        if (name.SequenceEqual("sql_mode"u8)) state.UseSqlMode(Encoding.UTF8.GetString(value));
        else if (name.SequenceEqual("character_set_client"u8)) state.UseClientCharacterSet(value);
    }
}
