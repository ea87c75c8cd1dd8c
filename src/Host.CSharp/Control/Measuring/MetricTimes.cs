using Serverless.Core;

namespace Serverless.Host.Control.Measuring;

/// <summary>When each metric is to be measured next, kept in step with its period.</summary>
internal sealed class MetricTimes(TimeProvider time)
{
    private const long ShortestPeriod = 100; // milliseconds

    private readonly Dictionary<string, long> _due = new(StringComparer.Ordinal);

    /// <summary>In milliseconds, by a clock that nobody sets.</summary>
    public long Now => (long)time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Whether it is due now; then its next time is one period on, unless more than that was missed.</summary>
    /// <param name="now">The same for all that is measured in one look, so that what is due together stays so.</param>
    public bool Take(string name, long period, long now)
    {
        long due = _due.GetValueOrDefault(name);
        if (now < due)
        {
            return false;
        }

        period = Math.Max(ShortestPeriod, period);
        _due[name] = now - due > period ? now + period : due + period;
        return true;
    }

    /// <summary>From now until the first of these is due.</summary>
    public TimeSpan Wait(IEnumerable<Metric> metrics, TimeSpan atMost)
    {
        long now = Now;
        long next = metrics.Aggregate(long.MaxValue, (earliest, metric) => Math.Min(earliest, _due.GetValueOrDefault(metric.Name)));
        return TimeSpan.FromMilliseconds(Math.Clamp((double)next - now, ShortestPeriod, atMost.TotalMilliseconds));
    }

    /// <summary>All are due.</summary>
    public void Clear() => _due.Clear();
}
