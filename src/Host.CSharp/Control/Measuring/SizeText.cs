using System.Globalization;

namespace Serverless.Host.Control.Measuring;

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

    /// <param name="size">Thousandths of a compute unit.</param>
    public static string Write(long size) => (size / 1000m).ToString("0.###", CultureInfo.InvariantCulture) + "cu";
}
