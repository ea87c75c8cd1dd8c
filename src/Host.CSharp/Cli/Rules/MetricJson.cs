using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A metric as `rules metrics --json` prints it. Times are in milliseconds; 0 for facts, which are always known.</summary>
internal sealed record MetricJson(string Name, string Type, string Class, bool PerSize, long EveryMs, long StaleMs, string Help)
{
    public static MetricJson From(MetricInfo metric) =>
        new(metric.Name, metric.Type, metric.Class, metric.IsPerSize, metric.EveryMs, metric.StaleMs, metric.Help);
}
