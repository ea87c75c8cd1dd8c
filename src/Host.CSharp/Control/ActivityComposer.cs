using Serverless.Core;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>Makes the kernel's activity of the gateway's reading. Rate and latency are those of about the last second or more, so that they are no noise, and it is told since when they are reckoned.</summary>
internal sealed class ActivityComposer(TimeProvider time)
{
    /// <summary>A hair less than the second between two looks, so that each of these has a measurement of its own.</summary>
    private static readonly TimeSpan Span = TimeSpan.FromMilliseconds(950);

    private long _since = time.GetTimestamp();
    private StatementCount? _counted;
    private long _rate;
    private long _meanMs;
    private long? _reckonedSince;
    private long? _ended;

    /// <param name="at">The kernel's time of the reading, in milliseconds.</param>
    /// <param name="ahead">Milliseconds that the kernel's time is ahead of the clock that the reading's instants are by.</param>
    public Activity Compose(ActivityReading reading, long at, long ahead)
    {
        Measure(reading.Risen ?? new StatementCount(reading.StatementsTotal, reading.LatencyTotal), at);
        // The reading names sessions in a transaction too; the kernel counts them apart.
        int pinned = reading.PinnedCount ?? Math.Max(0, reading.Pinned.Count - reading.Transactions);
        return Inputs.Activity(
            reading.Held, reading.Running, reading.Transactions, pinned, reading.Open, reading.Active, reading.UnknownPeers,
            Settle(reading.LastEnded, ahead), (long)reading.TransactionsIdle.TotalMilliseconds, (long)reading.PinnedIdle.TotalMilliseconds, _rate, _meanMs, _reckonedSince);
    }

    /// <summary>
    /// The gateway reckons the instant from a span, which moves it by a hair at each reading; the same end must be the same input. While the kernel's time is ahead of
    /// the clock it passes more slowly, so that the same end seems longer ago each time.
    /// </summary>
    private long? Settle(DateTimeOffset? ended, long ahead)
    {
        const long Hair = 2;
        if (ended?.ToUnixTimeMilliseconds() + ahead is not { } at)
        {
            return null;
        }

        if (_ended is not { } before || at > before + Hair || (ahead == 0 && at < before - Hair))
        {
            _ended = at;
        }

        return _ended;
    }

    private void Measure(StatementCount counted, long at)
    {
        long now = time.GetTimestamp();
        TimeSpan elapsed = time.GetElapsedTime(_since, now);
        // What was counted before the first reading ended at nobody knows when.
        StatementCount news = counted - (_counted ?? counted);
        // after a quiet time what ends is measured from the last look at which nothing had
        if (elapsed < Span && (news.Statements > 0 || _rate > 0))
        {
            return;
        }

        (_counted, _since) = (counted, now);
        _rate = (long)(news.Statements * 1000 / elapsed.TotalSeconds);
        _meanMs = news.Statements > 0 ? (long)(news.Latency.TotalMilliseconds / news.Statements) : 0;
        _reckonedSince = _rate > 0 ? at - (long)Math.Round(elapsed.TotalMilliseconds) : null;
    }
}
