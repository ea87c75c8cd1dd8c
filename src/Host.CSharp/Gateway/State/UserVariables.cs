using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>A user variable as it was read back.</summary>
/// <param name="Literal">An expression that gives the same value, type, character set and collation again.</param>
/// <param name="ThenNull">It gives the type only, and NULL is assigned after it.</param>
internal readonly record struct UserVariable(string Name, byte[] Literal, bool ThenNull);

/// <summary>The user variables of a session.</summary>
internal sealed class UserVariables
{
    /// <summary>More names than this are not kept apart; the session is pinned then.</summary>
    public const int MaxNames = 1000;

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names that statements used.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>There were more names than are kept, or one that is in no known character set.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Values as of the last capture.</summary>
    public IReadOnlyList<UserVariable> Captured { get; set; } = [];

    public void NoteName(string name)
    {
        if (_names.Count >= MaxNames) Overflowed |= !_names.Contains(name);
        else _names.Add(name);
    }

    public void NoteNames(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var lexer = new SqlLexer(sql, dialect);
        while (lexer.Next())
        {
            if (lexer.Kind != SqlTokenKind.UserVariable) continue;
            var text = lexer.Text;
            if (text.IsEmpty) continue;
            var name = Encoding.UTF8.GetString(SqlNames.Inner(text));
            var quote = (char)text[0];
            if (quote is '`' or '\'' or '"') name = name.Replace(new string(quote, 2), quote.ToString(), StringComparison.Ordinal);
            if (name.Contains('\uFFFD', StringComparison.Ordinal) || (quote is '\'' or '"' && name.Contains('\\', StringComparison.Ordinal))) Overflowed = true;
            else NoteName(name);
        }
    }
}
