using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>The second round trip of a capture: values of user variables with their types.</summary>
internal static class UserVariableReading
{
    private const int LargestValues = 1 << 20;

    /// <summary>The statements, or null when a name cannot be written in the client's character set.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>>? Statements(
        IReadOnlyList<string> names, string clientCharacterSet, string? resultsCharacterSet, ServerCatalogue catalogue)
    {
        if (!clientCharacterSet.StartsWith("utf8", StringComparison.Ordinal) && names.Any(n => !System.Text.Ascii.IsValid(n))) return null;
        var select = new SqlText().Add("SELECT ");
        var lengths = new SqlText();
        for (var i = 0; i < names.Count; i++)
        {
            select.Add(i == 0 ? "@" : ",@").Name(names[i]);
            lengths.Add(i == 0 ? "COALESCE(LENGTH(@" : "+COALESCE(LENGTH(@").Name(names[i]).Add("),0)");
        }
        // No row comes when they are too large to be carried from one connection to another.
        select.Add(" FROM DUAL WHERE ").Add(lengths.Bytes.Span).Add("<=").Add(Number(Limit(catalogue))).Add(" LIMIT 1");
        // Unconverted results show a string's own bytes and collation.
        var restore = resultsCharacterSet is null ? "NULL" : resultsCharacterSet;
        return
        [
            SqlText.Of("SET @@session.character_set_results=NULL"),
            select.Bytes,
            SqlText.Of("SET @@session.character_set_results=" + restore),
        ];
    }

    /// <summary>Their literals double in size as hexadecimal, and must fit into one packet.</summary>
    private static int Limit(ServerCatalogue catalogue)
    {
        var packet = catalogue.Profile.Variables.TryGetValue("max_allowed_packet", out var text)
            && int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var value) ? value : 1 << 20;
        return Math.Min(LargestValues, packet / 4);
    }

    private static string Number(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Null when all are read.</summary>
    public static PinReason? Take(SessionState state, IReadOnlyList<string> names, IReadOnlyList<BackendResult> results, ServerCatalogue catalogue)
    {
        foreach (var result in results)
        {
            if (result.Failed) return new PinReason(PinCauses.UserVariables, "user variables cannot be read back: " + result.ErrorMessage);
        }
        if (BackendRow.Only(results[1], names.Count) is not { } row)
            return new PinReason(PinCauses.UserVariables, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"user variables of more than {Limit(catalogue)} bytes"));
        var variables = new List<UserVariable>(names.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var column = results[1].Columns[i];
            // MySQL: one that was named but never assigned has this type, one that was assigned NULL another.
            if (row[i] is null && catalogue.Family == ServerFamily.MySql && column.Type == MysqlTypes.VarString) continue;
            // MySQL takes from an expression that is NULL no sign, as it does from a number that is there; what NULL alone is assigned to keeps its type.
            var thenNull = row[i] is null && (column.Flags & MysqlTypes.UnsignedFlag) != 0;
            if (UserVariableLiteral.Of(column, thenNull ? "0"u8.ToArray() : row[i], catalogue) is not { } literal)
                return new PinReason(PinCauses.UserVariables, $"user variable @{names[i]} in a collation that is not known");
            variables.Add(new UserVariable(names[i], literal, thenNull));
        }
        state.UseUserVariables().Captured = variables;
        return null;
    }
}
