using System.Globalization;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// `SELECT item, … [FROM DUAL] [LIMIT 1]` where every item is a small number, a known variable, or a function of the session: what drivers, pools and
/// command lines send when they connect or look whether the connection lives.
/// </summary>
internal ref struct LocalSelect
{
    private readonly ReadOnlySpan<byte> _sql;
    private readonly SessionState _state;
    private readonly ServerCatalogue _catalogue;
    private readonly LocalContext _context;
    private readonly LocalVariables _variables;
    private readonly LocalColumns _make;
    private readonly List<LocalColumn> _columns = [];
    private readonly List<byte[]?> _row = [];
    private SqlLexer _lexer;

    public LocalSelect(ReadOnlySpan<byte> sql, SessionState state, ServerCatalogue catalogue, in LocalContext context)
    {
        _sql = sql;
        _state = state;
        _catalogue = catalogue;
        _context = context;
        _variables = new LocalVariables(state, catalogue);
        _make = LocalAnswers.Columns(state, catalogue);
        _lexer = new SqlLexer(sql, state.Dialect);
    }

    /// <summary>It asks what the last statement left, and nothing else.</summary>
    public bool AsksLastStatement { get; private set; }

    private readonly bool IsMariaDb => _catalogue.Family == ServerFamily.MariaDb;

    public LocalAnswer? Answer()
    {
        if (!_lexer.Next() || !_lexer.IsWord("select"u8)) return null;
        do
        {
            if (!_lexer.Next() || !Item()) return null;
        }
        while (_lexer.Accept((byte)','));
        if (_lexer.AcceptWord("from"u8) && !_lexer.AcceptWord("dual"u8)) return null;
        if (_lexer.AcceptWord("limit"u8) && (!_lexer.Next() || _lexer.Kind != SqlTokenKind.Number || !_lexer.Text.SequenceEqual("1"u8))) return null;
        _lexer.Accept((byte)';');
        if (_lexer.Next()) return null;
        return new LocalAnswer { Columns = _columns, Rows = [[.. _row]] };
    }

    private bool Item()
    {
        var start = _lexer.Start;
        switch (_lexer.Kind)
        {
            case SqlTokenKind.Number:
                return Literal();
            case SqlTokenKind.SystemVariable:
                return Variable(start - 2);
            case SqlTokenKind.Word:
                return Function(start);
            default:
                return false;
        }
    }

    private bool Literal()
    {
        var text = _lexer.Text;
        // Larger ones have other types; 007 is shown in other ways.
        if (text.Length > 9 || (text[0] == '0' && text.Length > 1) || text.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
        var digits = text.Length;
        return Name(_lexer.Start, out var name) && Add(_make.Literal(name, digits), Encoding.ASCII.GetString(text));
    }

    private bool Variable(int start)
    {
        var word = _lexer.Text;
        bool global = false, session = false;
        if (_lexer.Accept((byte)'.'))
        {
            global = SqlWords.Same(word, "global"u8);
            session = SqlWords.Same(word, "session"u8) || SqlWords.Same(word, "local"u8);
            if ((!global && !session) || !_lexer.Next() || _lexer.Kind != SqlTokenKind.Word) return false;
        }
        var name = Encoding.ASCII.GetString(_lexer.Text).ToLowerInvariant();
        if (name is "warning_count" or "error_count") return !global && Diagnostics(start, name);
        if (!KnownVariable.All.TryGetValue(name, out var known)) return false;
        // A session's value asked of a global variable, or the other way round: an error, or a value that is not known here.
        if (known.Global ? session : global) return false;
        if (_context.Attached && !known.Global) return false;
        if (_variables.Selected(name, known) is not { } value) return false;
        if (known.Kind == VariableKind.Text && (!_make.CanText || !Ascii.IsValid(value))) return false;
        return Name(start, out var title) && Add(_make.Variable(title, known.Kind, value), value);
    }

    private bool Function(int start)
    {
        var word = _lexer.Text;
        var called = _lexer.Accept((byte)'(') && _lexer.Accept((byte)')');
        if (!called) return SqlWords.Same(word, "current_user"u8) && User(start, _context.CurrentUser);
        if (SqlWords.Same(word, "connection_id"u8))
            return Name(start, out var name) && Add(_make.ConnectionId(name), _context.ConnectionId.ToString(CultureInfo.InvariantCulture));
        if (SqlWords.Same(word, "current_user"u8)) return User(start, _context.CurrentUser);
        if (SqlWords.Same(word, "user"u8) || SqlWords.Same(word, "session_user"u8) || SqlWords.Same(word, "system_user"u8))
            return NamesAreNotResolved && User(start, _context.User);
        if (LastStatement(start, word)) return true;
        if (_context.Attached) return false;
        if (SqlWords.Same(word, "database"u8) || SqlWords.Same(word, "schema"u8)) return Schema(start);
        if (SqlWords.Same(word, "version"u8)) return Version(start);
        if (SqlWords.Same(word, "last_insert_id"u8))
            return Name(start, out var id) && Add(LocalColumns.Count(id, unsigned: true), _state.LastInsertId.ToString(CultureInfo.InvariantCulture));
        return false;
    }

    /// <summary>With host names resolved, USER() shows a name that only the server knows.</summary>
    private readonly bool NamesAreNotResolved => _catalogue.Profile.Variables.GetValueOrDefault("skip_name_resolve") == "ON";

    private bool User(int start, string? user)
    {
        if (user is null || !_make.CanText || !Ascii.IsValid(user) || _variables.Selected("sql_mode", KnownVariable.All["sql_mode"]) is not { } modes) return false;
        var strict = modes.Contains("STRICT_", StringComparison.Ordinal);
        return Name(start, out var name) && Add(_make.User(name, strict), user);
    }

    private bool Schema(int start)
    {
        if (!_make.CanText || (_state.Schema is { } schema && !Ascii.IsValid(schema))) return false;
        return Name(start, out var name) && Add(_make.Text(name, 64, 0), _state.Schema);
    }

    private bool Version(int start)
    {
        if (!_make.CanText || _catalogue.Profile.Variables.GetValueOrDefault("version") is not { } version) return false;
        return Name(start, out var name) && Add(_make.Text(name, version.Length, MysqlTypes.NotNullFlag), version);
    }

    private bool LastStatement(int start, ReadOnlySpan<byte> word)
    {
        var found = SqlWords.Same(word, "found_rows"u8);
        if ((!found && !SqlWords.Same(word, "row_count"u8)) || _state.LastStatement is not { } last) return false;
        var value = found ? last.FoundRows.ToString(CultureInfo.InvariantCulture) : last.RowCount.ToString(CultureInfo.InvariantCulture);
        AsksLastStatement = true;
        return Name(start, out var name) && Add(LocalColumns.Count(name, unsigned: false), value);
    }

    private bool Diagnostics(int start, string name)
    {
        if (_state.LastStatement is not { } last) return false;
        var count = name == "warning_count" ? last.WarningCount : last.Warnings.Count(w => w.IsError);
        AsksLastStatement = true;
        return Name(start, out var title) && Add(LocalColumns.Count(title, unsigned: true) with { Flags = MysqlTypes.BinaryFlag | MysqlTypes.UnsignedFlag }, count.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The column's name: the alias that follows, or the item's own text.</summary>
    private bool Name(int start, out byte[] name)
    {
        var end = _lexer.Start + _lexer.Length;
        name = _sql[start..end].ToArray();
        var before = _lexer;
        var hasAs = _lexer.AcceptWord("as"u8);
        var has = _lexer.Next();
        if (has && (_lexer.Kind is SqlTokenKind.QuotedName or SqlTokenKind.String || (_lexer.Kind == SqlTokenKind.Word && (hasAs || !IsClause()))))
        {
            var alias = StatementNames.Unquote(_lexer.Text);
            name = Encoding.UTF8.GetBytes(alias);
            // Escapes, and trailing spaces that the servers cut off.
            return Ascii.IsValid(name) && !alias.Contains('\\', StringComparison.Ordinal) && alias.Length > 0 && alias == alias.Trim();
        }
        _lexer = before;
        return !hasAs && Ascii.IsValid(name);
    }

    private readonly bool IsClause() => _lexer.IsWord("from"u8) || _lexer.IsWord("limit"u8);

    private readonly bool Add(LocalColumn column, string? value)
    {
        _columns.Add(column);
        _row.Add(value is null ? null : Encoding.ASCII.GetBytes(value));
        return true;
    }
}
