using System.Collections.Frozen;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Session variables that changed without a word of MariaDB's tracker: it is silent on `SET @@name = …`, which names no scope, also in stored code, and a
/// session keeps the values of its login when somebody changes the global ones. What a statement named is read at once, since sql_mode and character
/// sets decide how the next statement is read; what nobody named is found, when the session leaves its connection, by comparing with the global values.
/// </summary>
public static class UnreportedVariables
{
    /// <summary>Those without a global value (timestamp, insert_id and so on) are followed in other ways, or pin.</summary>
    private const string DifferentQuery =
        "SELECT VARIABLE_NAME,SESSION_VALUE FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_SCOPE='SESSION' AND READ_ONLY='NO' AND NOT (SESSION_VALUE<=>GLOBAL_VALUE) LIMIT 1000";

    /// <summary>
    /// Differences that a session cannot make again: no session may set the first row, and the others only an administrator may (MariaDB 10.11 refuses
    /// them with error 1227). That such a value is not the global one says that the global one was changed since the login.
    /// </summary>
    private static readonly FrozenSet<string> OfTheLogin = FrozenSet.Create(
        StringComparer.Ordinal,
        "max_allowed_packet", "net_buffer_length", "max_user_connections", "system_versioning_asof",
        "binlog_format", "binlog_direct_non_transactional_updates", "binlog_annotate_row_events", "binlog_row_image", "sql_log_bin", "sql_log_off", "server_id",
        "gtid_domain_id", "innodb_tmpdir", "log_disabled_statements", "enforce_storage_engine", "wsrep_on");

    /// <summary>The statement that ended has set some by name: <see cref="ReadAsync"/> is to be called before the next one is looked at.</summary>
    public static bool AreToBeRead(SessionState state) => state.Unreported is { Count: > 0 };

    /// <summary>Reads the variables that the last statement set. Nothing that the client could ask of that statement is lost.</summary>
    public static async ValueTask ReadAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        if (state.Unreported is not { Count: > 0 } names) return;
        state.Unreported = null;
        var query = new SqlText().Add("SELECT FOUND_ROWS()");
        foreach (var name in names) query.Add(",@@session.").Name(name);
        var results = await backend.QueryAsync([LastStatement.WarningsQuery, query.Add(" LIMIT 1").Bytes], SessionCapture.AnswerLimit, cancellation);
        if (BackendRow.Only(results[1], 1 + names.Count) is not { } row)
        {
            state.Note(StateFlags.VariablesUnclear);
            return;
        }
        // What the definitions of the answer show is of the values that are set now.
        for (var i = 0; i < names.Count; i++) SessionTracking.Variable(state, Encoding.ASCII.GetBytes(names[i]), row[1 + i] ?? []);
        if (!Keep(state, catalogue, results[0], row[0])) state.Note(StateFlags.VariablesUnclear);
    }

    /// <summary>Notes the variables whose values are not the global ones; null, or why that cannot be found out.</summary>
    internal static async ValueTask<PinReason?> FindAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>[] statements = [LastStatement.WarningsQuery, SqlText.Of("SELECT FOUND_ROWS() LIMIT 1"), SqlText.Of(DifferentQuery)];
        var results = await backend.QueryAsync(statements, SessionCapture.AnswerLimit, cancellation);
        if (results[2].Failed || results[2].Columns.Count < 2 || BackendRow.Only(results[1]) is not { } row || !Keep(state, catalogue, results[0], row[0]))
            return new PinReason(PinCauses.SessionVariable, "session variables that cannot be compared with the global ones");
        if (SessionCapture.BeganUnseen(state, results[0])) return state.Pin;
        if (await SessionCapture.EndStrayTransactionAsync(results, backend, cancellation) is { } stray) return stray;
        foreach (var variable in results[2].Rows)
        {
            if (variable[0] is not { } bytes) continue;
            var name = Encoding.ASCII.GetString(bytes).ToLowerInvariant();
            if (OfTheLogin.Contains(name)) continue;
            if (FromHandshake(name, state, catalogue) is { } set && variable[1].AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(set))) continue;
            if (state.Variables?.TryGet(name, out _) != true) state.ChangeVariables().Note(name);
        }
        state.Note(StateFlags.VariablesUnclear, on: false);
        return null;
    }

    /// <summary>A SET begins; which variables it sets without a word of the tracker.</summary>
    internal static void Starting(SessionState state, ReadOnlySpan<byte> sql)
    {
        if (state.Dialect.Family != ServerFamily.MariaDb) return;
        if (sql.IsEmpty) state.Note(StateFlags.VariablesUnclear);
        else state.Unreported = StatementNames.SetWithoutScope(sql, state.Dialect);
    }

    /// <summary>It ended. One that failed may have set some of its variables, and set none that it names wrongly.</summary>
    internal static void Ended(SessionState state, in StatementInfo info, bool succeeded)
    {
        if (state.Dialect.Family != ServerFamily.MariaDb) return;
        if (state.Unreported is { Count: > 0 } && (!succeeded || info.Has(StatementTraits.MultiStatement)))
        {
            state.Note(StateFlags.VariablesUnclear);
            state.Unreported = null;
        }
        if (info.Has(StatementTraits.RunsStoredCode | StatementTraits.SetsGlobalVariables)) state.Note(StateFlags.VariablesUnclear);
    }

    /// <summary>What the login makes of the variable whatever its global value is; null: not among these.</summary>
    private static string? FromHandshake(string name, SessionState state, ServerCatalogue catalogue) => name switch
    {
        "character_set_client" or "character_set_connection" or "character_set_results" => catalogue.CharacterSet(state.Collation),
        "collation_connection" => catalogue.CollationName(state.Collation),
        _ => null,
    };

    private static bool Keep(SessionState state, ServerCatalogue catalogue, BackendResult warnings, byte[]? foundRows)
    {
        if (warnings.Failed || !BackendRow.TryNumber(foundRows, out var found)) return false;
        LastStatement.Keep(state, catalogue, found, warnings);
        return true;
    }
}
