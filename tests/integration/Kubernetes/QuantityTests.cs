using System.Globalization;
using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Tests.Integration.Kubernetes;

internal sealed class QuantityTests
{
    [TestCase("100m", 100_000_000, 100, 1)]
    [TestCase("0.5", 500_000_000, 500, 1)]
    [TestCase("1", 1_000_000_000, 1000, 1)]
    [TestCase("1e3", 1_000_000_000_000, 1_000_000, 1000)]
    [TestCase("1E3", 1_000_000_000_000, 1_000_000, 1000)]
    [TestCase("25e-1", 2_500_000_000, 2500, 3)]
    [TestCase("3k", 3_000_000_000_000, 3_000_000, 3000)]
    [TestCase("123456789n", 123_456_789, 124, 1)]
    [TestCase("1500u", 1_500_000, 2, 1)]
    [TestCase("+.5", 500_000_000, 500, 1)]
    [TestCase("5.", 5_000_000_000, 5000, 5)]
    [TestCase("-1500m", -1_500_000_000, -1500, -2)]
    [TestCase("0", 0, 0, 0)]
    [TestCase("0.0000000001", 1, 1, 1)]
    public void Parse_Number_IsExactAndRoundsAwayFromZero(string text, long nanos, long millis, long units)
    {
        Quantity quantity = Quantity.Parse(text);
        Assert.That((quantity.NanoValue, quantity.MilliValue, quantity.Value), Is.EqualTo((nanos, millis, units)));
    }

    [TestCase("1Ki", 1024)]
    [TestCase("1Gi", 1L << 30)]
    [TestCase("0.5Gi", 1L << 29)]
    [TestCase("1.5Ki", 1536)]
    [TestCase("0.1Ki", 103)]
    [TestCase("2Ei", 2L << 60)]
    [TestCase("1E", 1_000_000_000_000_000_000)]
    [TestCase("100E", long.MaxValue)]
    [TestCase("8Ei", long.MaxValue)]
    [TestCase("1e99999", long.MaxValue)]
    [TestCase("1e-99999", 1)]
    [TestCase("0e99999", 0)]
    public void Parse_Bytes_AreWhole(string text, long bytes) => Assert.That(Quantity.Parse(text).Value, Is.EqualTo(bytes));

    [TestCase("")]
    [TestCase("-")]
    [TestCase(".")]
    [TestCase("1.2.3")]
    [TestCase("1/2")]
    [TestCase(" 1")]
    [TestCase("1 Gi")]
    [TestCase("1K")]
    [TestCase("1gi")]
    [TestCase("1e")]
    [TestCase("1e9999999999999")]
    [TestCase("one")]
    [TestCase("0x10")]
    public void Parse_SomethingElse_IsNone(string text) => Assert.That(Quantity.TryParse(text, out _), Is.False);

    [Test]
    public void Parse_EndlessDigits_IsNone() => Assert.That(Quantity.TryParse(new string('9', 1_000_000), out _), Is.False);

    /// <summary>Against integers of any size: a mantissa, a number of decimals and a suffix, chosen at random.</summary>
    [Test]
    public void Parse_AnyQuantity_AgreesWithArithmetic()
    {
        var random = new Random(5);
        (string Suffix, int Two, int Ten)[] units = [("", 0, 0), ("n", 0, -9), ("u", 0, -6), ("m", 0, -3), ("k", 0, 3), ("M", 0, 6), ("G", 0, 9), ("Ki", 10, 0), ("Mi", 20, 0), ("Gi", 30, 0)];
        for (int i = 0; i < 20_000; i++)
        {
            (string suffix, int two, int ten) = units[random.Next(units.Length)];
            long whole = random.NextInt64(100_000), fraction = random.NextInt64(1_000_000);
            int digits = random.Next(7);
            string text = digits == 0 ? $"{whole}{suffix}" : $"{whole}.{fraction.ToString("D6", CultureInfo.InvariantCulture)[..digits]}{suffix}";
            var exact = System.Numerics.BigInteger.Parse($"{whole}{(digits == 0 ? "" : fraction.ToString("D6", CultureInfo.InvariantCulture)[..digits])}", CultureInfo.InvariantCulture) << two;
            int power = ten - digits + 9;
            var expected = power >= 0
                ? exact * System.Numerics.BigInteger.Pow(10, power)
                : (exact + System.Numerics.BigInteger.Pow(10, -power) - 1) / System.Numerics.BigInteger.Pow(10, -power);
            Quantity parsed = Quantity.Parse(text);
            Assert.That((System.Numerics.BigInteger)parsed.NanoValue, Is.EqualTo(System.Numerics.BigInteger.Min(expected, long.MaxValue)), text);
            Assert.That(Quantity.Parse(parsed.ToString()), Is.EqualTo(parsed), $"{text} written as {parsed}");
        }
    }

    [Test]
    public void Read_NumberWithoutQuotes_IsAQuantityToo() =>
        Assert.That(JsonSerializer.Deserialize("""{"requests": {"cpu": 1.5, "memory": "2Gi"}, "limits": null}""", KubernetesJson.Default.ResourceAmounts)!.Requests[Amounts.Cpu].MilliValue, Is.EqualTo(1500));

    [TestCase("30s", 30_000)]
    [TestCase("1m0.5s", 60_500)]
    [TestCase("1h1m1s1ms", 3_661_001)]
    [TestCase("0", 0)]
    [TestCase("1500us", 1.5)]
    public void Duration_AsGoWritesIt_IsRead(string text, double milliseconds)
    {
        Assert.That(GoDuration.TryParse(text, out TimeSpan duration), Is.True);
        Assert.That(duration.TotalMilliseconds, Is.EqualTo(milliseconds));
    }

    [TestCase("")]
    [TestCase("30")]
    [TestCase("s")]
    [TestCase("1x")]
    [TestCase("99999999999999999999h")]
    public void Duration_SomethingElse_IsNone(string text) => Assert.That(GoDuration.TryParse(text, out _), Is.False);

    /// <summary>The server takes exactly six digits.</summary>
    [Test]
    public void Lease_Written_HasTimesAsTheServerTakesThem()
    {
        var time = new DateTimeOffset(2026, 3, 2, 20, 0, 0, TimeSpan.FromHours(1)).AddTicks(12);
        string json = JsonSerializer.Serialize(new Lease { Spec = new LeaseSpec { RenewTime = time } }, KubernetesJson.Default.Lease);
        Assert.That(json, Does.Contain("\"renewTime\":\"2026-03-02T19:00:00.000001Z\""));
    }
}
