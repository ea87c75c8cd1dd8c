using System.Buffers;
using System.Runtime.CompilerServices;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Splits a statement text into tokens, one pass, nothing allocated, any bytes. Reads every character set whose bytes below 0x80 are ASCII
/// and in no multi-byte character; the session says when it has another (sjis, big5, gbk, gb18030), and is treated with care then.
/// Rules: MySQL reference manual, "Language Structure" and "Comments"; MariaDB knowledge base, "Comment Syntax".
/// </summary>
public ref struct SqlLexer
{
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("'\\"u8);

    private readonly ReadOnlySpan<byte> _sql;
    private readonly SqlDialect _dialect;
    private int _at;
    private bool _inExecutable;

    public SqlLexer(ReadOnlySpan<byte> sql, scoped in SqlDialect dialect)
    {
        _sql = sql;
        _dialect = dialect;
    }

    public SqlTokenKind Kind { get; private set; }

    /// <summary>The first byte of the token's text; for a Symbol the byte itself.</summary>
    public readonly byte First => Start < _sql.Length ? _sql[Start] : (byte)0;

    public int Start { get; private set; }

    public int Length { get; private set; }

    /// <summary>A literal, quoted name or comment went on to the end of the text.</summary>
    public bool Unterminated { get; private set; }

    /// <summary>A comment whose content the server executes was entered.</summary>
    public bool MetExecutableComment { get; private set; }

    public readonly ReadOnlySpan<byte> Text => _sql.Slice(Start, Length);

    public readonly bool IsSymbol(byte symbol) => Kind == SqlTokenKind.Symbol && First == symbol;

    /// <summary>The token is this word (given in lower case), in any case.</summary>
    public readonly bool IsWord(ReadOnlySpan<byte> lower) => Kind == SqlTokenKind.Word && SqlWords.Same(Text, lower);

    /// <summary>Goes to the next token; false at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next()
    {
        while (_at < _sql.Length)
        {
            var c = _sql[_at];
            if (SqlBytes.IsWord(c))
            {
                Start = _at;
                if (SqlBytes.IsDigit(c)) return Number();
                return Word();
            }
            if (c <= (byte)' ')
            {
                _at++;
                continue;
            }
            if (Other(c)) return true;
        }
        Kind = SqlTokenKind.End;
        Start = _sql.Length;
        Length = 0;
        return false;
    }

    /// <summary>The next token is this symbol, and it is gone over; otherwise nothing changes.</summary>
    public bool Accept(byte symbol)
    {
        var before = this;
        if (Next() && IsSymbol(symbol)) return true;
        this = before;
        return false;
    }

    /// <summary>The next token is this word (given in lower case), and it is gone over; otherwise nothing changes.</summary>
    public bool AcceptWord(ReadOnlySpan<byte> lower)
    {
        var before = this;
        if (Next() && IsWord(lower)) return true;
        this = before;
        return false;
    }

    /// <summary>The next token is `:=`, and it is gone over; otherwise nothing changes.</summary>
    public bool AcceptAssign()
    {
        var before = this;
        if (Next() && Kind == SqlTokenKind.Assign) return true;
        this = before;
        return false;
    }

    private bool Word()
    {
        var end = _at + 1;
        while (end < _sql.Length && SqlBytes.IsWord(_sql[end])) end++;
        Kind = SqlTokenKind.Word;
        Length = end - _at;
        _at = end;
        return true;
    }

    private bool Number()
    {
        var end = _at + 1;
        while (end < _sql.Length && (SqlBytes.IsWord(_sql[end]) || (_sql[end] == '.' && end + 1 < _sql.Length && SqlBytes.IsDigit(_sql[end + 1])))) end++;
        Kind = SqlTokenKind.Number;
        Length = end - _at;
        _at = end;
        return true;
    }

    /// <summary>True when a token was found; false when a comment was passed over.</summary>
    private bool Other(byte c)
    {
        switch (c)
        {
            case (byte)'\'':
                return Quoted(c, SqlTokenKind.String);
            case (byte)'"':
                return Quoted(c, _dialect.AnsiQuotes ? SqlTokenKind.QuotedName : SqlTokenKind.String);
            case (byte)'`':
                return Quoted(c, SqlTokenKind.QuotedName);
            case (byte)'#':
                LineComment();
                return false;
            case (byte)'-' when IsDashComment():
                LineComment();
                return false;
            case (byte)'/' when Peek(1) == '*':
                OpenComment();
                return false;
            case (byte)'*' when _inExecutable && Peek(1) == '/':
                _inExecutable = false;
                _at += 2;
                return false;
            case (byte)'@':
                return AtSign();
            case (byte)':' when Peek(1) == '=':
                return Symbol(SqlTokenKind.Assign, 2);
            default:
                return Symbol(SqlTokenKind.Symbol, 1);
        }
    }

    private bool Symbol(SqlTokenKind kind, int length)
    {
        Kind = kind;
        Start = _at;
        Length = length;
        _at += length;
        return true;
    }

    private readonly byte Peek(int ahead) => _at + ahead < _sql.Length ? _sql[_at + ahead] : (byte)0;

    /// <summary>`--` begins a comment only before a space, a control character or the end.</summary>
    private readonly bool IsDashComment() => Peek(1) == '-' && (_at + 2 >= _sql.Length || _sql[_at + 2] <= ' ' || _sql[_at + 2] == 0x7f);

    private void LineComment()
    {
        var end = _sql[_at..].IndexOf((byte)'\n');
        _at = end < 0 ? _sql.Length : _at + end + 1;
    }

    private void OpenComment()
    {
        var executable = ExecutableContent();
        if (executable > 0)
        {
            MetExecutableComment = true;
            _inExecutable = true;
            _at += executable;
            return;
        }
        var nested = Peek(2) == '!' || (Peek(2) == 'M' && Peek(3) == '!');
        _at += 2;
        SkipComment(nested);
    }

    /// <summary>How many bytes open a comment that this server executes (`/*!`, `/*!50000`, `/*M!100000`), or 0 when it does not execute it.</summary>
    private readonly int ExecutableContent()
    {
        var forMariaDb = Peek(2) == 'M' && Peek(3) == '!';
        if (Peek(2) != '!' && !forMariaDb) return 0;
        if (forMariaDb && _dialect.Family != ServerFamily.MariaDb) return 0;
        var at = forMariaDb ? 4 : 3;
        int digits = 0, number = 0;
        while (digits < 6 && SqlBytes.IsDigit(Peek(at + digits))) number = number * 10 + (Peek(at + digits++) - '0');
        if (digits < 5) return at;
        // MySQL takes a sixth digit as part of the number since 8.0; in older ones and for five digits the number ends after the fifth.
        if (number > _dialect.Version) return 0;
        var mysqlOnly = _dialect.Family == ServerFamily.MariaDb && !forMariaDb && number is >= 50700 and <= 99999;
        return mysqlOnly ? 0 : at + digits;
    }

    /// <summary>Goes behind the end of a comment that is not executed; one of the executable form may hold other comments, one level deep.</summary>
    private void SkipComment(bool nested)
    {
        var depth = 1;
        while (true)
        {
            var rest = _sql[_at..];
            var next = nested ? rest.IndexOfAny((byte)'*', (byte)'/') : rest.IndexOf((byte)'*');
            if (next < 0 || next + 1 >= rest.Length)
            {
                _at = _sql.Length;
                Unterminated = true;
                return;
            }
            var pair = (rest[next], rest[next + 1]);
            if (pair == ((byte)'*', (byte)'/'))
            {
                _at += next + 2;
                if (--depth == 0) return;
            }
            else if (nested && depth == 1 && pair == ((byte)'/', (byte)'*'))
            {
                _at += next + 2;
                depth++;
            }
            else
            {
                _at += next + 1;
            }
        }
    }

    private bool AtSign()
    {
        var system = Peek(1) == '@';
        _at += system ? 2 : 1;
        Start = _at;
        var c = Peek(0);
        if (c is (byte)'`' or (byte)'\'' or (byte)'"')
        {
            Quoted(c, system ? SqlTokenKind.SystemVariable : SqlTokenKind.UserVariable);
            return true;
        }
        var end = _at;
        // A user variable's name may have dots and dollars; a system variable's dots separate its scope and component.
        while (end < _sql.Length && (SqlBytes.IsWord(_sql[end]) || (!system && _sql[end] == '.'))) end++;
        Kind = system ? SqlTokenKind.SystemVariable : SqlTokenKind.UserVariable;
        Length = end - _at;
        _at = end;
        return true;
    }

    private bool Quoted(byte quote, SqlTokenKind kind)
    {
        Kind = kind;
        Start = _at++;
        var escapes = quote != '`' && !_dialect.NoBackslashEscapes && !(quote == '"' && _dialect.AnsiQuotes);
        while (_at < _sql.Length)
        {
            var rest = _sql[_at..];
            var next = !escapes ? rest.IndexOf(quote)
                : quote == '\'' ? rest.IndexOfAny(StringEnds)
                : rest.IndexOfAny(quote, (byte)'\\');
            if (next < 0) break;
            _at += next + 1;
            if (rest[next] == '\\')
            {
                _at = Math.Min(_at + 1, _sql.Length);
                continue;
            }
            if (_at < _sql.Length && _sql[_at] == quote)
            {
                _at++;
                continue;
            }
            Length = _at - Start;
            return true;
        }
        _at = _sql.Length;
        Length = _at - Start;
        Unterminated = true;
        return true;
    }
}
