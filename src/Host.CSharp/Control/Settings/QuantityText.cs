using System.Globalization;

namespace Serverless.Host.Control.Settings;

/// <summary>Durations and amounts of memory as people write them in the configuration: `30s`, `1.5m`, `64MiB`.</summary>
internal static class QuantityText
{
    private static readonly (string Suffix, double Factor)[] Durations = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    private static readonly (string Suffix, double Factor)[] Sizes = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("B", 1)];

    /// <summary>Null when it is no duration.</summary>
    public static long? Milliseconds(string text) => Parse(text, Durations);

    /// <summary>Null when it is no amount of memory.</summary>
    public static long? Bytes(string text) => Parse(text, Sizes);

    /// <summary>As it is read, in the largest unit that needs no fraction.</summary>
    public static string OfMilliseconds(long milliseconds) => Write(milliseconds, Durations);

    /// <inheritdoc cref="OfMilliseconds"/>
    public static string OfBytes(long bytes) => Write(bytes, Sizes);

    private static string Write(long amount, (string Suffix, double Factor)[] units)
    {
        (string suffix, double factor) = units.Where(unit => amount % (long)unit.Factor == 0).MaxBy(unit => unit.Factor);
        return string.Create(CultureInfo.InvariantCulture, $"{amount / (long)factor}{suffix}");
    }

    private static long? Parse(string text, (string Suffix, double Factor)[] units)
    {
        foreach ((string suffix, double factor) in units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                && number * factor < long.MaxValue)
            {
                return (long)(number * factor);
            }
        }

        return null;
    }
}
