using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Gateway.Routing;

/// <summary>A name, or a pattern of names, that leads to a database. Of several that fit, the one with the most characters of its own counts; a whole name beats them all.</summary>
internal readonly record struct NamePattern(string Pattern, DatabaseRoute Route, bool IsHost)
{
    public bool IsWhole => IsHost ? !Pattern.Contains('*') : !Pattern.AsSpan().ContainsAny('%', '_', '\\');

    /// <summary>Higher is closer.</summary>
    public int Closeness => IsWhole ? int.MaxValue : Pattern.Count(c => c is not ('*' or '%' or '_' or '\\'));

    public bool Matches(string name) => IsHost ? MatchesHost(name) : Wildcard.Matches(name, Pattern, ignoreCase: false);

    /// <summary>A host name, or one with `*` as all of its beginning or all of its end.</summary>
    public static bool IsValidHost(string pattern)
    {
        var name = pattern.StartsWith("*.", StringComparison.Ordinal) ? pattern[2..] : pattern.EndsWith(".*", StringComparison.Ordinal) ? pattern[..^2] : pattern;
        return name.Length is > 0 and <= 253 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name[0] != '.' && name[^1] != '.';
    }

    private bool MatchesHost(string name)
    {
        if (Pattern.StartsWith('*')) return name.Length >= Pattern.Length && name.EndsWith(Pattern[1..], StringComparison.OrdinalIgnoreCase);
        if (Pattern.EndsWith('*')) return name.Length >= Pattern.Length && name.StartsWith(Pattern[..^1], StringComparison.OrdinalIgnoreCase);
        return name.Equals(Pattern, StringComparison.OrdinalIgnoreCase);
    }
}
