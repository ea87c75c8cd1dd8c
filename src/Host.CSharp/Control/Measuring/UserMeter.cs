using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute;

namespace Serverless.Host.Control.Measuring;

/// <summary>Metrics of the user's (`metric … from sql`), asked one after the other: one that takes long delays the others, and none of the built-in ones.</summary>
internal sealed partial class UserMeter(string database, ICompute compute, TimeProvider time, ILogger logger) : IMeter
{
    /// <summary>How soon a new policy's metrics are asked first.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private const int ShownLength = 80;

    private readonly MetricTimes _times = new(time);
    private volatile UserMetricReading[] _readings = [];

    /// <summary>The last reading of each, in the order of the policy; from any thread.</summary>
    public IReadOnlyList<UserMetricReading> Readings => _readings;

    public IReadOnlyList<Metric> Choose(IReadOnlyList<Metric> metrics) => [.. metrics.Where(metric => metric.Source.IsSql)];

    public async Task MeasureAsync(IReadOnlyList<Metric> metrics, ComputeSize allocation, Action<IReadOnlyList<Event>> tell, Func<bool> isUp, CancellationToken cancellation)
    {
        KeepReadings(metrics);
        foreach (Metric metric in metrics)
        {
            if (metric.Source is MetricSource.Sql sql && _times.Take(metric.Name, metric.Period, _times.Now))
            {
                MetricAnswer answer = await compute.AskAsync(sql.statement, cancellation);
                if (!isUp())
                {
                    return;
                }

                long? sample = answer.Value is { } text ? SampleText.Parse(metric.Type, text) : null;
                string? trouble = answer.Trouble ?? (sample is null ? $"a {Rules.Quantity.typeName(metric.Type)} expected, `{Shown(answer.Value!)}` found" : null);
                Note(metrics, new UserMetricReading(metric.Name, time.GetUtcNow(), answer.Value is { } value ? Shown(value) : null, trouble));
                if (sample is { } found)
                {
                    tell([Event.NewMeasured(metric.Name, found)]);
                }
            }
        }
    }

    public TimeSpan Wait(IReadOnlyList<Metric> metrics) => _times.Wait(metrics, LongestWait);

    public void Restart() => _times.Clear();

    /// <summary>Those of an earlier policy are forgotten.</summary>
    private void KeepReadings(IReadOnlyList<Metric> metrics)
    {
        if (!_readings.All(reading => metrics.Any(metric => metric.Name == reading.Name)))
        {
            _readings = [.. _readings.Where(reading => metrics.Any(metric => metric.Name == reading.Name))];
        }
    }

    private void Note(IReadOnlyList<Metric> metrics, UserMetricReading reading)
    {
        UserMetricReading? last = Array.Find(_readings, one => one.Name == reading.Name);
        _readings = [.. metrics.Select(metric => metric.Name == reading.Name ? reading : Array.Find(_readings, one => one.Name == metric.Name)).OfType<UserMetricReading>()];
        if (reading.Trouble is { } trouble && trouble != last?.Trouble)
        {
            LogMissing(database, reading.Name, trouble);
        }
        else if (reading.Trouble is null && last?.Trouble is not null)
        {
            LogThereAgain(database, reading.Name);
        }
    }

    private static string Shown(string text) => text.Length > ShownLength ? text[..ShownLength] + "…" : text;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: metric {Metric} has no sample: {Trouble}; it is asked on, and this is said again when it changes")]
    private partial void LogMissing(string database, string metric, string trouble);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: metric {Metric} has a sample again")]
    private partial void LogThereAgain(string database, string metric);
}
