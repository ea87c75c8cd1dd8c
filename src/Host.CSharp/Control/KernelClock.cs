using Serverless.Core;

namespace Serverless.Host.Control;

/// <summary>The time that a kernel is told: the machine's clock, which somebody may set, held by <see cref="Clock"/> to what a kernel can live with. For any thread.</summary>
internal sealed class KernelClock(TimeProvider time)
{
    private readonly Lock _lock = new();
    private Clock _clock = Clock.Set(time.GetUtcNow().ToUnixTimeMilliseconds(), Steady(time));

    /// <summary>Milliseconds of Unix time.</summary>
    public long Now => Read().Now;

    /// <summary>The same, and how many milliseconds that is ahead of the machine's clock: more than 0 only after that was set back.</summary>
    public (long Now, long Ahead) Read()
    {
        lock (_lock)
        {
            long shown = time.GetUtcNow().ToUnixTimeMilliseconds();
            _clock = _clock.Read(shown, Steady(time));
            return (_clock.Now, _clock.Now - shown);
        }
    }

    /// <summary>The kernel is as far as this already: its state is another gateway's, or from before the clock was set.</summary>
    public void Reach(long at)
    {
        lock (_lock)
        {
            _clock = _clock.Reach(at, Steady(time));
        }
    }

    private static long Steady(TimeProvider time) => (long)time.GetElapsedTime(0).TotalMilliseconds;
}
