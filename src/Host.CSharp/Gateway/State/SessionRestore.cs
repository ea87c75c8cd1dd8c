namespace Serverless.Host.Gateway.State;

/// <summary>Makes a fresh backend connection what the session had before.</summary>
public static class SessionRestore
{
    /// <summary>
    /// To be called after each login for a session (also its first, to switch the trackers on), and never after client statements ran on the connection.
    /// The login must have been made with the session's <see cref="SessionState.Collation"/>. One round trip.
    /// </summary>
    public static async ValueTask<RestoreResult> RestoreAsync(
        SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        var statements = new List<ReadOnlyMemory<byte>> { catalogue.TrackerSetup };
        if (state.Schema is { } schema) statements.Add(new SqlText().Add("USE ").Name(schema).Bytes);
        if (state.Variables is { Count: > 0 } variables)
        {
            var set = new SqlText().Add("SET ");
            var first = true;
            foreach (var (name, value) in variables.Values)
            {
                if (!first) set.Add(",");
                first = false;
                set.Add("@@session.").Name(name).Add("=").Value(value);
            }
            statements.Add(set.Bytes);
        }
        if (state.LastInsertId != 0)
            statements.Add(SqlText.Of(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SET @@session.last_insert_id={state.LastInsertId}")));
        var results = await backend.QueryAsync(statements, SessionCapture.AnswerLimit, cancellation);
        foreach (var result in results)
        {
            if (result.Failed) return new RestoreResult("the session's state cannot be restored: " + result.ErrorMessage, result.ErrorCode);
        }
        return default;
    }
}
