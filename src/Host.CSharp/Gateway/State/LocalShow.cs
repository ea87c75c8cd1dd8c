using System.Buffers.Text;
using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>SHOW VARIABLES of one known variable, and what SHOW can tell of the last statement.</summary>
internal ref struct LocalShow
{
    private readonly SessionState _state;
    private readonly ServerCatalogue _catalogue;
    private readonly LocalColumns _make;
    private SqlLexer _lexer;

    public LocalShow(ReadOnlySpan<byte> sql, SessionState state, ServerCatalogue catalogue)
    {
        _state = state;
        _catalogue = catalogue;
        _make = LocalAnswers.Columns(state, catalogue);
        _lexer = new SqlLexer(sql, state.Dialect);
    }

    /// <summary>It leaves what it asked as it is.</summary>
    public bool AsksLastStatement { get; private set; }

    /// <param name="hasRoom">The session's limit of rows lets one through: it counts for what is a SELECT inside.</param>
    public LocalAnswer? Answer(bool attached, bool hasRoom)
    {
        if (!_make.CanText || !_lexer.Next() || !_lexer.IsWord("show"u8)) return null;
        if (_lexer.AcceptWord("warnings"u8)) return LastStatement(errorsOnly: false);
        if (_lexer.AcceptWord("errors"u8)) return LastStatement(errorsOnly: true);
        if (!hasRoom) return null;
        if (_lexer.AcceptWord("count"u8)) return Count();
        return attached ? null : Variables();
    }

    private LocalAnswer? LastStatement(bool errorsOnly)
    {
        if (_state.LastStatement is not { } last || !Limit(out var skip, out var take) || !AtEnd()) return null;
        AsksLastStatement = true;
        return new LocalAnswer
        {
            Columns = _make.ShowWarnings(),
            Rows = [.. last.Warnings.Where(w => !errorsOnly || w.IsError).Skip(skip).Take(take).Select(w => new byte[]?[] { w.Level, w.Code, w.Message })],
        };
    }

    /// <summary>Nothing, `LIMIT count`, `LIMIT offset, count` or `LIMIT count OFFSET offset`. False: something else.</summary>
    private bool Limit(out int skip, out int take)
    {
        (skip, take) = (0, int.MaxValue);
        if (!_lexer.AcceptWord("limit"u8)) return true;
        if (!Number(out take)) return false;
        if (!_lexer.Accept((byte)',')) return !_lexer.AcceptWord("offset"u8) || Number(out skip);
        skip = take;
        return Number(out take);
    }

    private bool Number(out int number)
    {
        number = 0;
        return _lexer.Next() && _lexer.Kind == SqlTokenKind.Number && Utf8Parser.TryParse(_lexer.Text, out number, out var used) && used == _lexer.Length;
    }

    private LocalAnswer? Count()
    {
        if (!_lexer.Accept((byte)'(') || !_lexer.Accept((byte)'*') || !_lexer.Accept((byte)')')) return null;
        var warnings = _lexer.AcceptWord("warnings"u8);
        if ((!warnings && !_lexer.AcceptWord("errors"u8)) || _state.LastStatement is not { } last || !AtEnd()) return null;
        AsksLastStatement = true;
        var name = warnings ? "@@session.warning_count" : "@@session.error_count";
        var count = warnings ? last.WarningCount : last.Warnings.Count(w => w.IsError);
        var column = LocalColumns.Count(Encoding.ASCII.GetBytes(name), unsigned: true) with { Flags = MysqlTypes.BinaryFlag | MysqlTypes.UnsignedFlag };
        return new LocalAnswer { Columns = [column], Rows = [[Encoding.ASCII.GetBytes(count.ToString(System.Globalization.CultureInfo.InvariantCulture))]] };
    }

    private LocalAnswer? Variables()
    {
        if (!_lexer.AcceptWord("session"u8)) _lexer.AcceptWord("local"u8);
        if (!_lexer.AcceptWord("variables"u8) || !_lexer.AcceptWord("like"u8) || !_lexer.Next() || _lexer.Kind != SqlTokenKind.String) return null;
        var inner = SqlNames.Inner(_lexer.Text);
        if (!SqlText.IsPlain(inner) || !AtEnd()) return null;
        var pattern = Encoding.ASCII.GetString(inner);
        string? only = null;
        foreach (var name in _catalogue.Profile.Variables.Keys)
        {
            if (!SqlPatterns.Like(name, pattern)) continue;
            if (only is not null) return null;
            only = name;
        }
        if (only is null || !KnownVariable.All.TryGetValue(only, out var known)) return null;
        var variables = new LocalVariables(_state, _catalogue);
        if (variables.Shown(only, known) is not { } value || !Ascii.IsValid(value)) return null;
        return new LocalAnswer { Columns = _make.ShowVariables(), Rows = [[Encoding.ASCII.GetBytes(only), Encoding.ASCII.GetBytes(value)]] };
    }

    private bool AtEnd()
    {
        _lexer.Accept((byte)';');
        return !_lexer.Next();
    }
}
