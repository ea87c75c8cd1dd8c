using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>What the sessions do, put together from the shards' counters.</summary>
public sealed partial class GatewayDatabase
{
    private long _attaches;
    private long _attachTicks;

    /// <summary>Backend connections that sessions were given since the start, and the time from asking for one to its being restored.</summary>
    public (long Count, TimeSpan Total) Attaches => (Interlocked.Read(ref _attaches), TimeSpan.FromTicks(Interlocked.Read(ref _attachTicks)));

    internal LoginCounters LoginCounters { get; } = new();

    internal void CountAttach(TimeSpan time)
    {
        Interlocked.Increment(ref _attaches);
        Interlocked.Add(ref _attachTicks, time.Ticks);
    }

    /// <summary>Costs a few reads per loop, and a walk over the sessions only while one of them is pinned or in a transaction.</summary>
    public ActivityReading Read()
    {
        int open = 0, attached = 0, running = 0, held = 0, transactions = 0, pinned = 0;
        long statements = 0, latency = 0, lastEnded = 0;
        foreach (var shard in _shards)
        {
            var counters = shard.Counters;
            // Running on both sides of held, since a statement may go from either to the other in between; and before the end of the last one. It is then seen as what it became, not as neither.
            var before = counters.Running;
            held += counters.Held;
            running += Math.Max(before, counters.Running);
            lastEnded = Math.Max(lastEnded, counters.LastEnded);
            open += counters.Open;
            attached += counters.Attached;
            transactions += counters.Transactions;
            pinned += counters.Pinned;
            statements += counters.Statements;
            latency += counters.Latency;
        }
        var named = transactions + pinned > 0 ? NamePinned() : default;
        var active = attached + held;
        return new ActivityReading(
            open, Math.Min(active, open), running, held, transactions, Math.Max(0, open - active),
            lastEnded == 0 ? null : Time.GetUtcNow() - Time.GetElapsedTime(lastEnded),
            named.TransactionsIdle ?? TimeSpan.Zero, named.PinnedIdle ?? TimeSpan.Zero,
            statements, Time.GetElapsedTime(0, latency), named.Sessions ?? [], pinned,
            Options.DetachAfterEachStatement ? ForcedDetachCounters.Sum(_shards.Select(shard => shard.ForcedDetaches)) : null, ReadSharing(), LoginCounters.Read());
    }

    public IReadOnlyList<SessionReading> ReadSessions(uint after, int limit) =>
        [.. _sessions.Values.Where(session => session.ConnectionId > after).OrderBy(session => session.ConnectionId).Take(limit).Select(session => session.Read())];

    /// <summary>So many at most of those that may be seen; those that wait for a connection, or have one, before the others.</summary>
    internal IReadOnlyList<SessionReading> ReadSessions(int limit, Func<Session, bool> mayBeSeen) =>
        [.. _sessions.Values.Where(mayBeSeen).Select(session => session.Read()).OrderBy(one => one.State == "parked").ThenBy(one => one.ConnectionId).Take(limit)];

    private (TimeSpan? TransactionsIdle, TimeSpan? PinnedIdle, List<PinnedSession>? Sessions) NamePinned()
    {
        TimeSpan? transactionsIdle = null, pinnedIdle = null;
        var sessions = new List<PinnedSession>();
        foreach (var session in _sessions.Values)
        {
            if (session.Standing is not { } standing) continue;
            var idle = session.IdleTime;
            if (session.InTransaction) transactionsIdle = transactionsIdle < idle ? transactionsIdle : idle;
            else pinnedIdle = pinnedIdle < idle ? pinnedIdle : idle;
            if (sessions.Count < Options.PinnedSessionsNamed)
                sessions.Add(new PinnedSession(session.ConnectionId, session.AccountName, $"{standing}, since {session.StandingSince:HH:mm:ss} UTC", idle));
        }
        return (transactionsIdle, pinnedIdle, sessions);
    }
}
