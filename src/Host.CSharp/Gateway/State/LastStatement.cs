using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>What a client may still ask about its last statement, as read before detaching. A server cannot be made to say it again.</summary>
/// <param name="FoundRows">FOUND_ROWS().</param>
/// <param name="RowCount">ROW_COUNT(): -1 after a result set or an error.</param>
/// <param name="Warnings">The rows of SHOW WARNINGS.</param>
/// <param name="WarningCount">@@warning_count: more than there are rows where the list was full (max_error_count).</param>
internal sealed record LastStatement(ulong FoundRows, long RowCount, IReadOnlyList<StoredWarning> Warnings, int WarningCount)
{
    /// <summary>
    /// Keeps what the session's backend told of it, with the answer to <see cref="WarningsQuery"/>, unless it was kept before. That answer also shows what collation the
    /// definitions of text have from now on.
    /// </summary>
    public static void Keep(SessionState state, ServerCatalogue catalogue, ulong foundRows, BackendResult warnings)
    {
        state.LastStatement ??=
            new(foundRows, state.LastRowCount, [.. warnings.Columns.Count >= 3 ? warnings.Rows.Select(StoredWarning.Of) : []], Math.Max(state.LastWarnings, warnings.Rows.Count));
        if (warnings.Columns.Count > 0) state.ResultsCollation = HiddenCollation(state, catalogue, warnings.Columns[0].Collation);
    }

    /// <summary>The collation of the text columns of our own query, unless it follows from what is restored anyway.</summary>
    private static ushort HiddenCollation(SessionState state, ServerCatalogue catalogue, ushort ofColumn)
    {
        if (state.Variables?.TryGet("character_set_results", out var results) != true || results.Text is not { Length: > 0 } set) return 0;
        return catalogue.DefaultCollation(Encoding.ASCII.GetString(set)) is { } name && catalogue.Profile.Collations[name].Id == ofColumn ? (ushort)0 : ofColumn;
    }

    /// <summary>
    /// Reads the warnings, as many as MySQL keeps unless told otherwise (max_error_count). A session can have 65,535 of them, which would be more than an answer
    /// may hold, and than is worth holding for a session that sleeps.
    /// </summary>
    public static ReadOnlyMemory<byte> WarningsQuery { get; } = SqlText.Of("SHOW WARNINGS LIMIT 1024");
}

/// <param name="Level">`Note`, `Warning` or `Error`.</param>
/// <param name="Message">In the session's character set for results.</param>
internal readonly record struct StoredWarning(byte[] Level, byte[] Code, byte[] Message)
{
    public bool IsError => Level.AsSpan().SequenceEqual("Error"u8);

    public static StoredWarning Of(byte[]?[] row) => new(row[0] ?? [], row[1] ?? [], row[2] ?? []);
}
