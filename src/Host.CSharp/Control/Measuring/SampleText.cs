using System.Globalization;
using Serverless.Core;
using ValueType = Serverless.Core.ValueType;

namespace Serverless.Host.Control.Measuring;

/// <summary>What an engine answered to a user's metric, as a sample in the scale of its type.</summary>
internal static class SampleText
{
    /// <summary>A plain number is in the type's natural unit: percent, cores for cpu, seconds for a duration, units for a size. Null: it is no value.</summary>
    public static long? Parse(ValueType type, string text)
    {
        string trimmed = text.Trim();
        if (type.IsFlag)
        {
            return trimmed.ToUpperInvariant() switch
            {
                "1" or "TRUE" or "ON" or "YES" => 1,
                "0" or "FALSE" or "OFF" or "NO" => 0,
                _ => null,
            };
        }

        if (!decimal.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number))
        {
            return null;
        }

        decimal scale = type switch
        {
            { IsPercent: true } => 100,
            { IsBytes: true } => 1,
            _ => 1000,
        };
        return number > long.MinValue / scale && number < long.MaxValue / scale ? (long)Math.Round(number * scale) : null;
    }
}
