namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>Time that passes when the test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private DateTimeOffset _now = new(2026, 3, 2, 20, 0, 0, TimeSpan.Zero);

    private TimeSpan _running = TimeSpan.FromHours(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    /// <summary>That passes whenever somebody looks how late it is, as real time does.</summary>
    public TimeSpan StepOnRead { get; init; }

    public override long GetTimestamp()
    {
        Advance(StepOnRead);
        return _running.Ticks;
    }

    public void Advance(TimeSpan by)
    {
        _now += by;
        _running += by;
    }

    public void SetWallClock(TimeSpan by) => _now += by;
}
