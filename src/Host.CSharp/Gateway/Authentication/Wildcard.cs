namespace Serverless.Host.Gateway.Authentication;

/// <summary>The engine's wildcard comparison: `%` any run of characters, `_` one character, `\` takes the next one literally.</summary>
internal static class Wildcard
{
    /// <summary>Linear in memory and at worst quadratic in time: of several `%` only the last one tried is ever gone back to.</summary>
    public static bool Matches(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern, bool ignoreCase)
    {
        int at = 0, next = 0, star = -1, starAt = 0;
        while (at < text.Length)
        {
            if (next < pattern.Length && pattern[next] == '%')
            {
                star = next++;
                starAt = at;
                continue;
            }
            if (next < pattern.Length && One(text[at], pattern, ref next, ignoreCase))
            {
                at++;
                continue;
            }
            if (star < 0) return false;
            next = star + 1;
            at = ++starAt;
        }
        while (next < pattern.Length && pattern[next] == '%') next++;
        return next == pattern.Length;
    }

    private static bool One(char c, ReadOnlySpan<char> pattern, ref int next, bool ignoreCase)
    {
        var p = pattern[next];
        if (p == '_')
        {
            next++;
            return true;
        }
        var width = 1;
        if (p == '\\' && next + 1 < pattern.Length)
        {
            p = pattern[next + 1];
            width = 2;
        }
        var same = ignoreCase ? char.ToLowerInvariant(c) == char.ToLowerInvariant(p) : c == p;
        if (same) next += width;
        return same;
    }
}
