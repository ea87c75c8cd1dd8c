using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>Comments: passed over, except those whose content the server executes.</summary>
public ref partial struct SqlLexer
{
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
}
