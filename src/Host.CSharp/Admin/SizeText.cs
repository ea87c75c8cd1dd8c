using System.Globalization;

namespace Serverless.Host.Admin;

/// <summary>Sizes as operators write them: `2cu`, `0.5cu`, or a bare number of units.</summary>
internal static class SizeText
{
    /// <returns>Thousandths of a compute unit; null: it is no size.</returns>
    public static long? Parse(string text)
    {
        string number = text.Trim();
        if (number.EndsWith("cu", StringComparison.OrdinalIgnoreCase))
        {
            number = number[..^2].TrimEnd();
        }

        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal units) && units is > 0 and < 1_000_000
            ? (long)Math.Round(units * 1000)
            : null;
    }
}
