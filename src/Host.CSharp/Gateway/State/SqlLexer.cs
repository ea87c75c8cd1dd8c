using System.Runtime.CompilerServices;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Splits a statement text into tokens, one pass, nothing allocated, any bytes. Reads every character set whose bytes below 0x80 are ASCII
/// and in no multi-byte character; the session says when it has another (sjis, big5, gbk, gb18030), and is treated with care then.
/// Rules: MySQL reference manual, "Language Structure" and "Comments"; MariaDB knowledge base, "Comment Syntax".
/// </summary>
public ref partial struct SqlLexer
{
    /// <summary>Up to here a literal is looked at byte by byte, which is faster for most.</summary>
    private const int ShortLiteral = 24;

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

    /// <summary>
    /// Goes to the next token that can tell something: a word or quoted name whose length has its bit set and that begins with a letter of
    /// <paramref name="firsts"/>, a variable, `:=` or a semicolon. False at the end. The inner loop of classifying.
    /// </summary>
    /// <param name="lengths">Bit n: words of n bytes.</param>
    /// <param name="firsts">Bit n: words that begin with the n-th letter of the alphabet, in either case.</param>
    public bool NextTelling(uint lengths, uint firsts)
    {
        var sql = _sql;
        var at = _at;
        while ((uint)at < (uint)sql.Length)
        {
            var c = sql[at];
            var kind = SqlBytes.ClassOf(c);
            if (kind == SqlBytes.Plain)
            {
                at++;
                continue;
            }
            if (kind != SqlBytes.Special)
            {
                var start = at;
                do at++;
                while ((uint)at < (uint)sql.Length && SqlBytes.IsWord(sql[at]));
                if (!IsTelling(at - start, c, lengths, firsts)) continue;
                Kind = SqlTokenKind.Word;
                Start = start;
                Length = at - start;
                _at = at;
                return true;
            }
            _at = at;
            if (Other(c) && TokenTells(lengths, firsts)) return true;
            at = _at;
        }
        _at = at;
        return Next();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsTelling(int length, byte first, uint lengths, uint firsts) =>
        length < 32 && ((lengths >> length) & 1) != 0 && (uint)((first | 0x20) - 'a') < 26 && ((firsts >> ((first | 0x20) - 'a')) & 1) != 0;

    private readonly bool TokenTells(uint lengths, uint firsts) => Kind switch
    {
        SqlTokenKind.Symbol => First == ';',
        SqlTokenKind.String => false,
        SqlTokenKind.QuotedName => Length > 2 && IsTelling(Length - 2, _sql[Start + 1], lengths, firsts),
        _ => true,
    };

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
        var sql = _sql;
        Kind = kind;
        Start = _at;
        var escapes = quote != '`' && !_dialect.NoBackslashEscapes && !(quote == '"' && _dialect.AnsiQuotes);
        var at = _at + 1;
        while ((uint)at < (uint)sql.Length)
        {
            var c = sql[at++];
            if (c == quote)
            {
                if ((uint)at < (uint)sql.Length && sql[at] == quote)
                {
                    at++;
                    continue;
                }
                _at = at;
                Length = at - Start;
                return true;
            }
            if (c == '\\' && escapes) at++;
            else if (at - Start >= ShortLiteral) at += Skip(sql[at..], quote, escapes);
        }
        _at = sql.Length;
        Length = _at - Start;
        Unterminated = true;
        return true;
    }

    /// <summary>How many bytes of a long literal certainly do not end it.</summary>
    private static int Skip(ReadOnlySpan<byte> rest, byte quote, bool escapes)
    {
        var next = escapes ? rest.IndexOfAny(quote, (byte)'\\') : rest.IndexOf(quote);
        return next < 0 ? rest.Length : next;
    }
}
