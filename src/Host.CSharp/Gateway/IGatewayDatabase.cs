using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway;

/// <summary>Counts of one database's sessions at one instant; see the kernel's Activity for their meaning.</summary>
/// <param name="Pinned">Sessions named with their reasons; there may be more than are named.</param>
/// <param name="PinnedCount">All sessions that are pinned by something else than a transaction; null: those that are named.</param>
/// <param name="ForcedDetaches">Null: the switch is off.</param>
/// <param name="UnknownPeers">Other gateways of the same database that were not heard of lately: they count as active.</param>
/// <param name="Risen">Of the totals, what was counted since it is known who counts: a rate is reckoned by it. Null: all.</param>
public sealed record ActivityReading(
    int Open, int Active, int Running, int Held, int Transactions, int Parked,
    DateTimeOffset? LastEnded, TimeSpan TransactionsIdle, TimeSpan PinnedIdle,
    long StatementsTotal, TimeSpan LatencyTotal, IReadOnlyList<PinnedSession> Pinned, int? PinnedCount = null,
    ForcedDetachReading? ForcedDetaches = null, SharingReading? Sharing = null, LoginReading? Logins = null, int UnknownPeers = 0, StatementCount? Risen = null);

/// <summary>Statements that ended, and the time that they took, all together.</summary>
public readonly record struct StatementCount(long Statements, TimeSpan Latency)
{
    public static StatementCount operator +(StatementCount one, StatementCount other) => new(one.Statements + other.Statements, one.Latency + other.Latency);

    public static StatementCount operator -(StatementCount one, StatementCount other) => new(one.Statements - other.Statements, one.Latency - other.Latency);
}

/// <summary>Logins since the start that were refused for their user or password.</summary>
/// <param name="Delayed">Of the failed, those whose answer was made to wait.</param>
/// <param name="Refused">Beside the failed, those that were not looked at, since their address had guessed too often.</param>
public sealed record LoginReading(long Failed, long Delayed, long Refused);

/// <summary>The backend connections.</summary>
/// <param name="Backends">All that there are now, those that are being made included.</param>
/// <param name="Idle">Of these, those that no session has.</param>
/// <param name="Logins">Since the start, connections that sessions were given by a login of their own.</param>
/// <param name="TakenAsItIs">And out of the pool, with nothing to be done.</param>
/// <param name="TakenAfterReset">And out of the pool, cleared and made the session's in one round trip.</param>
public sealed record SharingReading(int Backends, int Idle, long Logins, long TakenAsItIs, long TakenAfterReset);

/// <summary>What the debug switch for detaching did, since the start: statements outside transactions after which their session left its backend connection, or did not.</summary>
/// <param name="Kept">By what kept it, the name of the cause.</param>
public sealed record ForcedDetachReading(long Detached, IReadOnlyList<KeyValuePair<string, long>> Kept);

/// <summary>One session at one instant.</summary>
/// <param name="Client">Address and port that it came from; null: a Unix socket.</param>
/// <param name="State">`running`; `held`: a statement of it waits for the compute or for a connection to it; `idle`: it has a connection and no command runs; `parked`: it has none.</param>
/// <param name="Idle">How long no command has run.</param>
/// <param name="Pinned">What keeps it on its connection, in words, an open transaction included; null: nothing.</param>
/// <param name="BackendId">The server's own number of its connection; null: it has none.</param>
public sealed record SessionReading(
    uint ConnectionId, string User, string? Client, string? Schema, string State, TimeSpan Idle, string? Pinned, uint? BackendId);

/// <summary>A session with state that cannot be restored, and why, in words. An open transaction is named here too.</summary>
public sealed record PinnedSession(uint ConnectionId, string Account, string Why, TimeSpan Idle);

/// <param name="ByOperator">Somebody asked for it: new statements wait (bounded) instead of cancelling, and transactions may end first.</param>
/// <param name="BreakTransactionsIdle">Transactions idle at least this long are given up on; null: never.</param>
/// <param name="BreakPinnedIdle">Pinned sessions idle at least this long are given up on; null: never.</param>
/// <param name="Limit">How long it may take; then it is refused and the gate is open again.</param>
public sealed record DrainRequest(bool ByOperator, TimeSpan? BreakTransactionsIdle, TimeSpan? BreakPinnedIdle, TimeSpan Limit);

/// <summary>Null reason: drained, no session holds a backend connection and none can get one. Otherwise why it was refused; the gate is open again.</summary>
public sealed record DrainResult(string? Refused);

/// <summary>
/// The gateway's side of one database, as Control drives it. The gate is open (sessions may take backend connections), draining or closed.
/// It starts closed. All members may be called from any thread.
/// </summary>
public interface IGatewayDatabase
{
    string Name { get; }

    /// <summary>Called (from any thread, at once, must not block) when a statement begins to be held, and again when it still is after the gate moved.</summary>
    event Action? StatementHeld;

    /// <summary>Called when a statement was one that changes accounts (CREATE USER, GRANT, SET PASSWORD, FLUSH PRIVILEGES, …) and ended well.</summary>
    event Action? AccountsChanged;

    ActivityReading Read();

    /// <summary>Sessions in the order of their connection ids.</summary>
    /// <param name="after">Only ids greater than this one.</param>
    /// <param name="limit">So many at most.</param>
    IReadOnlyList<SessionReading> ReadSessions(uint after, int limit);

    /// <summary>The compute serves: sessions attach to it as they need, held statements go on.</summary>
    void Open(BackendAddress backend);

    /// <summary>Takes the backend connections back, with all state that must survive read first. While it goes on new statements are held.</summary>
    ValueTask<DrainResult> DrainAsync(DrainRequest request, CancellationToken cancellation);

    /// <summary>A drain that had ended, or is under way, is taken back.</summary>
    void Reopen();

    /// <summary>The compute is gone: what was under way fails with an error that says so, what is held waits on.</summary>
    void Close(string reason);

    /// <summary>Every held statement, and each new one until the next Open or AllowHolding, gets this error at once.</summary>
    void RefuseHeld(string reason);

    /// <summary>Takes RefuseHeld back: statements are held again.</summary>
    void AllowHolding();

    /// <summary>Fails what is held now (a resume failed); later statements are held again.</summary>
    void FailHeld(string reason);

    /// <summary>Who answers what sessions ask by SQL of the database's phase and decisions, and takes their commands.</summary>
    void UseControl(IDatabaseControl control);

    void UseAccounts(AccountSnapshot accounts);

    void UseProfile(ServerProfile profile);
}
