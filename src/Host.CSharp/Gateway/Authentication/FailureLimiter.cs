using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Slows down the guessing of passwords, per client address (an IPv6 client counts by its /64). Only the *answer* to a wrong password
/// waits, doubling with each failure: whoever knows the password is never delayed, also not by somebody else behind the same address.
/// Guessing on many connections at once builds a debt of waiting, and beyond a bound of it the address is refused before anything is
/// verified, until the debt is over. The table is bounded. Safe from any thread.
/// </summary>
public sealed class FailureLimiter(TimeProvider time, FailureLimits limits)
{
    private readonly Dictionary<UInt128, Entry> _entries = [];
    private readonly Lock _gate = new();

    /// <summary>One with the same limits that remembers on its own.</summary>
    public FailureLimiter Another() => new(time, limits);

    /// <summary>Addresses that are remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <summary>How long this address is refused from now on; zero when it may try.</summary>
    public TimeSpan RefusedFor(IPAddress? address)
    {
        if (address is null) return TimeSpan.Zero;
        lock (_gate)
        {
            if (!_entries.TryGetValue(Key(address), out var entry)) return TimeSpan.Zero;
            var debt = entry.PaidAt - Now();
            return debt > limits.LargestDebt.Ticks ? TimeSpan.FromTicks(debt - limits.LargestDebt.Ticks) : TimeSpan.Zero;
        }
    }

    /// <summary>Notes a wrong password and tells how long its answer must wait. A client on a Unix socket never waits.</summary>
    public TimeSpan Failed(IPAddress? address)
    {
        if (address is null) return TimeSpan.Zero;
        lock (_gate)
        {
            var now = Now();
            var key = Key(address);
            if (!_entries.ContainsKey(key) && _entries.Count >= limits.LargestTable) MakeRoom(now);
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var known);
            if (!known || now - entry.LastAt > limits.ForgottenAfter.Ticks) entry = new Entry { PaidAt = entry.PaidAt };
            entry.LastAt = now;
            entry.Failures++;
            var delay = DelayAfter(entry.Failures);
            entry.PaidAt = Math.Max(now, entry.PaidAt) + delay;
            return TimeSpan.FromTicks(delay);
        }
    }

    private long DelayAfter(int failures)
    {
        var beyond = failures - limits.FreeFailures - 1;
        if (beyond < 0) return 0;
        return beyond >= 20 ? limits.LargestDelay.Ticks : Math.Min(limits.FirstDelay.Ticks << beyond, limits.LargestDelay.Ticks);
    }

    // What is forgotten anyway goes first; if the table is full of fresh ones, the half with the older failures goes: it costs an attacker
    // that many addresses, and each removal is paid for by as many insertions.
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

    /// <summary>By a clock that nobody sets: a step of the wall clock must not refuse an address for hours.</summary>
    private long Now() => time.GetElapsedTime(0).Ticks;

    private static UInt128 Key(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetworkV6) bytes[8..].Clear();
        else bytes[15] = 4;
        return MemoryMarshal.Read<UInt128>(bytes);
    }

    private struct Entry
    {
        public int Failures;
        public long LastAt;
        /// <summary>When every delay imposed so far would be over, had they been served one after the other.</summary>
        public long PaidAt;
    }
}

/// <param name="FreeFailures">That many failures are answered at once.</param>
/// <param name="FirstDelay">The first delay; each further failure doubles it.</param>
/// <param name="LargestDelay">No answer waits longer.</param>
/// <param name="LargestDebt">An address with more delays outstanding than this is refused.</param>
/// <param name="ForgottenAfter">An address without a failure for that long starts anew.</param>
/// <param name="LargestTable">That many addresses are remembered.</param>
public sealed record FailureLimits(
    int FreeFailures, TimeSpan FirstDelay, TimeSpan LargestDelay, TimeSpan LargestDebt, TimeSpan ForgottenAfter, int LargestTable)
{
    public static FailureLimits Default { get; } = new(
        5, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10), 8192);
}
