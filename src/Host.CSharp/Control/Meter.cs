using System.Globalization;
using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control.Measuring;

namespace Serverless.Host.Control;

/// <summary>
/// Measures a compute that runs: the samples that the policy looks at, each at its period, and the memory that cannot be given back.
/// What cannot be had is left out, so that a missing sample stays missing.
/// </summary>
internal sealed partial class Meter(string database, ICompute compute, TimeProvider time, ILogger<Meter> logger)
{
    /// <summary>Usage is measured this often when no rule wants it oftener: what a resize must know is wanted always.</summary>
    private static readonly TimeSpan AtLeast = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, long> _due = new(StringComparer.Ordinal);
    private long _usageDue;

    /// <summary>Everything that is due now, as events of the kernel.</summary>
    public async Task<IReadOnlyList<Event>> MeasureAsync(IReadOnlyList<Metric> metrics, ComputeSize allocation, CancellationToken cancellation)
    {
        var events = new List<Event>();
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        List<Metric> due = [.. metrics.Where(metric => IsDue(metric, now))];
        if (now >= _usageDue || due.Exists(metric => metric.Source.IsBuiltIn))
        {
            _usageDue = now + (long)AtLeast.TotalMilliseconds;
            ComputeUsage usage = await compute.MeasureAsync(cancellation);
            if (UsageMath.Unreclaimable(usage) is { } unreclaimable)
            {
                events.Add(Event.NewUnreclaimable(unreclaimable));
            }

            foreach (Metric metric in due.Where(metric => metric.Source.IsBuiltIn))
            {
                Add(events, metric, UsageMath.Sample(metric.Name, usage, allocation));
            }
        }

        foreach (Metric metric in due)
        {
            if (metric.Source is MetricSource.Sql sql)
            {
                string? answer = await compute.AskAsync(sql.statement, cancellation);
                long? value = answer is null ? null : SampleText.Parse(metric.Type, answer);
                if (answer is not null && value is null)
                {
                    LogNoValue(database, metric.Name, answer.Length > 80 ? answer[..80] + "…" : answer);
                }

                Add(events, metric, value);
            }
        }

        return events;
    }

    /// <summary>When the next of these is due, from now.</summary>
    public TimeSpan Wait(IReadOnlyList<Metric> metrics)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        long next = metrics.Aggregate(_usageDue, (earliest, metric) => Math.Min(earliest, _due.GetValueOrDefault(metric.Name)));
        return TimeSpan.FromMilliseconds(Math.Clamp(next - now, 100, AtLeast.TotalMilliseconds));
    }

    /// <summary>A compute that was just started is measured at once.</summary>
    public void Restart()
    {
        _due.Clear();
        _usageDue = 0;
    }

    private bool IsDue(Metric metric, long now)
    {
        long due = _due.GetValueOrDefault(metric.Name);
        if (now < due)
        {
            return false;
        }

        // kept in step with the period, so that a slow measurement does not stretch it, unless it fell behind
        long period = Math.Max(100, metric.Period);
        _due[metric.Name] = now - due > period ? now + period : due + period;
        return true;
    }

    private static void Add(List<Event> events, Metric metric, long? value)
    {
        if (value is { } sample)
        {
            events.Add(Event.NewMeasured(metric.Name, sample));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: metric {Metric} got `{Answer}`, which is no value of its type, and is missing")]
    private partial void LogNoValue(string database, string metric, string answer);
}
