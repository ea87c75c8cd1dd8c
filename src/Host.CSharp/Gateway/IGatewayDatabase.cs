using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway;

/// <summary>Counts of one database's sessions at one instant; see the kernel's Activity for their meaning.</summary>
/// <param name="Pinned">Sessions named with their reasons; there may be more than are named.</param>
/// <param name="PinnedCount">All sessions that are pinned by something else than a transaction; null: those that are named.</param>
public sealed record ActivityReading(
    int Open, int Active, int Running, int Held, int Transactions, int Parked,
    DateTimeOffset? LastEnded, TimeSpan TransactionsIdle, TimeSpan PinnedIdle,
    long StatementsTotal, TimeSpan LatencyTotal, IReadOnlyList<PinnedSession> Pinned, int? PinnedCount = null);

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

    void UseAccounts(AccountSnapshot accounts);

    void UseProfile(ServerProfile profile);
}
