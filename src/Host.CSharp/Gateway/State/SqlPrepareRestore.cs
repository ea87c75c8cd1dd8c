using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>Prepares by SQL what the session had prepared, on a backend connection that has everything else of it.</summary>
internal static class SqlPrepareRestore
{
    /// <summary>What is sent before the first answer is read: few enough that neither side's buffers fill up.</summary>
    private const int MostAtOnce = 64;

    /// <summary>
    /// One that can no longer be prepared (its table is gone) is left out, and tried again when it is executed. One round trip, and more for each schema
    /// besides the session's own.
    /// </summary>
    public static async ValueTask<RestoreResult> RestoreAsync(SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        if (state.SqlPrepared is not { } store) return default;
        var results = new List<BackendResult>();
        var own = Own(state);
        var characterSet = SchemaUse.OwnCharacterSet(state, catalogue);
        await PrepareAsync([.. store.All.Where(s => !IsElsewhere(s, own))], backend, results, cancellation);
        var elsewhere = store.All.Where(s => IsElsewhere(s, own)).GroupBy(s => s.Schema!, StringComparer.Ordinal).ToArray();
        foreach (var group in elsewhere)
        {
            if ((await UseAsync(group.Key, characterSet, backend, cancellation)).Failed)
            {
                foreach (var statement in group) statement.IsMissing = true;
            }
            else
            {
                await PrepareAsync([.. group], backend, results, cancellation);
            }
        }
        if (elsewhere.Length > 0 && await UseAsync(own!, characterSet, backend, cancellation) is { Failed: true } lost) return new RestoreResult(lost.ErrorMessage, lost.ErrorCode);
        store.Restart(results.Count, deallocates: 0);
        return await SessionCapture.EndStrayTransactionAsync(results, backend, cancellation) is { } stray ? new RestoreResult(stray.Words, 0) : default;
    }

    /// <summary>The schema that this backend connection has in use.</summary>
    private static string? Own(SessionState state) => state.Has(StateFlags.SchemaIsGone) ? null : state.Schema;

    /// <summary>Where there is no schema in use none can be left again, so nothing is prepared elsewhere then.</summary>
    private static bool IsElsewhere(SqlPrepared statement, string? own) => statement.Schema is { } schema && own is not null && schema != own;

    /// <summary>
    /// Prepares one that was left out, in its schema, for an EXECUTE that is about to be sent. The error that the EXECUTE would have got if the session had
    /// stayed on its connection; default: it is there.
    /// </summary>
    public static async ValueTask<BackendResult> PrepareMissingAsync(
        SqlPrepared missing, SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        var own = Own(state);
        var elsewhere = IsElsewhere(missing, own);
        var characterSet = SchemaUse.OwnCharacterSet(state, catalogue);
        if (elsewhere && await UseAsync(missing.Schema!, characterSet, backend, cancellation) is { Failed: true } gone) return gone;
        var results = new List<BackendResult>();
        await PrepareAsync([missing], backend, results, cancellation);
        state.SqlPrepared!.CountPrepare();
        if (elsewhere && await UseAsync(own!, characterSet, backend, cancellation) is { Failed: true } lost)
            throw new MalformedPacketException($"schema {own} cannot be used any more: {lost.ErrorMessage}");
        return results[0];
    }

    /// <summary>Gives a name that was left out to something, for a DEALLOCATE that is about to be sent.</summary>
    public static async ValueTask PrepareToDeallocateAsync(SqlPrepared missing, SessionState state, IBackendQuery backend, CancellationToken cancellation)
    {
        await backend.QueryAsync([new SqlText().Add("PREPARE ").Name(missing.Name).Add(" FROM 'DO 0'").Bytes], SessionCapture.AnswerLimit, cancellation);
        state.SqlPrepared!.CountPrepare();
    }

    private static async ValueTask PrepareAsync(
        SqlPrepared[] statements, IBackendQuery backend, List<BackendResult> all, CancellationToken cancellation)
    {
        foreach (var part in statements.Chunk(MostAtOnce))
        {
            var results = await backend.QueryAsync([.. part.Select(s => new ReadOnlyMemory<byte>(s.Prepare))], SessionCapture.AnswerLimit, cancellation);
            for (var i = 0; i < part.Length; i++)
            {
                part[i].IsMissing = results[i].Failed;
            }
            all.AddRange(results);
        }
    }

    /// <summary>The first failure, or the last result.</summary>
    private static async ValueTask<BackendResult> UseAsync(string schema, string? characterSet, IBackendQuery backend, CancellationToken cancellation)
    {
        var results = await backend.QueryAsync(SchemaUse.Statements(schema, characterSet), SessionCapture.AnswerLimit, cancellation);
        foreach (var result in results)
        {
            if (result.Failed) return result;
        }
        return results[^1];
    }
}
