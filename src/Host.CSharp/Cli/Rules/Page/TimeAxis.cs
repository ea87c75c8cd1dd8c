using System.Globalization;

namespace Serverless.Host.Cli.Rules.Page;

/// <summary>A mark on the axis of time.</summary>
/// <param name="Share">Where, from 0 to 1.</param>
/// <param name="IsSecond">Left out where there is little room.</param>
internal readonly record struct TimeMark(double Share, string Text, bool IsSecond);

/// <summary>Marks at round times, in UTC, so few that their words have room.</summary>
internal static class TimeAxis
{
    private const int Most = 7;
    private const double Edge = 0.05;
    private const long Second = 1_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    private static readonly long[] s_steps =
    [
        Second, 2 * Second, 5 * Second, 10 * Second, 30 * Second, Minute, 2 * Minute, 5 * Minute, 10 * Minute, 30 * Minute, Hour, 2 * Hour, 3 * Hour, 6 * Hour, 12 * Hour,
        Day, 2 * Day, 7 * Day, 14 * Day, 28 * Day, 61 * Day, 122 * Day, 366 * Day, 732 * Day,
    ];

    public static IReadOnlyList<TimeMark> Marks(long startMs, long lengthMs)
    {
        long step = s_steps.FirstOrDefault(one => lengthMs / one < Most, s_steps[^1]);
        var marks = new List<TimeMark>();
        for (long at = (startMs + step - 1) / step * step; at <= startMs + lengthMs; at += step)
        {
            double share = (double)(at - startMs) / lengthMs;
            if (share is >= Edge and <= 1 - Edge)
            {
                marks.Add(new TimeMark(share, Name(at, step, lengthMs), marks.Count % 2 == 1));
            }
        }

        return marks;
    }

    /// <summary>An instant for the read-out and the table.</summary>
    public static string Instant(long at, long widthMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(at).ToString(widthMs >= Minute ? "ddd d MMM yyyy HH:mm" : "ddd d MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Name(long at, long step, long lengthMs) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString(
        step < Minute ? "HH:mm:ss" : step < Day ? (lengthMs > Day + Hour ? "d MMM HH:mm" : "HH:mm") : lengthMs > 300 * Day ? "d MMM yy" : "d MMM", CultureInfo.InvariantCulture);
}
