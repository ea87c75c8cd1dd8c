using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;
using Serverless.Host.Gateway;
using Serverless.Host.Mysql;

namespace Serverless.Host.Control.Fleet;

/// <summary>
/// A database's gate as one of several: what its controller wants of it is done when the other gateways agree, and what it reads of the sessions is of all gateways. A controller drives it as it
/// drives a gate that is alone. Whether it is open is its guard's alone to say, so that it is moved in one order. A gateway that is alone has none of this.
/// </summary>
internal sealed class FleetGateway : IGatewayDatabase, IGuardedGate, IDisposable
{
    private readonly IGatewayDatabase _own;
    private readonly TimeProvider _time;
    private readonly FleetDatabase _fleet;
    private readonly Lock _reading = new();
    private readonly FleetTotals _totals = new();
    private BackendAddress? _backend;
    private volatile bool _leaves;

    public FleetGateway(IGatewayDatabase own, GatewayFleet fleet, ObjectName set, TimeProvider time)
    {
        (_own, _time) = (own, time);
        _fleet = fleet.Add(set, this, ReadOwn);
        own.StatementHeld += OnStatementHeld;
    }

    public event Action? StatementHeld;

    public event Action? AccountsChanged
    {
        add => _own.AccountsChanged += value;
        remove => _own.AccountsChanged -= value;
    }

    public string Name => _own.Name;

    public FleetDatabase Fleet => _fleet;

    public int Held => _own.Read().Held;

    /// <summary>This gateway's sessions and those of all others. What others hold counts as running: they wake the compute themselves.</summary>
    public ActivityReading Read()
    {
        ActivityReading own;
        PeersActivity peers;
        GatewayActivity others;
        StatementCount total, risen;
        // in one order, so that a sum that is less is not an older one
        lock (_reading)
        {
            (own, peers) = (_own.Read(), _fleet.Peers);
            others = peers.Activity;
            var counted = new StatementCount(own.StatementsTotal, own.LatencyTotal);
            total = _totals.Of(counted, peers.Counts);
            risen = counted + _totals.Risen;
        }

        DateTimeOffset? ended = others.QuietMs is { } quiet ? _time.GetUtcNow() - TimeSpan.FromMilliseconds(quiet) : null;
        return own with
        {
            Open = own.Open + others.Open,
            Active = own.Active + others.Active,
            Running = own.Running + others.Running + others.Held,
            Transactions = own.Transactions + others.Transactions,
            PinnedCount = (own.PinnedCount ?? Math.Max(0, own.Pinned.Count - own.Transactions)) + others.Pinned,
            LastEnded = own.LastEnded is { } mine && (ended is null || mine > ended) ? mine : ended,
            TransactionsIdle = Shortest(own.Transactions, own.TransactionsIdle, others.Transactions, others.TransactionsIdleMs),
            PinnedIdle = Shortest(own.PinnedCount ?? own.Pinned.Count, own.PinnedIdle, others.Pinned, others.PinnedIdleMs),
            StatementsTotal = total.Statements,
            LatencyTotal = total.Latency,
            Risen = risen,
            UnknownPeers = peers.Unknown.Count,
        };
    }

    public IReadOnlyList<SessionReading> ReadSessions(uint after, int limit) => _own.ReadSessions(after, limit);

    /// <summary>The compute serves. The gate opens when no suspend is intended.</summary>
    public void Open(BackendAddress backend)
    {
        Volatile.Write(ref _backend, backend);
        _fleet.End("the compute serves on");
        _fleet.Serve();
    }

    /// <summary>Has all gateways close theirs. From a gateway that leaves it takes its own sessions' connections back, and no more.</summary>
    public async ValueTask<DrainResult> DrainAsync(DrainRequest request, CancellationToken cancellation) => _leaves
        ? await _own.DrainAsync(request, cancellation)
        : new DrainResult(await _fleet.ProposeAsync(new SuspendTerms(request.ByOperator, request.BreakTransactionsIdle, request.BreakPinnedIdle, request.Limit), cancellation));

    public void Reopen() => _fleet.End("the suspend was taken back");

    public void Close(string reason)
    {
        Volatile.Write(ref _backend, null);
        // Its guard first: what is left of an intent that was carried out is taken off by a gate that is closed.
        _fleet.Close(reason);
        _fleet.End(reason);
    }

    public void RefuseHeld(string reason) => _own.RefuseHeld(reason);

    public void AllowHolding() => _own.AllowHolding();

    public void FailHeld(string reason) => _own.FailHeld(reason);

    public void UseControl(IDatabaseControl control) => _own.UseControl(control);

    public void UseAccounts(AccountSnapshot accounts) => _own.UseAccounts(accounts);

    public void UseProfile(ServerProfile profile) => _own.UseProfile(profile);

    /// <summary>The database is not served here any more, for now or for good: what its controller does with the gate from now on is of this gateway alone, and it is not opened again.</summary>
    public void Leave() => _leaves = true;

    /// <summary>It is served here again.</summary>
    public void Return() => _leaves = false;

    public void Dispose()
    {
        _own.StatementHeld -= OnStatementHeld;
        _fleet.Dispose();
    }

    void IGuardedGate.Pass()
    {
        if (Volatile.Read(ref _backend) is { } backend && !_leaves)
        {
            _own.Open(backend);
        }
    }

    void IGuardedGate.Close(string reason) => _own.Close(reason);

    async Task<string?> IGuardedGate.DrainAsync(SuspendTerms terms, bool isOwn, CancellationToken cancellation)
    {
        // Who intends it decided on what was told: what was not is for him to know first.
        if (!isOwn && !terms.ByOperator && _own.Read().StatementsTotal != _fleet.Told.Statements)
        {
            return "a statement ended that had not been told of yet";
        }

        DrainResult drained = await _own.DrainAsync(new DrainRequest(terms.ByOperator, terms.BreakTransactionsIdle, terms.BreakPinnedIdle, terms.Limit), cancellation);
        return drained.Refused;
    }

    void IGuardedGate.TellGone()
    {
        // The compute watches the same StatefulSet, and has told the controller to look.
    }

    private void OnStatementHeld()
    {
        _fleet.Hold();
        StatementHeld?.Invoke();
    }

    private GatewayActivity ReadOwn()
    {
        ActivityReading own = _own.Read();
        return new GatewayActivity(
            own.Held, own.Running, own.Transactions, own.PinnedCount ?? Math.Max(0, own.Pinned.Count - own.Transactions), own.Open, own.Active, own.StatementsTotal,
            own.LastEnded is { } ended ? Math.Max(0, (long)(_time.GetUtcNow() - ended).TotalMilliseconds) : null,
            (long)own.TransactionsIdle.TotalMilliseconds, (long)own.PinnedIdle.TotalMilliseconds, (long)own.LatencyTotal.TotalMilliseconds);
    }

    private static TimeSpan Shortest(int own, TimeSpan ownIdle, int others, long othersMs) =>
        others == 0 ? ownIdle : own == 0 ? TimeSpan.FromMilliseconds(othersMs) : TimeSpan.FromMilliseconds(Math.Min(ownIdle.TotalMilliseconds, othersMs));
}
