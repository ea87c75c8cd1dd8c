namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>Durations as Go writes them, see https://pkg.go.dev/time#ParseDuration: numbers with a unit each, `h m s ms us ns`.</summary>
internal static class GoDuration
{
    /// <summary>False: it is none, or longer than 290 years, as Go's own may not be.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        bool negative = text is ['-', ..];
        if (text is ['-' or '+', ..])
        {
            text = text[1..];
        }

        if (text is "0")
        {
            return true;
        }

        decimal nanoseconds = 0;
        bool any = false;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExceptInRange('.', '9');
            if (digits is < 1 or > 20 || !decimal.TryParse(text[..digits], System.Globalization.NumberStyles.AllowDecimalPoint, null, out decimal number))
            {
                return false;
            }

            text = text[digits..];
            int unit = text.IndexOfAnyInRange('.', '9');
            unit = unit < 0 ? text.Length : unit;
            decimal? scale = text[..unit] switch
            {
                "ns" => 1,
                "us" or "µs" or "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => null,
            };
            if (scale is null || number > long.MaxValue / scale.Value)
            {
                return false;
            }

            nanoseconds += number * scale.Value;
            text = text[unit..];
            any = true;
        }

        if (!any || nanoseconds > long.MaxValue)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)(nanoseconds / 100) * (negative ? -1 : 1));
        return true;
    }
}
