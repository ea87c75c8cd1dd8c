using Serverless.Host.Gateway;

namespace Serverless.Host.Control.Fleet;

/// <summary>
/// Makes an even flow, in whole statements, of a count that is told in lumps: a busy gateway tells the others what it counted every few seconds, and in the second in which it does, a rate would be many times the
/// real one. One that is not busy tells of each statement soon after its end.
/// </summary>
/// <param name="over">What is new flows in so long a time while somebody is busy.</param>
internal sealed class EvenFlow(TimeSpan over, TimeProvider time)
{
    private StatementFlow _count;
    private StatementFlow _told;
    private double _exact;
    private TimeSpan _left;
    private long _at = time.GetTimestamp();

    /// <param name="count">All that was counted until now; it does not fall.</param>
    /// <param name="isBusy">Who counts tells of it in lumps.</param>
    public StatementFlow Follow(StatementFlow count, bool isBusy)
    {
        long now = time.GetTimestamp();
        TimeSpan elapsed = time.GetElapsedTime(_at, now);
        _at = now;
        Flow(elapsed);
        if (count.Statements > _count.Statements)
        {
            (_count, _left) = (count, over);
        }

        if (!isBusy)
        {
            Flow(_left);
        }

        return _told;
    }

    private void Flow(TimeSpan elapsed)
    {
        const double Hair = 1e-6;
        _exact = elapsed >= _left ? _count.Statements : _exact + ((_count.Statements - _exact) * (elapsed / _left));
        _left = elapsed >= _left ? TimeSpan.Zero : _left - elapsed;
        long statements = Math.Min(_count.Statements, (long)Math.Ceiling(_exact - Hair));
        if (statements > _told.Statements)
        {
            double part = (double)(statements - _told.Statements) / (_count.Statements - _told.Statements);
            _told = new StatementFlow(statements, _told.Latency + ((_count.Latency - _told.Latency) * part));
        }
    }
}
