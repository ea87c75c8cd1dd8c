namespace Serverless.Host.Control.Fleet;

/// <summary>
/// What all gateways together have counted, so that it never falls: a gateway that is gone takes its counts with it, and what the others count from then on is added to what it was. Readings are given
/// one after the other.
/// </summary>
internal sealed class FleetTotals
{
    private (long Statements, TimeSpan Latency) _sums;
    private (long Statements, TimeSpan Latency) _gone;

    /// <param name="statements">Of the gateways that are there.</param>
    /// <param name="latency">That these statements took.</param>
    public (long Statements, TimeSpan Latency) Of(long statements, TimeSpan latency)
    {
        if (statements < _sums.Statements || latency < _sums.Latency)
        {
            // both, or the time of some statements would be taken for that of others
            _gone = (_gone.Statements + _sums.Statements - statements, _gone.Latency + _sums.Latency - latency);
        }

        _sums = (statements, latency);
        return (statements + _gone.Statements, latency + _gone.Latency);
    }
}
