using System.Numerics;
using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>What became of the forced detaches of one loop's sessions. Written by that loop only, read by any thread.</summary>
internal sealed class ForcedDetachCounters
{
    private readonly long[] _kept = new long[BitOperations.Log2((uint)PinCauses.All) + 1];
    private long _detached;

    /// <param name="kept">What kept the session on its connection; null: it left it.</param>
    public void Count(PinReason? kept)
    {
        if (kept is not { } pin) Volatile.Write(ref _detached, _detached + 1);
        else
        {
            ref var count = ref _kept[BitOperations.Log2((uint)pin.Cause)];
            Volatile.Write(ref count, count + 1);
        }
    }

    public static ForcedDetachReading Sum(IEnumerable<ForcedDetachCounters> counters)
    {
        var detached = 0L;
        var kept = new SortedDictionary<PinCauses, long>();
        foreach (var one in counters)
        {
            detached += Volatile.Read(ref one._detached);
            for (var bit = 0; bit < one._kept.Length; bit++)
            {
                if (Volatile.Read(ref one._kept[bit]) is > 0 and var count) kept[(PinCauses)(1u << bit)] = kept.GetValueOrDefault((PinCauses)(1u << bit)) + count;
            }
        }
        return new ForcedDetachReading(detached, [.. kept.Select(pair => new KeyValuePair<string, long>(pair.Key.ToString(), pair.Value))]);
    }
}
