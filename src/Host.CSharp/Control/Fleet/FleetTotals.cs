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

    private readonly Dictionary<string, StatementCount> _counts = new(StringComparer.Ordinal);
    private StatementCount _forgotten;

    /// <summary>What the others have counted since each was first heard of. What a process counted before that, which may be a year of work, ended at nobody knows when.</summary>
    public StatementCount Risen { get; private set; }

    /// <param name="own">Of this gateway.</param>
    /// <param name="others">That are there.</param>
    public StatementCount Of(StatementCount own, IReadOnlyList<PeerCount> others)
    {
        foreach (PeerCount one in others)
        {
            bool isKnown = _counts.TryGetValue(one.Process, out StatementCount before);
            if (isKnown && one.Statements < before.Statements)
            {
                continue;
            }

            var now = new StatementCount(one.Statements, one.Latency > before.Latency ? one.Latency : before.Latency);
            _counts[one.Process] = now;
            if (isKnown)
            {
                Risen += now - before;
            }
        }

        if (_counts.Count > MostProcesses)
        {
            Forget(others);
        }

        return _counts.Values.Aggregate(own + _forgotten, (sum, one) => sum + one);
    }

    private void Forget(IReadOnlyList<PeerCount> others)
    {
        var present = others.Select(one => one.Process).ToHashSet(StringComparer.Ordinal);
        foreach (string gone in _counts.Keys.Where(process => !present.Contains(process)).ToArray())
        {
            _counts.Remove(gone, out StatementCount count);
            _forgotten += count;
        }
    }
}
