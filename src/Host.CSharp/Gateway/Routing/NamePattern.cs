using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Gateway.Routing;

/// <summary>A name, or a pattern of names, that leads to a database. Of several that fit, the one with the most characters of its own counts; a whole name beats them all.</summary>
internal readonly record struct NamePattern(string Pattern, DatabaseRoute Route, bool IsHost)
{
    /// <summary>Higher is closer: the characters that it fixes, all of them where it has no wildcard.</summary>
    public int Closeness => IsHost ? HostCloseness() : SchemaCloseness();

    public bool Matches(string name) => IsHost ? MatchesHost(name) : Wildcard.Matches(name, Pattern, ignoreCase: false);

    /// <summary>A host name, or one with `*` as all of its beginning or all of its end.</summary>
    public static bool IsValidHost(string pattern)
    {
        var name = pattern.StartsWith("*.", StringComparison.Ordinal) ? pattern[2..] : pattern.EndsWith(".*", StringComparison.Ordinal) ? pattern[..^2] : pattern;
        return name.Length is > 0 and <= 253 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name[0] != '.' && name[^1] != '.';
    }

    private int HostCloseness() => Pattern.Contains('*') ? Pattern.Length - 1 : int.MaxValue;

    private int SchemaCloseness()
    {
        var (own, isWhole) = (0, true);
        for (var i = 0; i < Pattern.Length; i++)
        {
            if (Pattern[i] is '%' or '_')
            {
                isWhole = false;
                continue;
            }
            // What is escaped is a character of its own; its backslash is none.
            if (Pattern[i] == '\\' && i + 1 < Pattern.Length) i++;
            own++;
        }
        return isWhole ? int.MaxValue : own;
    }

    private bool MatchesHost(string name)
    {
        if (Pattern.StartsWith('*')) return name.Length >= Pattern.Length && name.EndsWith(Pattern[1..], StringComparison.OrdinalIgnoreCase);
        if (Pattern.EndsWith('*')) return name.Length >= Pattern.Length && name.StartsWith(Pattern[..^1], StringComparison.OrdinalIgnoreCase);
        return name.Equals(Pattern, StringComparison.OrdinalIgnoreCase);
    }
}
