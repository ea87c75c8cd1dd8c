using System.Globalization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>Makes a fresh backend connection what the session had before.</summary>
public static class SessionRestore
{
    /// <summary>
    /// To be called after each login for a session (also its first, to switch the trackers on), and never after client statements ran on the connection.
    /// The login must have been made with the session's <see cref="SessionState.Collation"/>. One round trip, and further ones when SQL prepared statements.
    /// </summary>
    /// <remarks>
    /// A schema that the session had in use and that was dropped meanwhile, or that its account may not use any more, is none of its failures: to a session that
    /// stayed on its connection nothing happens then, until a statement names something in it.
    /// </remarks>
    public static ValueTask<RestoreResult> RestoreAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation) =>
        RunAsync(Statements(state, catalogue), state, catalogue, backend, mayLackSchema: state.Has(StateFlags.SchemaWasUsed), cancellation);

    /// <summary>
    /// The same on a connection that another session had and COM_RESET_CONNECTION has cleared. What that leaves (tested on both servers): the schema, which may
    /// only be left for another one; on MySQL the character set of the server in place of the login's; what FOUND_ROWS() says.
    /// </summary>
    internal static ValueTask<RestoreResult> RestoreAfterResetAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        var statements = Statements(state, catalogue);
        statements.Insert(1, ForgetFoundRows);
        if (NeedsNames(state, catalogue))
            statements.Insert(0, SqlText.Of($"SET NAMES {catalogue.CharacterSet(state.Collation)} COLLATE {catalogue.CollationName(state.Collation)}"));
        // Without its own schema the session would be in the one that the connection had before.
        return RunAsync(statements, state, catalogue, backend, mayLackSchema: false, cancellation);
    }

    /// <summary>A reset connection can become this session's; otherwise only a login gives its character set.</summary>
    internal static bool CanRestoreAfterReset(SessionState state, ServerCatalogue catalogue) =>
        !NeedsNames(state, catalogue) || (catalogue.CollationName(state.Collation) is not null && catalogue.CharacterSet(state.Collation) is not null);

    private static bool NeedsNames(SessionState state, ServerCatalogue catalogue) =>
        catalogue.Family == ServerFamily.MySql && state.Collation != catalogue.ServerCollation;

    /// <summary>Makes LAST_INSERT_ID() say what the session had, on a connection that is the session's in everything else.</summary>
    internal static async ValueTask<RestoreResult> RestoreLastInsertIdAsync(SessionState state, IBackendQuery backend, CancellationToken cancellation)
    {
        var result = (await backend.QueryAsync([SetLastInsertId(state.LastInsertId)], SessionCapture.AnswerLimit, cancellation))[0];
        return result.Failed ? Failed(result.ErrorMessage, result.ErrorCode) : default;
    }

    private static ReadOnlyMemory<byte> ForgetFoundRows { get; } = SqlText.Of("SELECT 1 LIMIT 0");

    private static async ValueTask<RestoreResult> RunAsync(
        List<ReadOnlyMemory<byte>> statements, SessionState state, ServerCatalogue catalogue, IBackendQuery backend, bool mayLackSchema, CancellationToken cancellation)
    {
        var results = await backend.QueryAsync(statements, SessionCapture.AnswerLimit, cancellation);
        var schemaIsGone = false;
        foreach (var result in results)
        {
            if (!result.Failed) continue;
            // Only USE fails with these.
            schemaIsGone = result.ErrorCode is ErrorCode.DatabaseAccessDenied or ErrorCode.UnknownDatabase;
            // That of its login, which the server refuses in these words.
            if (schemaIsGone && !state.Has(StateFlags.SchemaWasUsed)) return new RestoreResult(result.ErrorMessage, result.ErrorCode, SchemaIsGone: true);
            if (!schemaIsGone || !mayLackSchema) return Failed(result.ErrorMessage, result.ErrorCode) with { SchemaIsGone = schemaIsGone };
        }
        state.Note(StateFlags.SchemaIsGone, schemaIsGone);
        if (!schemaIsGone) state.Note(StateFlags.SchemaWasUsed, on: state.Schema is not null);
        var prepared = await SqlPrepareRestore.RestoreAsync(state, catalogue, backend, cancellation);
        state.ForgetSignature();
        return prepared.Failed is { } failed ? Failed(failed, prepared.ErrorCode) : default;
    }

    /// <summary>
    /// In an order that matters: roles first (rights to the schema and to variables), then the schema (it sets character_set_database), then variables,
    /// then user variables, whose names may need the session's character set.
    /// </summary>
    internal static List<ReadOnlyMemory<byte>> Statements(SessionState state, ServerCatalogue catalogue)
    {
        var statements = new List<ReadOnlyMemory<byte>> { catalogue.TrackerSetup };
        if (LastInsertId(state) is { } lastInsertId) statements.Add(lastInsertId);
        statements.AddRange(Settings(state, catalogue));
        return statements;
    }

    /// <summary>Makes LAST_INSERT_ID() say what the session had; null: it is 0, as on a fresh connection.</summary>
    private static ReadOnlyMemory<byte>? LastInsertId(SessionState state) => state.LastInsertId == 0 ? default(ReadOnlyMemory<byte>?) : SetLastInsertId(state.LastInsertId);

    private static ReadOnlyMemory<byte> SetLastInsertId(ulong id) => SqlText.Of(string.Create(CultureInfo.InvariantCulture, $"SET @@session.last_insert_id={id}"));

    /// <summary>All of the session but LAST_INSERT_ID() and what SQL prepared; nothing for a session that has done nothing.</summary>
    internal static List<ReadOnlyMemory<byte>> Settings(SessionState state, ServerCatalogue catalogue)
    {
        var statements = new List<ReadOnlyMemory<byte>>();
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
            if (variable.ThenNull) set.Add(separator).Name(variable.Name).Add("=NULL");
        }
        return set.Bytes;
    }
}
