using System.Globalization;

namespace Serverless.Host.Gateway.State;

/// <summary>Makes a fresh backend connection what the session had before.</summary>
public static class SessionRestore
{
    /// <summary>
    /// To be called after each login for a session (also its first, to switch the trackers on), and never after client statements ran on the connection.
    /// The login must have been made with the session's <see cref="SessionState.Collation"/>. One round trip, and further ones when SQL prepared statements.
    /// </summary>
    public static async ValueTask<RestoreResult> RestoreAsync(
        SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        var results = await backend.QueryAsync(Statements(state, catalogue), SessionCapture.AnswerLimit, cancellation);
        foreach (var result in results)
        {
            if (result.Failed) return Failed(result.ErrorMessage, result.ErrorCode);
        }
        var prepared = await SqlPrepareRestore.RestoreAsync(state, catalogue, backend, cancellation);
        return prepared.Failed is { } failed ? Failed(failed, prepared.ErrorCode) : default;
    }

    /// <summary>
    /// In an order that matters: roles first (rights to the schema and to variables), then the schema (it sets character_set_database), then variables,
    /// then user variables, whose names may need the session's character set.
    /// </summary>
    internal static List<ReadOnlyMemory<byte>> Statements(SessionState state, ServerCatalogue catalogue)
    {
        var statements = new List<ReadOnlyMemory<byte>> { catalogue.TrackerSetup };
        if (state.Role is { } role) statements.Add(new SqlText().Add("SET ROLE ").Add(System.Text.Encoding.UTF8.GetBytes(role)).Bytes);
        if (state.Schema is { } schema) statements.AddRange(SchemaUse.Statements(schema, SchemaUse.FreshCharacterSet(state, catalogue)));
        if (Variables(state, catalogue) is { } variables) statements.Add(variables.Bytes);
        if (state.UserVariables is { Captured.Count: > 0 } users) statements.Add(UserVariables(users));
        return statements;
    }

    private static RestoreResult Failed(string why, ushort code) => new("the session's state cannot be restored: " + why, code);

    private static SqlText? Variables(SessionState state, ServerCatalogue catalogue)
    {
        var set = new SqlText().Add("SET ");
        var separator = "";
        if (state.LastInsertId != 0)
        {
            set.Add(string.Create(CultureInfo.InvariantCulture, $"@@session.last_insert_id={state.LastInsertId}"));
            separator = ",";
        }
        var names = catalogue.CollationName(state.ResultsCollation) is { } collation && catalogue.CharacterSet(state.ResultsCollation) is { } of
            ? $"NAMES {of} COLLATE {collation}" : null;
        if (names is not null)
        {
            set.Add(separator).Add(names);
            separator = ",";
        }
        // In alphabetical order, which puts max_join_size, whose setting changes sql_big_selects, before that.
        foreach (var (name, value) in state.Variables?.Values ?? [])
        {
            if (names is not null && name == "character_set_results") continue;
            set.Add(separator).Add("@@session.").Name(name).Add("=").Value(value);
            separator = ",";
        }
        return separator.Length == 0 ? null : set;
    }

    private static ReadOnlyMemory<byte> UserVariables(UserVariables users)
    {
        var set = new SqlText().Add("SET ");
        var separator = "@";
        foreach (var variable in users.Captured)
        {
            set.Add(separator).Name(variable.Name).Add("=").Add(variable.Literal);
            separator = ",@";
        }
        return set.Bytes;
    }
}
