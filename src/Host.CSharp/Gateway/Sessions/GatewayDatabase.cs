using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// One database as the gateway sees it: its gate, and its sessions in one shard per loop. The gate is one value behind one reference; who
/// changes it does so under a lock and tells every shard by a post. A statement looks at the gate on its own loop, and a drain looks for
/// running statements on that same loop after the gate has moved, so the two cannot miss each other.
/// </summary>
public sealed partial class GatewayDatabase : IGatewayDatabase
{
    private readonly Lock _lock = new();
    private readonly DatabaseShard[] _shards;
    private readonly Dictionary<EventLoop, DatabaseShard> _shardOf;
    private readonly ConcurrentDictionary<uint, Session> _sessions = new();
    private readonly ILogger _logger;
    private readonly GlobalChanges _globals = new();
    private volatile Gate _gate = Gate.Initial;
    private volatile ServerCatalogue? _catalogue;
    private volatile IDatabaseControl? _control;
    private DrainProgress? _drain;
    private int _heldSignalled;

    internal GatewayDatabase(
        string name, IReadOnlyList<EventLoop> loops, GatewayOptions options, GatewayBudgets budgets, TimeProvider time, ILogger logger)
    {
        Name = name;
        Login = new LoginDatabase(name);
        Options = options;
        Hold = new HoldBudget(options.Hold, budgets.Held);
        LongCommands = budgets.LongCommands;
        Room = new BackendRoom(budgets.Descriptors, options.MostBackends);
        Time = time;
        _logger = logger;
        _shards = [.. loops.Select(loop => new DatabaseShard(this, loop, loops.Count))];
        _shardOf = _shards.ToDictionary(shard => shard.Loop);
    }

    public string Name { get; }

    public event Action? StatementHeld;

    public event Action? AccountsChanged;

    /// <summary>The database as clients log in to it.</summary>
    internal LoginDatabase Login { get; }

    internal GatewayOptions Options { get; }

    internal HoldBudget Hold { get; }

    /// <summary>Memory for commands that are received whole although they are long, of all databases together.</summary>
    internal HoldBudget LongCommands { get; }

    /// <summary>Room for backend connections.</summary>
    internal BackendRoom Room { get; }

    /// <summary>Connections that are made to ask the server who may kill whom: one at a time, beside those that sessions may have.</summary>
    internal SemaphoreSlim StandIns { get; } = new(1, 1);

    /// <summary>All backend connections, by the server's numbers: those of sessions, those that are idle in the pool, and those on the way between the two.</summary>
    internal ConcurrentDictionary<uint, LentBackend> Backends { get; } = new();

    internal TimeProvider Time { get; }

    internal ServerCatalogue? Catalogue => _catalogue;

    /// <summary>Null: nobody controls the database yet.</summary>
    internal IDatabaseControl? Control => _control;

    internal ILogger Logger => _logger;

    internal Gate Gate => _gate;

    public void Open(BackendAddress backend) =>
        MoveGate(
            gate => new Gate(GatePhase.Open, backend, Drain: null, Closed: "", Refusal: null, gate.Backend is { } before && before.IsWhere(backend) ? gate.Opening : gate.Opening + 1),
            "the compute was opened anew");

    public void Reopen() =>
        MoveGate(
            gate => gate.Phase is GatePhase.Checking or GatePhase.Draining or GatePhase.Drained ? gate with { Phase = GatePhase.Open, Drain = null } : gate,
            "the drain was taken back");

    public void Close(string reason)
    {
        LogClosed(Name, reason);
        MoveGate(gate => new Gate(GatePhase.Closed, Backend: null, Drain: null, reason, gate.Refusal, gate.Opening), $"the compute is gone: {reason}");
    }

    public void RefuseHeld(string reason) => MoveGate(gate => gate with { Refusal = reason }, endsDrain: null);

    public void AllowHolding() => MoveGate(gate => gate with { Refusal = null }, endsDrain: null);

    public void FailHeld(string reason)
    {
        foreach (var shard in _shards) shard.Loop.Post(() => shard.FailHeld(reason));
    }

    public void UseControl(IDatabaseControl control) => _control = control;

    public void UseAccounts(AccountSnapshot accounts)
    {
        Login.UseAccounts(accounts);
        if (Interlocked.Exchange(ref _accounts, accounts.Accounts) is not { } before || !before.SequenceEqual(accounts.Accounts)) BeginEra();
    }

    public void UseProfile(ServerProfile profile)
    {
        // Sessions first: a client that is greeted finds what they need.
        _catalogue = new ServerCatalogue(profile, _globals);
        _mayRunStoredCode = MayRunStoredCodeBy(profile);
        Login.UseProfile(profile);
    }

