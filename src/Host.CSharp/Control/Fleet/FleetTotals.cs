using Serverless.Host.Compute.Kubernetes.Fleet.Members;

namespace Serverless.Host.Control.Fleet;

/// <summary>
/// What all gateways together have counted, so that it never falls: what a process counted stays when it is gone, and is its own again when it comes back. Readings are given one after the other.
/// </summary>
internal sealed class FleetTotals
{
    /// <summary>Of more processes than this, those that are gone are remembered in sum only.</summary>
    public const int MostProcesses = 256;

    private readonly Dictionary<string, (long Statements, TimeSpan Latency)> _counts = new(StringComparer.Ordinal);
    private (long Statements, TimeSpan Latency) _forgotten;

    /// <param name="statements">Of this gateway.</param>
    /// <param name="latency">That these statements took.</param>
    /// <param name="others">That are there.</param>
    public (long Statements, TimeSpan Latency) Of(long statements, TimeSpan latency, IReadOnlyList<PeerCount> others)
    {
        foreach (PeerCount one in others)
        {
            if (!_counts.TryGetValue(one.Process, out (long Statements, TimeSpan Latency) before) || one.Statements >= before.Statements)
            {
                _counts[one.Process] = (one.Statements, one.Latency > before.Latency ? one.Latency : before.Latency);
            }
        }

        if (_counts.Count > MostProcesses)
        {
            Forget(others);
        }

        (long allStatements, TimeSpan allLatency) = (statements + _forgotten.Statements, latency + _forgotten.Latency);
        foreach ((long one, TimeSpan took) in _counts.Values)
        {
            (allStatements, allLatency) = (allStatements + one, allLatency + took);
        }

        return (allStatements, allLatency);
    }

    private void Forget(IReadOnlyList<PeerCount> others)
    {
        var present = others.Select(one => one.Process).ToHashSet(StringComparer.Ordinal);
        foreach (string gone in _counts.Keys.Where(process => !present.Contains(process)).ToArray())
        {
            _counts.Remove(gone, out (long Statements, TimeSpan Latency) count);
            _forgotten = (_forgotten.Statements + count.Statements, _forgotten.Latency + count.Latency);
        }
    }
}
