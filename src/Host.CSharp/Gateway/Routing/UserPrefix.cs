namespace Serverless.Host.Gateway.Routing;

/// <summary>
/// A user name with a database's prefix: `orders.alice`. What stands before the first dot is a prefix only if a database of the listener has it, so that a
/// user whose own name has a dot (`john.smith`) needs no prefix, unless a database is called like its beginning; then the name is written behind a prefix
/// (`orders.john.smith`).
/// </summary>
internal static class UserPrefix
{
    public const char Separator = '.';

    /// <summary>What could be a prefix; null: the name has no dot.</summary>
    public static string? Of(string user) => user.IndexOf(Separator) is >= 0 and var dot ? user[..dot] : null;

    public static string Strip(string user) => user[(user.IndexOf(Separator) + 1)..];

    /// <summary>Letters, digits, `-` and `_`.</summary>
    public static bool IsValid(string prefix) => prefix.Length is > 0 and <= 63 && prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
