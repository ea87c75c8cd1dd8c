using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>The first round trip of a capture: what it asks, and what it makes of the answers.</summary>
internal sealed class CaptureReading
{
    private const int FixedColumns = 6;

    /// <summary>Names are read with one more than may be, to see that there are too many.</summary>
    private const int MostNames = State.UserVariables.MaxNames + 1;

    private readonly SessionState _state;
    private readonly ServerCatalogue _catalogue;
    private readonly List<string> _variables = [];
    private readonly List<ReadOnlyMemory<byte>> _statements = [];

    public CaptureReading(SessionState state, ServerCatalogue catalogue)
    {
        _state = state;
        _catalogue = catalogue;
        if (state.Variables is { } changed) _variables.AddRange(RestorableVariables.ToRead(changed.Names));
        // Warnings first: any other statement may end them. It leaves FOUND_ROWS() alone.
        _statements.Add(LastStatement.WarningsQuery);
        _statements.Add(StateQuery());
        _statements.Add(SqlText.Of(UserVariableNamesQuery(catalogue.Family)));
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Statements => _statements;

    public IReadOnlyList<string>? UserVariableNames { get; private set; }

    public string ClientCharacterSet { get; private set; } = "";

    /// <summary>Null: results are not converted.</summary>
    public string? ResultsCharacterSet { get; private set; }

    /// <summary>LIMIT 1 stands against a session's sql_select_limit of 0.</summary>
    private ReadOnlyMemory<byte> StateQuery()
    {
        var query = new SqlText().Add("SELECT FOUND_ROWS(),LAST_INSERT_ID(),HEX(CONVERT(DATABASE() USING utf8mb4)),@@session.character_set_client,")
            .Add("@@session.character_set_results,")
            .Add(_state.Has(StateFlags.RoleChanged) ? "HEX(CONVERT(CURRENT_ROLE() USING utf8mb4))" : "NULL");
        foreach (var name in _variables) query.Add(",@@session.").Name(name);
        return query.Add(" LIMIT 1").Bytes;
    }

    private static string UserVariableNamesQuery(ServerFamily family)
    {
        var limit = MostNames.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return family == ServerFamily.MariaDb
            ? "SELECT HEX(VARIABLE_NAME) FROM information_schema.USER_VARIABLES LIMIT " + limit
            : "SELECT HEX(VARIABLE_NAME) FROM performance_schema.user_variables_by_thread WHERE THREAD_ID=PS_CURRENT_THREAD_ID() LIMIT " + limit;
    }

    /// <summary>Null when everything is read.</summary>
    public PinReason? Take(IReadOnlyList<BackendResult> results)
    {
        if (BackendRow.Only(results[1], FixedColumns + _variables.Count) is not { } row) return Unreadable(results[1].Failed ? results[1].ErrorMessage : "no such row");
        if (!BackendRow.TryNumber(row[0], out var foundRows) || !BackendRow.TryNumber(row[1], out var lastInsertId)
            || !BackendRow.TryHexText(row[2], out var schema) || !BackendRow.TryHexText(row[5], out var role))
        {
            return Unreadable("its character set for results is not based on ASCII");
        }
        ClientCharacterSet = Encoding.ASCII.GetString(row[3] ?? []);
        ResultsCharacterSet = row[4] is { } results4 ? Encoding.ASCII.GetString(results4) : null;
        if (TakeUserVariableNames(results[2]) is { } pin) return pin;
        var context = _state.TextContext;
        for (var i = 0; i < _variables.Count; i++)
        {
            var value = new SessionValue(row[FixedColumns + i], BackendRow.IsNumeric(results[1].Columns[FixedColumns + i].Type));
            if (RestorableVariables.Take(_state.ChangeVariables(), _variables[i], value) is { } lost) return lost;
        }
        RestorableVariables.ForgetDerived(_state.ChangeVariables());
        _state.ChangeVariables().KeepTextContext(context);
        _state.LastInsertId = lastInsertId;
        if (!_state.Has(StateFlags.SchemaIsGone)) _state.UseSchema(schema);
        if (_state.Has(StateFlags.RoleChanged)) _state.Role = RoleForSet(role);
        if (results[0].Failed) return Unreadable(results[0].ErrorMessage);
        LastStatement.Keep(_state, _catalogue, foundRows, results[0]);
        return null;
    }

    private PinReason? TakeUserVariableNames(BackendResult result)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (!result.Failed)
        {
            foreach (var row in result.Rows)
            {
                if (!BackendRow.TryHexText(row[0], out var name) || name is null) return Unreadable("names of user variables");
                names.Add(name);
            }
        }
        else
        {
            // MySQL without the right to read the list: the names that statements used stand for it.
            if (_state.UserVariables is { } seen)
            {
                if (seen.Overflowed) return new PinReason(PinCauses.UserVariables, "user variables whose names cannot be followed");
                names.UnionWith(seen.Names);
            }
            if (_state.Has(StateFlags.StoredCodeRan))
                return new PinReason(PinCauses.StoredCode, "stored code ran, and its account may not read which user variables it set");
        }
        if (names.Count >= MostNames) return new PinReason(PinCauses.UserVariables, "more than 1000 user variables");
        UserVariableNames = [.. names.Order(StringComparer.Ordinal)];
        return null;
    }

    /// <summary>MySQL says the roles as SET ROLE takes them, MariaDB the one name bare.</summary>
    private string RoleForSet(string? role)
    {
        if (role is null or "NONE") return "NONE";
        return _catalogue.Family == ServerFamily.MySql ? role : "`" + role.Replace("`", "``", StringComparison.Ordinal) + "`";
    }

    private static PinReason Unreadable(string why) => new(PinCauses.SessionVariable, "its state cannot be read back: " + why);
}
