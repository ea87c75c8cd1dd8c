namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>What gateways may do for a suspend.</summary>
/// <param name="ByOperator">New statements wait for its end, and transactions may end first.</param>
/// <param name="BreakTransactionsIdle">Transactions idle at least this long are given up on; null: never.</param>
/// <param name="BreakPinnedIdle">Pinned sessions idle at least this long are given up on; null: never.</param>
/// <param name="Limit">How long a drain may take.</param>
internal sealed record SuspendTerms(bool ByOperator, TimeSpan? BreakTransactionsIdle, TimeSpan? BreakPinnedIdle, TimeSpan Limit);
