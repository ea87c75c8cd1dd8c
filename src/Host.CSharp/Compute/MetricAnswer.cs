namespace Serverless.Host.Compute;

/// <summary>What came of a statement that gives a value.</summary>
/// <param name="Value">The value as text; null: there is none.</param>
/// <param name="Trouble">Why there is none, in words; null: there is one.</param>
public readonly record struct MetricAnswer(string? Value, string? Trouble)
{
    public static MetricAnswer Of(string value) => new(value, Trouble: null);

    public static MetricAnswer None(string trouble) => new(Value: null, trouble);
}
