using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>A gateway of a fleet with a gate that is played: statements pass it or wait at it, and a controller that believes what the server says of the StatefulSet.</summary>
internal sealed class PlayedGateway : IGuardedGate, IAsyncDisposable
{
    private readonly ResourceCache<StatefulSet> _sets;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _guard = new();
    private readonly Task _following;
    private bool _isOpen;
    private int _held, _passed, _broken, _drainsBegun;
    private long _statements;
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private long _endedAt;

    public PlayedGateway(IKubernetesApi api, FleetNames names, string name, ObjectName set, FleetOptions options, ApiOptions apiOptions, TimeProvider time)
    {
        (Api, Set, _endedAt) = (api, set, _began);
        Fleet = new GatewayFleet(api, names, new GatewayIdentity(name, $"{name}_{Guid.NewGuid():N}", Owner: null), apiOptions, options, time, new RecordingLoggers(Log));
        Database = Fleet.Add(set, this, ReadActivity);
        _sets = new ResourceCache<StatefulSet>(api, Resources.StatefulSets, set.Space, Selection.All, apiOptions, time, Log);
        Fleet.Start();
        _following = FollowAsync();
    }

    public RecordingLogger Log { get; } = new();

    public IKubernetesApi Api { get; }

    public ObjectName Set { get; }

    public GatewayFleet Fleet { get; }

    public FleetDatabase Database { get; }

    public int Held => Under(() => _held);

    public int Running { get; set; }

    public int Passed => Under(() => _passed);

    /// <summary>Statements that ran when the gate was closed.</summary>
    public int Broken => Under(() => _broken);

    public bool IsOpen => Under(() => _isOpen);

    /// <summary>When one is, the gate is closed.</summary>
    public int DrainsBegun => Under(() => _drainsBegun);

    /// <summary>What a drain waits for.</summary>
    public Task DrainsAfter { get; set; } = Task.CompletedTask;

    /// <summary>What the controller waits for, before it finds that the compute serves.</summary>
    public Task ServesAfter { get; set; } = Task.CompletedTask;

    /// <summary>The StatefulSet is at zero, as far as was heard.</summary>
    public bool SeesZero { get; private set; }

    /// <summary>A client's statement: passes, or waits.</summary>
    public void Statement()
    {
        lock (_guard)
        {
            if (_isOpen)
            {
                _passed++;
                (_statements, _endedAt) = (_statements + 1, TimeProvider.System.GetTimestamp());
                return;
            }

            _held++;
        }

        Database.Hold();
    }

    public void Pass()
    {
        lock (_guard)
        {
            _isOpen = true;
            _passed += _held;
            _statements += _held;
            _held = 0;
        }
    }

    public void Close(string reason)
    {
        lock (_guard)
        {
            _isOpen = false;
            _broken += Running;
            Running = 0;
        }
    }

    public async Task<string?> DrainAsync(SuspendTerms terms, bool isOwn, CancellationToken cancellation)
    {
        lock (_guard)
        {
            _drainsBegun++;
            _isOpen = false;
        }

        await DrainsAfter.WaitAsync(cancellation);
        lock (_guard)
        {
            // one that was taken back leaves the gate as it is by then
            cancellation.ThrowIfCancellationRequested();
            if (Running == 0) return null;
            _isOpen = true;
            return "a statement runs";
        }
    }

    public void TellGone()
    {
        Database.Close("it is scaled to zero");
    }

    public async Task<string?> SuspendAsync(SuspendTerms? terms = null)
    {
        string? refused = await Database.ProposeAsync(terms ?? new SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(20)), default);
        while (refused is null)
        {
            string? stopped = await StopAsync(await Api.GetAsync(Resources.StatefulSets, Set, default));
            // others write its status
            if (stopped != "conflict") return stopped;
        }

        return refused;
    }

    /// <summary>As the compute wakes it, whoever writes to it meanwhile.</summary>
    public async Task WakeAsync()
    {
        while (true)
        {
            try
            {
                await ScaleAsync(await Api.GetAsync(Resources.StatefulSets, Set, default), 1);
                return;
            }
            catch (ApiException e) when (e.Failure == ApiFailure.Conflict)
            {
                // as it is by now
            }
        }
    }

    /// <summary>As the compute does it: judged by what was read, and bound to its version.</summary>
    public async Task<string?> StopAsync(StatefulSet fresh)
    {
        if (Database.WhyNotStop(fresh) is { } why)
        {
            Database.End(why);
            return why;
        }

        try
        {
            await ScaleAsync(fresh, 0);
            Database.Close("it is scaled to zero");
            Database.End("it is carried out");
            return null;
        }
        catch (ApiException e) when (e.Failure == ApiFailure.Conflict)
        {
            return "conflict";
        }
    }

    public Task ScaleAsync(StatefulSet at, int replicas) => Api.PatchAsync(
        Resources.StatefulSets, Set,
        Patch.Merge(new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["resourceVersion"] = at.Metadata.ResourceVersion }, ["spec"] = new System.Text.Json.Nodes.JsonObject { ["replicas"] = replicas } }), default);

    public override string ToString() =>
        $"{Fleet.Identity.Replica}: {(_isOpen ? "open" : "closed")}, held {_held}, passed {Passed}, {Fleet.Election.Current}, unknown [{string.Join(", ", Database.Peers.Unknown)}], {Database.Peers.Activity}\n{string.Join('\n', Log.Messages.TakeLast(12))}";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _sets.DisposeAsync();
        await _following;
        Database.Dispose();
        await Fleet.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>Sees the StatefulSet as a controller would: up is serving, zero is gone.</summary>
    private async Task FollowAsync()
    {
        try
        {
            bool? wasUp = null;
            await foreach (CacheChange<StatefulSet> change in _sets.ChangesAsync(_end.Token))
            {
                if (change.After is not { } set || change.Name != Set) continue;
                bool isUp = set.Spec.Replicas > 0;
                Database.Hear(set);
                SeesZero = !isUp;
                if (isUp != wasUp)
                {
                    if (isUp) _ = ServeAsync();
                    else TellGone();
                }

                wasUp = isUp;
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // that is how it ends
        }
    }

    private async Task ServeAsync()
    {
        await ServesAfter.WaitAsync(_end.Token);
        Database.Serve();
    }

    /// <summary>What a step changes is seen all at once.</summary>
    private T Under<T>(Func<T> read)
    {
        lock (_guard) return read();
    }

    private GatewayActivity ReadActivity() => new()
    {
        Held = _held, Running = Running, Statements = _statements, QuietMs = _statements == 0 ? null : (long)TimeProvider.System.GetElapsedTime(_endedAt).TotalMilliseconds,
    };
}

/// <summary>A clock on a wall that is wrong; spans are right.</summary>
internal sealed class SkewedTime(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
