namespace Serverless.Host.Compute;

/// <summary>How long each part of an effect took, in milliseconds.</summary>
internal sealed class PhaseClock(TimeProvider time)
{
    private readonly Dictionary<string, double> _phases = new(StringComparer.Ordinal);
    private long _last = time.GetTimestamp();

    public IReadOnlyDictionary<string, double> PhasesMs => _phases;

    /// <summary>The part of this name ends here.</summary>
    public void Mark(string phase)
    {
        var now = time.GetTimestamp();
        _phases[phase] = _phases.GetValueOrDefault(phase) + time.GetElapsedTime(_last, now).TotalMilliseconds;
        _last = now;
    }
}
