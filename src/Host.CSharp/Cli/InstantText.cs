using System.Globalization;

namespace Serverless.Host.Cli;

/// <summary>Instants as commands take and print them: always with their offset.</summary>
internal static class InstantText
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];

    /// <summary>Unix milliseconds; null when it is no instant, or has no offset.</summary>
    public static long? Parse(string text) =>
        DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time) && HasOffset(text)
            ? time.ToUnixTimeMilliseconds()
            : null;

    /// <summary>In UTC, to the millisecond.</summary>
    public static string Precise(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>In UTC, to the second.</summary>
    public static string Plain(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static bool HasOffset(string text) => text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > "yyyy-MM-dd".Length;
}
