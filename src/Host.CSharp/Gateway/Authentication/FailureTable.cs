using System.Runtime.InteropServices;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>Failures by whom they are counted for, and what each earns. Bounded. Not safe from several threads.</summary>
internal sealed class FailureTable(FailureLimits limits)
{
    private readonly Dictionary<UInt128, Entry> _entries = [];

    public int Count => _entries.Count;

    /// <param name="now">In ticks, by a clock that nobody sets.</param>
    /// <returns>The delay that this failure has earned, in ticks.</returns>
    public long Note(UInt128 key, long now)
    {
        if (!_entries.ContainsKey(key) && _entries.Count >= limits.LargestTable) MakeRoom(now);
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var known);
        if (!known || now - entry.LastAt > limits.ForgottenAfter.Ticks) entry = new Entry { PaidAt = entry.PaidAt };
        entry.LastAt = now;
        entry.Failures++;
        var delay = DelayAfter(entry.Failures);
        entry.PaidAt = Math.Max(now, entry.PaidAt) + delay;
        return delay;
    }

    /// <summary>For how many ticks all delays would go on, were they served one after the other.</summary>
    public long Debt(UInt128 key, long now) => _entries.TryGetValue(key, out var entry) ? entry.PaidAt - now : 0;

    private long DelayAfter(int failures)
    {
        var beyond = failures - limits.FreeFailures - 1;
        if (beyond < 0) return 0;
        return beyond >= 20 ? limits.LargestDelay.Ticks : Math.Min(limits.FirstDelay.Ticks << beyond, limits.LargestDelay.Ticks);
    }

    // What is forgotten anyway goes first; if the table is full of fresh ones, the half with the older failures goes: it costs an attacker
    // that many addresses or names, and each removal is paid for by as many insertions.
    private void MakeRoom(long now)
    {
        foreach (var (key, entry) in _entries)
        {
            if (now - entry.LastAt > limits.ForgottenAfter.Ticks) _entries.Remove(key);
        }
        if (_entries.Count <= limits.LargestTable / 2) return;
        foreach (var key in _entries.OrderBy(pair => pair.Value.LastAt).Take(_entries.Count - (limits.LargestTable / 2)).Select(pair => pair.Key).ToList())
        {
            _entries.Remove(key);
        }
    }

    private struct Entry
    {
        public int Failures;
        public long LastAt;

        /// <summary>When every delay imposed so far would be over, had they been served one after the other.</summary>
        public long PaidAt;
    }
}
