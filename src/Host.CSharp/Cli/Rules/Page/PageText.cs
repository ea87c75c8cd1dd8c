using System.Globalization;
using System.Net;

namespace Serverless.Host.Cli.Rules.Page;

/// <summary>Words and numbers of the page. Whatever comes from files is text, and never markup.</summary>
internal static class PageText
{
    public static string Escaped(string text) => WebUtility.HtmlEncode(Printed(text));

    /// <summary>A coordinate: two digits after the point show on no screen any more.</summary>
    public static string Coordinate(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    public static string Plain(double value) => value.ToString("#,0.###", CultureInfo.InvariantCulture);

    /// <summary>A word of a command, quoted where a shell needs it.</summary>
    public static string Word(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=%,+@".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Printed(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\u00b7' : c)) : text;
}
