using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Slows down the guessing of passwords, per client address (an IPv6 client counts by its /64) and per user name, from wherever it comes. Only the *answer* to a
/// wrong password waits, doubling with each failure: whoever knows the password is never delayed, also not by somebody else behind the same address.
/// Guessing on many connections at once builds a debt of waiting, and beyond a bound of it the address is refused before anything is
/// verified, until the debt is over. A user is never refused, or strangers could shut him out: many addresses that hang up instead of waiting for the answer
/// guess as fast as ever. The tables are bounded. Safe from any thread.
/// </summary>
public sealed class FailureLimiter(TimeProvider time, FailureLimits limits)
{
    private readonly FailureTable _addresses = new(limits);
    private readonly FailureTable _users = new(limits);
    private readonly Lock _gate = new();

    /// <summary>One with the same limits that remembers on its own.</summary>
    public FailureLimiter Another() => new(time, limits);

    /// <summary>Addresses and users that are remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _addresses.Count + _users.Count;
        }
    }

    /// <summary>How long this address is refused from now on; zero when it may try.</summary>
    public TimeSpan RefusedFor(IPAddress? address)
    {
        if (address is null) return TimeSpan.Zero;
        lock (_gate) return TimeSpan.FromTicks(Math.Max(0, _addresses.Debt(Key(address), Now()) - limits.LargestDebt.Ticks));
    }

    /// <summary>Notes a wrong password and tells how long its answer must wait. A client on a Unix socket never waits.</summary>
    /// <param name="user">As the client named itself; null: it is not known whom it means.</param>
    public TimeSpan Failed(IPAddress? address, string? user)
    {
        if (address is null) return TimeSpan.Zero;
        lock (_gate)
        {
            var now = Now();
            var byAddress = _addresses.Note(Key(address), now);
            return TimeSpan.FromTicks(user is null ? byAddress : Math.Max(byAddress, _users.Note(Key(user), now)));
        }
    }

    /// <summary>By a clock that nobody sets: a step of the wall clock must not refuse an address for hours.</summary>
    private long Now() => time.GetElapsedTime(0).Ticks;

    /// <summary>Names can be long, and are made up by the client.</summary>
    private static UInt128 Key(string user) => MemoryMarshal.Read<UInt128>(SHA256.HashData(Encoding.UTF8.GetBytes(user)));

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
}

/// <param name="FreeFailures">That many failures are answered at once.</param>
/// <param name="FirstDelay">The first delay; each further failure doubles it.</param>
/// <param name="LargestDelay">No answer waits longer.</param>
/// <param name="LargestDebt">An address with more delays outstanding than this is refused.</param>
/// <param name="ForgottenAfter">An address or a user without a failure for that long starts anew.</param>
/// <param name="LargestTable">That many addresses are remembered, and that many users.</param>
public sealed record FailureLimits(
    int FreeFailures, TimeSpan FirstDelay, TimeSpan LargestDelay, TimeSpan LargestDebt, TimeSpan ForgottenAfter, int LargestTable)
{
    public static FailureLimits Default { get; } = new(
        5, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10), 8192);
}
