using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Gateway;

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

    /// <summary>What the others have counted since each was first heard of. What a process counted before that, which may be a year of work, ended at nobody knows when.</summary>
    public StatementFlow Risen { get; private set; }

    /// <param name="statements">Of this gateway.</param>
    /// <param name="latency">That these statements took.</param>
    /// <param name="others">That are there.</param>
    public (long Statements, TimeSpan Latency) Of(long statements, TimeSpan latency, IReadOnlyList<PeerCount> others)
    {
        foreach (PeerCount one in others)
        {
            bool isKnown = _counts.TryGetValue(one.Process, out (long Statements, TimeSpan Latency) before);
            if (isKnown && one.Statements < before.Statements)
            {
                continue;
            }

            TimeSpan took = one.Latency > before.Latency ? one.Latency : before.Latency;
            _counts[one.Process] = (one.Statements, took);
            if (isKnown)
            {
                Risen = new StatementFlow(Risen.Statements + one.Statements - before.Statements, Risen.Latency + took - before.Latency);
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
