using Serverless.Core;
using Serverless.Host.Compute;

namespace Serverless.Host.Control.Measuring;

/// <summary>What the compute uses and the engine says of itself: the samples of the catalogue, and the memory that cannot be given back.</summary>
internal sealed class UsageMeter(ICompute compute, TimeProvider time) : IMeter
{
    /// <summary>Usage is measured this often when no rule wants it oftener: what a resize must know is wanted always.</summary>
    private static readonly TimeSpan AtLeast = TimeSpan.FromSeconds(5);

    private readonly MetricTimes _times = new(time);
    private long _usageDue;

    public IReadOnlyList<Metric> Choose(IReadOnlyList<Metric> metrics) => [.. metrics.Where(metric => metric.Source.IsBuiltIn)];

    public async Task MeasureAsync(IReadOnlyList<Metric> metrics, ComputeSize allocation, Action<IReadOnlyList<Event>> tell, Func<bool> isUp, CancellationToken cancellation)
    {
        long now = _times.Now;
        List<Metric> due = [.. metrics.Where(metric => _times.Take(metric.Name, metric.Period, now))];
        if (now < _usageDue && due.Count == 0)
        {
            return;
        }

        _usageDue = now + (long)AtLeast.TotalMilliseconds;
        ComputeUsage usage = await compute.MeasureAsync(cancellation);
        var events = new List<Event>();
        if (UsageMath.Unreclaimable(usage) is { } unreclaimable)
        {
            events.Add(Event.NewUnreclaimable(unreclaimable));
        }

        List<(string Metric, long Value)> samples = [];
        foreach (Metric metric in due)
        {
            if (UsageMath.Sample(metric.Name, usage, allocation) is { } sample)
            {
                samples.Add((metric.Name, sample));
            }
        }

        if (samples.Count > 0)
        {
            events.Add(Event.OfSamples(samples));
        }

        tell(events);
    }

    public TimeSpan Wait(IReadOnlyList<Metric> metrics)
    {
        double left = Math.Clamp((double)_usageDue - _times.Now, 100, AtLeast.TotalMilliseconds);
        return _times.Wait(metrics, TimeSpan.FromMilliseconds(left));
    }

    public void Restart()
    {
        _times.Clear();
        _usageDue = 0;
    }
}