    public async ValueTask<DrainResult> DrainAsync(DrainRequest request, CancellationToken cancellation)
    {
        var drain = new DrainProgress(request, _shards.Length);
        lock (_lock)
        {
            if (_gate.Phase is GatePhase.Closed or GatePhase.Drained) return new DrainResult(Refused: null);
            if (_drain is not null) return new DrainResult("another drain is under way");
            _drain = drain;
            _gate = _gate with { Phase = GatePhase.Checking, Drain = request };
        }
        PostGateMoved();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(request.Limit);
        using var ended = limit.Token.UnsafeRegister(
            static (state, token) => ((DrainProgress)state!).Refuse("time is over"), drain);
        var refused = await CheckAsync(request) ?? await TakeBackAsync(drain);
        if (refused is not null && limit.IsCancellationRequested) refused = await DescribeUnfinishedAsync(request, cancellation);
        return EndDrain(drain, refused);
    }

    internal DatabaseShard ShardOf(EventLoop loop) => _shardOf[loop];

    internal Session? FindSession(uint connectionId) => _sessions.GetValueOrDefault(connectionId);

    /// <summary>Those there are now; others may come and go meanwhile.</summary>
    internal IEnumerable<Session> AllSessions => _sessions.Select(entry => entry.Value);

    internal void Add(Session session) => _sessions[session.ConnectionId] = session;

    internal void Remove(Session session) => _sessions.TryRemove(new KeyValuePair<uint, Session>(session.ConnectionId, session));

    /// <summary>A statement is held. The event is raised once until the gate moves or some statement leaves the line.</summary>
    internal void SignalHeld()
    {
        if (Interlocked.Exchange(ref _heldSignalled, 1) == 0) StatementHeld?.Invoke();
    }

    internal void OnHoldEnded() => Volatile.Write(ref _heldSignalled, 0);

    internal void OnAccountsChanged()
    {
        BeginEra();
        Login.ExpectChange(Time.GetUtcNow());
        AccountsChanged?.Invoke();
    }

    /// <summary>What is known of accounts and variables is read anew together; a client that logs in waits for it.</summary>
    internal void OnGlobalsChanged()
    {
        _globals.Note(Time.GetUtcNow());
        OnAccountsChanged();
    }

    private void MoveGate(Func<Gate, Gate> move, string? endsDrain)
    {
        DrainProgress? ended = null;
        lock (_lock)
        {
            var moved = move(_gate);
            if (moved == _gate) return;
            if (endsDrain is not null) (ended, _drain) = (_drain, null);
            if (!Equals(moved.Backend, _gate.Backend)) Interlocked.Increment(ref _era);
            _gate = moved;
        }
        ended?.Refuse(endsDrain!);
        PostGateMoved();
    }

    private void PostGateMoved()
    {
        OnHoldEnded();
        foreach (var shard in _shards) shard.Loop.Post(static state => ((DatabaseShard)state!).OnGateMoved(), shard);
    }

    /// <summary>What forbids the drain. An operator's drain waits for it instead.</summary>
    private Task<string?> CheckAsync(DrainRequest request) => request.ByOperator ? Task.FromResult<string?>(null) : FindBlockerAsync(request);

    /// <summary>Looks on every loop.</summary>
    private async Task<string?> FindBlockerAsync(DrainRequest request)
    {
        var blockers = await Task.WhenAll(_shards.Select(shard => shard.Loop.RunAsync(() => Task.FromResult(shard.FindBlocker(request)))))
            .ConfigureAwait(false);
        return blockers.FirstOrDefault(blocker => blocker is not null);
    }

    private async Task<string?> TakeBackAsync(DrainProgress drain)
    {
        lock (_lock)
        {
            if (_drain != drain) return "the drain was taken back";
            _gate = _gate with { Phase = GatePhase.Draining };
        }
        foreach (var shard in _shards) shard.Loop.Post(() => shard.BeginDrain(drain));
        return await drain.Done.ConfigureAwait(false);
    }

    private async Task<string> DescribeUnfinishedAsync(DrainRequest request, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return "the drain was cancelled";
        var left = await FindBlockerAsync(request).ConfigureAwait(false);
        return $"after {request.Limit.TotalSeconds:0.#} s: {left ?? "not all sessions had given their connections back"}";
    }

    private DrainResult EndDrain(DrainProgress drain, string? refused)
    {
        lock (_lock)
        {
            // Whoever ended it in between (Open, Reopen, Close) has set the gate already.
            if (_drain != drain) return new DrainResult(_gate.Phase == GatePhase.Closed ? null : refused ?? "the drain was taken back");
            _drain = null;
            _gate = refused is null
                ? _gate with { Phase = GatePhase.Drained, Drain = null }
                : _gate with { Phase = GatePhase.Open, Drain = null };
        }
        PostGateMoved();
        if (refused is null) LogDrained(Name);
        else LogDrainRefused(Name, refused);
        return new DrainResult(refused);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: all sessions gave back their connections")]
    private partial void LogDrained(string database);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: not drained: {Reason}")]
    private partial void LogDrainRefused(string database, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: no compute: {Reason}")]
    private partial void LogClosed(string database, string reason);
}
