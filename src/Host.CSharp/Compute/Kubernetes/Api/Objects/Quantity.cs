using System.Globalization;
using System.Numerics;
using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>
/// An amount of a resource, exact to a billionth, see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/:
/// `100m` of a processor, `1Gi` of memory, `1e3`, `0.5`, `123456n`. As in Kubernetes itself, what is finer than a billionth, or than the unit asked
/// for, is rounded away from zero (whoever asked for some gets some), and what is larger than 2^63-1 is 2^63-1.
/// </summary>
[JsonConverter(typeof(QuantityConverter))]
internal readonly record struct Quantity : IComparable<Quantity>
{
    private const int LongestText = 200;
    private const long Nanos = 1_000_000_000;
    private static readonly BigInteger Most = (BigInteger)long.MaxValue * Nanos;

    private readonly Int128 _nanos;

    private Quantity(Int128 nanos) => _nanos = nanos;

    /// <summary>In whole units: bytes, processors.</summary>
    public long Value => Rounded(Nanos);

    /// <summary>In thousandths: millicores.</summary>
    public long MilliValue => Rounded(Nanos / 1000);

    /// <summary>In billionths: nanocores. Beyond 9.2 units more than fits is the most that fits.</summary>
    public long NanoValue => Rounded(1);

    public static Quantity FromUnits(long units) => new((Int128)units * Nanos);

    public static Quantity FromMillis(long thousandths) => new((Int128)thousandths * (Nanos / 1000));

    /// <exception cref="FormatException">It is no quantity.</exception>
    public static Quantity Parse(string text) =>
        TryParse(text, out Quantity quantity) ? quantity : throw new FormatException($"expected a quantity like `500m` or `2Gi`, found `{Shown.Of(text)}`");

    public static bool TryParse(ReadOnlySpan<char> text, out Quantity quantity)
    {
        quantity = default;
        if (text.Length > LongestText)
        {
            return false;
        }

        bool negative = text is ['-', ..];
        ReadOnlySpan<char> rest = text is ['-' or '+', ..] ? text[1..] : text;
        int end = rest.IndexOfAnyExceptInRange('.', '9');
        ReadOnlySpan<char> number = end < 0 ? rest : rest[..end];
        int point = number.IndexOf('.');
        ReadOnlySpan<char> whole = point < 0 ? number : number[..point];
        ReadOnlySpan<char> fraction = point < 0 ? default : number[(point + 1)..];
        if (whole.Length + fraction.Length == 0 || number.Contains('/') || fraction.Contains('.') || !TryScale(end < 0 ? default : rest[end..], out int shift, out long exponent))
        {
            return false;
        }

        BigInteger mantissa = BigInteger.Parse(string.Concat(whole, fraction), NumberStyles.None, CultureInfo.InvariantCulture) << shift;
        BigInteger nanos = Scaled(mantissa, exponent - fraction.Length + 9);
        quantity = new Quantity((Int128)(negative ? -nanos : nanos));
        return true;
    }

    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    /// <summary>The shortest usual text: `2Gi`, `1500m`, `3`.</summary>
    public override string ToString()
    {
        if (_nanos % Nanos != 0)
        {
            (Int128 amount, string unit) = _nanos % 1_000_000 == 0 ? (_nanos / 1_000_000, "m") : _nanos % 1000 == 0 ? (_nanos / 1000, "u") : (_nanos, "n");
            return amount.ToString(CultureInfo.InvariantCulture) + unit;
        }

        Int128 units = _nanos / Nanos;
        int power = 0;
        while (units != 0 && units % 1024 == 0 && power < 6)
        {
            units /= 1024;
            power++;
        }

        return units.ToString(CultureInfo.InvariantCulture) + (power == 0 ? "" : "KMGTPE"[power - 1] + "i");
    }

    private static bool TryScale(ReadOnlySpan<char> suffix, out int shift, out long exponent)
    {
        (shift, exponent) = suffix switch
        {
            "Ki" => (10, 0L),
            "Mi" => (20, 0),
            "Gi" => (30, 0),
            "Ti" => (40, 0),
            "Pi" => (50, 0),
            "Ei" => (60, 0),
            "n" => (0, -9),
            "u" => (0, -6),
            "m" => (0, -3),
            "" => (0, 0),
            "k" => (0, 3),
            "M" => (0, 6),
            "G" => (0, 9),
            "T" => (0, 12),
            "P" => (0, 15),
            "E" => (0, 18),
            _ => (-1, 0),
        };
        return shift >= 0 || TryExponent(suffix, out shift, out exponent);
    }

    private static bool TryExponent(ReadOnlySpan<char> suffix, out int shift, out long exponent)
    {
        (shift, exponent) = (0, 0);
        return suffix is ['e' or 'E', ..] && suffix.Length > 1 && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int parsed)
            && (exponent = parsed) == parsed;
    }

    private static BigInteger Scaled(BigInteger mantissa, long exponent)
    {
        // Beyond these, whatever the digits (there are at most 200, and 60 binary places), it is the most or the least there is.
        if (mantissa.IsZero || exponent > 100)
        {
            return mantissa.IsZero ? mantissa : Most;
        }

        if (exponent < -400)
        {
            return BigInteger.One;
        }

        if (exponent >= 0)
        {
            return BigInteger.Min(Most, mantissa * BigInteger.Pow(10, (int)exponent));
        }

        BigInteger quotient = BigInteger.DivRem(mantissa, BigInteger.Pow(10, (int)-exponent), out BigInteger remainder);
        return BigInteger.Min(Most, remainder.IsZero ? quotient : quotient + 1);
    }

    private long Rounded(long unit)
    {
        (Int128 quotient, Int128 remainder) = Int128.DivRem(_nanos, unit);
        return (long)Int128.Clamp(quotient + Int128.Sign(remainder), long.MinValue, long.MaxValue);
    }
}
