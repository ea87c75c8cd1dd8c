using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// The client's view of session_track_system_variables. The backend has the gateway's setting; a statement that names tracker variables is run with the
/// client's in its place (<see cref="LendAsync"/> before, <see cref="TakeBackAsync"/> after it), and of what the backend reports a client is passed on what it
/// would have been told (<see cref="WriteFor"/>).
/// </summary>
public static class ClientTrackers
{
    /// <summary>This statement must be run between Lend and TakeBack.</summary>
    public static bool AreNamedBy(in StatementInfo info) => info.Has(StatementTraits.NamesTrackers);

    /// <summary>Puts the client's own setting in place.</summary>
    public static async ValueTask LendAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        var set = new SqlText().Add("SET @@session.session_track_system_variables=").String(Encoding.UTF8.GetBytes(Of(state, catalogue)), "utf8mb4");
        await backend.QueryAsync([set.Bytes], SessionCapture.AnswerLimit, cancellation);
    }

    /// <summary>Reads what the client has made of it, and puts the gateway's setting back.</summary>
    public static async ValueTask TakeBackAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>[] statements =
        [
            LastStatement.WarningsQuery,
            SqlText.Of("SELECT FOUND_ROWS(),HEX(CONVERT(@@session.session_track_system_variables USING utf8mb4)) LIMIT 1"),
            catalogue.TrackerSetup,
        ];
        var results = await backend.QueryAsync(statements, SessionCapture.AnswerLimit, cancellation);
        if (BackendRow.Only(results[1], columns: 2) is not { } row || !BackendRow.TryNumber(row[0], out var foundRows) || !BackendRow.TryHexText(row[1], out var setting))
        {
            state.PinFor(PinCauses.SessionVariable, "session variable session_track_system_variables");
            return;
        }
        state.ClientTrackers = setting == ServersOwn(catalogue) ? null : setting;
        if (!results[0].Failed) LastStatement.Keep(state, catalogue, foundRows, results[0]);
    }

    /// <summary>Writes those entries of session state information that this client would get from the server itself; nothing when there are none.</summary>
    /// <param name="track">As the backend sent it.</param>
    public static void WriteFor(SessionState state, ServerCatalogue catalogue, ReadOnlySpan<byte> track, PacketWriter writer)
    {
        var wanted = Of(state, catalogue);
        using var variable = new PacketWriter();
        var reader = new SessionTrackReader(track);
        while (reader.Next())
        {
            variable.Clear();
            switch (reader.Kind)
            {
                case SessionTrackKind.SystemVariable:
                    if (!Wants(wanted, reader.Name)) continue;
                    variable.LengthEncodedBytes(reader.Name);
                    variable.LengthEncodedBytes(reader.Value);
                    break;
                case SessionTrackKind.Gtids:
                    variable.UInt8(0);
                    variable.LengthEncodedBytes(reader.Value);
                    break;
                case SessionTrackKind.Schema or SessionTrackKind.StateChange or SessionTrackKind.TransactionCharacteristics or SessionTrackKind.TransactionState:
                    variable.LengthEncodedBytes(reader.Value);
                    break;
                default:
                    variable.Bytes(reader.Value);
                    break;
            }
            writer.UInt8((byte)reader.Kind);
            writer.LengthEncodedBytes(variable.Written);
        }
    }

    private static string Of(SessionState state, ServerCatalogue catalogue) => state.ClientTrackers ?? ServersOwn(catalogue);

    private static string ServersOwn(ServerCatalogue catalogue) =>
        catalogue.Profile.Variables.TryGetValue("session_track_system_variables", out var names) ? names : "";

    private static bool Wants(string list, ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[64];
        if (name.Length > text.Length) return list == "*";
        text = text[..Encoding.ASCII.GetChars(name, text)];
        foreach (var range in list.AsSpan().Split(','))
        {
            var item = list.AsSpan()[range].Trim();
            if (item is "*" || item.Equals(text, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }
}
