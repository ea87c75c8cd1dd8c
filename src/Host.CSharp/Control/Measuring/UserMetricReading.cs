namespace Serverless.Host.Control.Measuring;

/// <summary>What a metric of the user's gave when it was asked last.</summary>
/// <param name="Value">As the engine answered; null: none.</param>
/// <param name="Trouble">Why it gave none, in words; null: it gave one.</param>
internal sealed record UserMetricReading(string Name, DateTimeOffset At, string? Value, string? Trouble);
