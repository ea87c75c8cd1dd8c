using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>For the look at the StatefulSet that tells a crash from somebody's hand; a database that is down waits for it.</summary>
    private static readonly TimeSpan s_askLimit = TimeSpan.FromSeconds(5);

    /// <summary>An engine that answered this lately is not asked again: whoever looks has just waited for that answer.</summary>
    private static readonly TimeSpan s_freshAnswer = TimeSpan.FromMilliseconds(100);

    private Sight? _seen;

    /// <summary>Why none serves of those that answer, where one has to lead; null: none answers, or one does.</summary>
    private volatile string? _unled;

    /// <summary>Replicas that were wanted when any were; 0: that was not seen.</summary>
    private volatile int _lastReplicas;

    /// <inheritdoc/>
    public async ValueTask<ComputeView> ObserveAsync(CancellationToken cancellation)
    {
        Workload now = Look();
        AskForRoom(now.Pods);
        if (Engine is { } engine && engine.Identity.HowEnded(now.Pods, _options.Container) is null)
        {
            if (await IsSilentAsync(engine, cancellation) is { } silent)
            {
                return new ComputeView(ComputeState.Starting, Size: null, Address: null, silent);
            }

            if (await WhyReplacedAsync(engine, now, cancellation) is not { } replaced)
            {
                return Serving(engine, now);
            }

            await LoseAsync(engine, replaced);
            return new ComputeView(ComputeState.Starting, Size: null, Address: null, replaced);
        }

        if (!now.IsLive)
        {
            return new ComputeView(ComputeState.Starting, Size: null, Address: null, $"the Kubernetes API server is not heard, so what runs is not known: {now.Trouble}");
        }

        if (now.Set is null || now.Replicas == 0)
        {
            if (now.Set is { } asleep)
            {
                StopLoggersLeftOver(asleep);
            }

            return new ComputeView(ComputeState.Gone, Size: null, Address: null, now.Set is null ? $"there is no {Title}" : _lastEnd ?? $"{Title} is scaled to 0");
        }

        return await AdoptAsync(now, cancellation) is { } found ? Serving(found, now) : new ComputeView(ComputeState.Starting, Size: null, Address: null, WhyNotServing(now));
    }

    private ComputeView Serving(PodEngine engine, Workload now)
    {
        Pod? pod = now.Pods.FirstOrDefault(one => one.Metadata.Name == engine.Identity.Name);
        string loggers = _loggers.Describe() is { Length: > 0 } described ? $", {described}" : "";
        string detail = $"pod {engine.Identity.Name} at {engine.Address}, {now.Replicas} replicas{loggers}";
        return new ComputeView(
            ComputeState.Serving, pod is null ? null : SizeOf(pod), engine.Address, now.IsLive ? detail : $"{detail}; the Kubernetes API server is not heard: {now.Trouble}");
    }

    /// <summary>A pod that serves and that nobody of us started. While a start is under way it is the one that finds out.</summary>
    private async Task<PodEngine?> AdoptAsync(Workload now, CancellationToken cancellation)
    {
        if (!await _turn.WaitAsync(TimeSpan.Zero, cancellation))
        {
            return null;
        }

        try
        {
            await using var dialling = new PodDialling(_options, Reach);
            PodEngine? engine = await dialling.FindAsync(now, cancellation);
            _unled = dialling.Unled;
            if (engine is not null)
            {
                dialling.Release(engine);
                await ServeAsync(engine);
            }

            return engine;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <returns>Null: it answers, or has been silent for a moment only: what is slow is not gone.</returns>
    private async Task<string?> IsSilentAsync(PodEngine engine, CancellationToken cancellation)
    {
        long asked = _time.GetTimestamp();
        if (engine.AnsweredAt is { } last && _time.GetElapsedTime(last, asked) < s_freshAnswer)
        {
            return null;
        }

        EngineSqlException? why = await engine.Sql.WhySilentAsync(cancellation);
        if (why is null)
        {
            engine.SilentSince = null;
            engine.AnsweredAt = _time.GetTimestamp();
            return null;
        }

        long since = engine.SilentSince ??= asked;
        return why.IsLate && _time.GetElapsedTime(since) < _options.SilenceLimit ? null : $"pod {engine.Identity.Name} at {engine.Address} does not answer: {why.Message}";
    }

    private string WhyNotServing(Workload now) => now.Pods.Count == 0
        ? $"{Title} wants {now.Replicas} replicas and has no pod yet"
        : _unled ?? string.Join("; ", now.Pods.Take(3).Select(pod => pod.WhyNotServing(_options.Container)));

    /// <summary>It has answered: from here on this is where sessions go, and its end is noticed.</summary>
    private async Task ServeAsync(PodEngine engine)
    {
        engine.AnsweredAt = _time.GetTimestamp();
        PodEngine? before = Interlocked.Exchange(ref _engine, engine);
        _lastEnd = null;
        _unled = null;
        _unreclaimable = null;
        if (before is not null && before != engine)
        {
            await before.DisposeAsync();
        }

        if (_options.ReadsProxyHeader)
        {
            _ = WarnOfHeadersAsync(engine);
        }

        // what happened to its pod while it was dialled was nobody's end yet
        OnChanged();
    }

    /// <summary>Called on the thread that hears of changes.</summary>
    private void OnChanged()
    {
        if (_news.CurrentCount == 0)
        {
            try
            {
                _news.Release();
            }
            catch (SemaphoreFullException)
            {
                // two at once: one word is enough
            }
        }

        Workload now = Look();
        _lastReplicas = now.Replicas > 0 ? now.Replicas : _lastReplicas;
        if (Engine is { EndIsExpected: false } engine && engine.Identity.HowEnded(now.Pods, _options.Container) is { } how)
        {
            _ = LoseAsync(engine, how);
            return;
        }

        Sight seen = See(now);
        if (Interlocked.Exchange(ref _seen, seen) is { } before && before != seen)
        {
            Changed?.Invoke();
        }
    }

    /// <summary>
    /// An engine that ended without us: a crash, which is started again at once, unless somebody scaled the StatefulSet to zero or deleted it, which is respected. The pods may be heard of before that
    /// is, so it is asked.
    /// </summary>
    private async Task LoseAsync(PodEngine engine, string how)
    {
        if (Interlocked.CompareExchange(ref _engine, null, engine) != engine)
        {
            return;
        }

        // whatever it was, statements wait for the next one from here on
        Lost?.Invoke(how);
        await engine.DisposeAsync();
        bool isWanted;
        try
        {
            StatefulSet? set = await _cluster.Api.Within(s_askLimit).FindAsync(Resources.StatefulSets, Name, CancellationToken.None);
            isWanted = set is not null && Workload.ReplicasOf(set) > 0;
        }
        catch (ApiException)
        {
            isWanted = Look().Replicas > 0;
        }

        if (_disposed)
        {
            return;
        }

        if (isWanted)
        {
            _lastEnd = how;
            LogLost(_options.Name, how);
            Crashed?.Invoke(how);
        }
        else
        {
            LogTakenDown(_options.Name, how);
            Changed?.Invoke();
        }
    }

    /// <summary>What somebody else may have changed of what we tell.</summary>
    private Sight See(Workload now) => new(now.Set is not null, now.Replicas, now.IsLive, now.Pods.Count(one => one.IsReady()), now.Pods.Count > 0 ? SizeOf(now.Pods[0]) : null);

    private sealed record Sight(bool Exists, int Replicas, bool IsLive, int Ready, ComputeSize? Size);
}
