using System.Buffers.Text;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// SET statements whose outcome is certain: known variables, values of known form and range. All assignments of a statement are read before one is made.
/// </summary>
internal ref struct LocalSet
{
    private readonly SessionState _state;
    private readonly ServerCatalogue _catalogue;
    private readonly List<(string Name, SessionValue Value)> _assignments = [];
    private readonly List<KeyValuePair<string, string>> _tracked = [];
    private ushort _resultsCollation;
    private SqlLexer _lexer;

    public LocalSet(ReadOnlySpan<byte> sql, SessionState state, ServerCatalogue catalogue)
    {
        _state = state;
        _catalogue = catalogue;
        _lexer = new SqlLexer(sql, state.Dialect);
    }

    public LocalAnswer? Answer()
    {
        if (!_lexer.Next() || !_lexer.IsWord("set"u8)) return null;
        var first = true;
        do
        {
            if (!_lexer.Next()) return null;
            if (first && Transaction(out var isTransaction) is var known && isTransaction)
            {
                if (!known) return null;
                break;
            }
            first = false;
            if (!Assignment()) return null;
        }
        while (_lexer.Accept((byte)','));
        _lexer.Accept((byte)';');
        if (_lexer.Next()) return null;
        // Statements that SQL prepared are made again under the settings that they were made under.
        if (_state.SqlPrepared is { All.Count: > 0 } && _assignments.Exists(a => ChangedVariables.DecidesReading(a.Name))) return null;
        foreach (var (name, value) in _assignments) Apply(name, value);
        if (_resultsCollation != 0) _state.ResultsCollation = _resultsCollation;
        return new LocalAnswer { Tracked = _tracked };
    }

    private bool Assignment()
    {
        if (_lexer.IsWord("names"u8)) return Names();
        if (_lexer.Kind == SqlTokenKind.SystemVariable)
        {
            // Without a scope @@transaction_… means the next transaction only; no such name may be set here.
            if (IsSessionWord() && (!_lexer.Accept((byte)'.') || !_lexer.Next())) return false;
        }
        else if (_lexer.Kind != SqlTokenKind.Word)
        {
            return false;
        }
        else if (IsSessionWord() && (!_lexer.Next() || _lexer.Kind != SqlTokenKind.Word))
        {
            return false;
        }
        var name = Encoding.ASCII.GetString(_lexer.Text).ToLowerInvariant();
        if (!KnownVariable.All.TryGetValue(name, out var known) || !known.MaySet || !_catalogue.Profile.Variables.ContainsKey(name)) return false;
        if (!_lexer.Accept((byte)'=') && !_lexer.AcceptAssign()) return false;
        return _lexer.Next() && Value(name, known);
    }

    private readonly bool IsSessionWord() => SqlWords.Same(_lexer.Text, "session"u8) || SqlWords.Same(_lexer.Text, "local"u8);

    private bool Value(string name, in KnownVariable known) => known.Kind switch
    {
        VariableKind.Bool => Bool(name),
        VariableKind.Number => Number(name, known),
        _ => name switch
        {
            "sql_mode" => Modes() is { } modes && SqlModes.Canonical(modes, _catalogue.Family) is { } canonical && Assign(name, SessionValue.Of(canonical), canonical),
            "time_zone" => String(out var zone) && IsOffset(zone) && Assign(name, SessionValue.Of(zone), zone),
            "character_set_results" => ResultsCharacterSet(name),
            _ => false,
        },
    };

    private bool Bool(string name)
    {
        var on = _lexer.IsWord("on"u8) || _lexer.IsWord("true"u8) || (_lexer.Kind == SqlTokenKind.Number && _lexer.Text.SequenceEqual("1"u8));
        var off = _lexer.IsWord("off"u8) || _lexer.IsWord("false"u8) || (_lexer.Kind == SqlTokenKind.Number && _lexer.Text.SequenceEqual("0"u8));
        return (on || off) && Assign(name, SessionValue.Of(on ? 1 : 0), on ? "ON" : "OFF");
    }

    private bool Number(string name, in KnownVariable known)
    {
        if (_lexer.Kind != SqlTokenKind.Number || !Utf8Parser.TryParse(_lexer.Text, out ulong value, out var used) || used != _lexer.Length) return false;
        if (value < known.Least || value > known.Most) return false;
        var text = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Assign(name, new SessionValue(Encoding.ASCII.GetBytes(text), Numeric: true), text);
    }

    /// <summary>A literal, or `CONCAT(@@sql_mode, 'literal')`, with which MariaDB Connector/J begins: its 2.x gives the answer half a second, which is less than a wake takes.</summary>
    private string? Modes()
    {
        if (!_lexer.IsWord("concat"u8)) return String(out var modes) ? modes : null;
        if (_assignments.Exists(a => a.Name == "sql_mode") || !_lexer.Accept((byte)'(') || !_lexer.Next() || _lexer.Kind != SqlTokenKind.SystemVariable) return null;
        if (IsSessionWord() && (!_lexer.Accept((byte)'.') || !_lexer.Next())) return null;
        if (!SqlWords.Same(_lexer.Text, "sql_mode"u8) || !_lexer.Accept((byte)',') || !_lexer.Next() || _lexer.Kind != SqlTokenKind.String || !String(out var more)) return null;
        return _lexer.Accept((byte)')') && new LocalVariables(_state, _catalogue).Selected("sql_mode", KnownVariable.All["sql_mode"]) is { } present ? present + more : null;
    }

    private bool ResultsCharacterSet(string name)
    {
        _resultsCollation = 0;
        if (_lexer.IsWord("null"u8)) return Assign(name, SessionValue.Null, "");
        return CharacterSet() is { } set && Assign(name, SessionValue.Of(set), set);
    }

    /// <summary>`NAMES set [COLLATE collation]`.</summary>
    private bool Names()
    {
        if (!_lexer.Next() || CharacterSet() is not { } set) return false;
        string? collation;
        if (_lexer.AcceptWord("collate"u8))
        {
            if (!_lexer.Next() || !String(out collation)) return false;
            collation = collation.ToLowerInvariant();
            if (!_catalogue.Profile.Collations.TryGetValue(collation, out var info) || info.CharacterSet != set) return false;
            _resultsCollation = (ushort)info.Id;
        }
        else
        {
            _resultsCollation = 0;
            // The default of a character set can be a variable.
            if (!string.IsNullOrEmpty(_catalogue.Profile.Variables.GetValueOrDefault("character_set_collations"))) return false;
            if (_state.Variables?.TryGet("default_collation_for_utf8mb4", out _) == true || _state.Variables?.TryGet("character_set_collations", out _) == true) return false;
            collation = _catalogue.DefaultCollation(set);
            if (collation is null) return false;
        }
        Assign("character_set_client", SessionValue.Of(set), set);
        _tracked.Add(new("character_set_connection", set));
        Assign("character_set_results", SessionValue.Of(set), set);
        _assignments.Add(("collation_connection", SessionValue.Of(collation)));
        return true;
    }

    /// <summary>The name of a character set that clients may have and that the lexer can read; null for any other, and where MySQL would warn.</summary>
    private readonly string? CharacterSet()
    {
        if (!String(out var set)) return null;
        set = set.ToLowerInvariant();
        if (set == "utf8")
        {
            if (_catalogue.Profile.Variables.GetValueOrDefault("old_mode")?.Contains("UTF8_IS_UTF8MB3", StringComparison.Ordinal) != true) return null;
            set = "utf8mb3";
        }
        if (_catalogue.Family == ServerFamily.MySql && set is "utf8mb3" or "dec8" or "hp8" or "macce" or "macroman") return null;
        return SessionCharset.MaxLength(set) > 0 && _catalogue.DefaultCollation(set) is not null ? set : null;
    }

    /// <summary>A bare word or a string without anything special in it.</summary>
    private readonly bool String(out string value)
    {
        value = "";
        if (_lexer.Kind is not (SqlTokenKind.Word or SqlTokenKind.String)) return false;
        var inner = _lexer.Kind == SqlTokenKind.String ? SqlNames.Inner(_lexer.Text) : _lexer.Text;
        if (!SqlText.IsPlain(inner) || inner.Contains((byte)'"')) return false;
        value = Encoding.ASCII.GetString(inner);
        return _lexer.Kind == SqlTokenKind.String || !value.Equals("default", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>`+HH:MM` within what all versions take (and not -00:00, which is refused).</summary>
    private static bool IsOffset(string zone)
    {
        if (zone.Length != 6 || zone[0] is not ('+' or '-') || zone[3] != ':') return false;
        if (!int.TryParse(zone.AsSpan(1, 2), System.Globalization.NumberStyles.None, null, out var hours)) return false;
        if (!int.TryParse(zone.AsSpan(4, 2), System.Globalization.NumberStyles.None, null, out var minutes)) return false;
        return minutes < 60 && hours <= 12 && !(zone[0] == '-' && hours == 0 && minutes == 0);
    }

    /// <summary>`SESSION TRANSACTION ISOLATION LEVEL …` and `READ ONLY` or `READ WRITE`.</summary>
    private bool Transaction(out bool isTransaction)
    {
        var before = _lexer;
        isTransaction = _lexer.Kind == SqlTokenKind.Word && IsSessionWord() && _lexer.AcceptWord("transaction"u8);
        if (!isTransaction)
        {
            _lexer = before;
            return true;
        }
        do
        {
            if (_lexer.AcceptWord("isolation"u8))
            {
                if (!_lexer.AcceptWord("level"u8) || Level() is not { } level) return false;
                var name = _catalogue.Profile.Variables.ContainsKey("transaction_isolation") ? "transaction_isolation" : "tx_isolation";
                Assign(name, SessionValue.Of(level), level);
            }
            else
            {
                if (!_lexer.AcceptWord("read"u8)) return false;
                var only = _lexer.AcceptWord("only"u8);
                if (!only && !_lexer.AcceptWord("write"u8)) return false;
                var name = _catalogue.Profile.Variables.ContainsKey("transaction_read_only") ? "transaction_read_only" : "tx_read_only";
                Assign(name, SessionValue.Of(only ? 1 : 0), only ? "ON" : "OFF");
            }
        }
        while (_lexer.Accept((byte)','));
        return true;
    }

    private string? Level()
    {
        if (_lexer.AcceptWord("serializable"u8)) return "SERIALIZABLE";
        if (_lexer.AcceptWord("repeatable"u8)) return _lexer.AcceptWord("read"u8) ? "REPEATABLE-READ" : null;
        if (!_lexer.AcceptWord("read"u8)) return null;
        if (_lexer.AcceptWord("committed"u8)) return "READ-COMMITTED";
        return _lexer.AcceptWord("uncommitted"u8) ? "READ-UNCOMMITTED" : null;
    }

    private readonly bool Assign(string name, SessionValue value, string shown)
    {
        _assignments.Add((name, value));
        _tracked.Add(new(name, shown));
        return true;
    }

    private readonly void Apply(string name, SessionValue value)
    {
        _state.ChangeVariables().Set(name, value);
        switch (name)
        {
            case "character_set_results":
                _state.ResultsCollation = 0;
                break;
            case "collation_connection":
                _state.ChangeVariables().Forget("character_set_connection");
                break;
            case "autocommit":
                _state.SetStatusFlag(ServerStatusFlags.Autocommit, value.Text.AsSpan().SequenceEqual("1"u8));
                break;
            case "sql_mode":
                _state.UseSqlMode(Encoding.ASCII.GetString(value.Text ?? []));
                _state.SetStatusFlag(ServerStatusFlags.NoBackslashEscapes, _state.Dialect.NoBackslashEscapes);
                _state.SetStatusFlag(ServerStatusFlags.AnsiQuotes, _state.Dialect.AnsiQuotes && _catalogue.Family == ServerFamily.MariaDb);
                break;
        }
    }
}
