using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>A suspend that is put off costs nothing but another one later; a client may be waiting for what comes of it.</summary>
    private static readonly TimeSpan s_stopCallLimit = TimeSpan.FromSeconds(10);

    /// <summary>How long the cluster may take to tell a pod to end, once nobody wants it.</summary>
    private static readonly TimeSpan s_actLimit = TimeSpan.FromSeconds(15);

    private const int MostStopAttempts = 8;

    /// <inheritdoc/>
    public async ValueTask<EffectResult> StopAsync(bool hurry, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var phases = new PhaseClock(_time);
            Fitting? cut = await EndFittingAsync();
            EffectResult result = await StopAsync(hurry, phases, cancellation);
            if (result is not EffectResult.Done)
            {
                FitAgain(cut);
                if (Look().Set is { } set)
                {
                    _cluster.Events.Tell(set, "SuspendFailed", result.Why!, isWarning: true);
                }
            }

            return result;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<EffectResult> StopAsync(bool hurry, PhaseClock phases, CancellationToken cancellation)
    {
        IKubernetesApi api = _cluster.Api.Within(s_stopCallLimit);
        PodEngine? engine = Engine;
        PreparedStop? prepared = null;
        SnapshotMode? snapshot = await SnapshotModeAsync(engine, cancellation);
        ComputeSize? size = null;
        string? uid = null;
        int? replicas = null;
        string? remark = null;
        bool isMarked = false;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                // By the server itself: no freshness of a watch takes the place of the question.
                StatefulSet? set = await api.FindAsync(Resources.StatefulSets, Name, cancellation);
                if (set is null || Workload.ReplicasOf(set) == 0)
                {
                    await ForgetAsync(engine);
                    if (set is not null && uid is not null)
                    {
                        // our own request, whose answer was lost
                        await EndAsync(set, size, phases, cancellation);
                    }

                    return new EffectResult.Done(phases.PhasesMs) { Remark = remark };
                }

                if (await WhyUnsafeAsync(set, cancellation) is { } unsafeNow)
                {
                    return await TakeBackAsync(engine, prepared, isMarked, new EffectResult.Infeasible(unsafeNow));
                }

                if ((uid is not null && set.Metadata.Uid != uid) || (replicas is not null && Workload.ReplicasOf(set) != replicas))
                {
                    return await TakeBackAsync(engine, prepared, isMarked, new EffectResult.Deferred($"somebody else changed {Title} at the same time; it has {Workload.ReplicasOf(set)} replicas now"));
                }

                if (_options.WhyNotStop?.Invoke(set) is { } disagreed)
                {
                    // what follows is bound to the version that was judged
                    return await TakeBackAsync(engine, prepared, isMarked, new EffectResult.Deferred(disagreed));
                }

                (uid, replicas, size) = (set.Metadata.Uid, Workload.ReplicasOf(set), SizeNow(set));
                if (!hurry && prepared is null && engine is not null)
                {
                    prepared = await BeginPreparingAsync(engine, cancellation);
                    await PrepareAsync(engine, prepared, cancellation);
                    phases.Mark("prepare");
                }

                if (snapshot is { } mode && !(hurry && mode != SnapshotMode.Required))
                {
                    snapshot = null;
                    string? failed = await TakeSnapshotAsync(engine, set, cancellation);
                    phases.Mark("snapshot");
                    if (failed is not null && mode == SnapshotMode.Required)
                    {
                        return await TakeBackAsync(engine, prepared, isMarked, new EffectResult.Deferred(failed));
                    }

                    remark = failed is null ? null : $"without a snapshot: {failed}";

                    // what was judged may be old by now
                    continue;
                }

                isMarked = true;
                if (await _loggers.MarkAsync(set, api, cancellation) is { } unmarked)
                {
                    return await TakeBackAsync(engine, prepared, isMarked, new EffectResult.Infeasible(unmarked));
                }

                set = await ReplicaRecord.KeepAsync(api, set, cancellation);
                if (engine is not null)
                {
                    engine.EndIsExpected = true;
                }

                await ScaleAsync(set, 0, cancellation);
                phases.Mark("scale");
                await ForgetAsync(engine);
                await EndAsync(set, size, phases, cancellation);
                return new EffectResult.Done(phases.PhasesMs) { Remark = remark };
            }
            catch (ApiException e) when ((e.Failure == ApiFailure.Conflict || e.IsPassing) && attempt < MostStopAttempts)
            {
                // On a conflict another version has to be decided on; without an answer it shows in the next one whether it was carried out.
                LogPutOff(_options.Name, e.Message);
                await PauseAsync(TimeSpan.FromMilliseconds(e.IsPassing ? 100 : 10), attempt, cancellation);
            }
            catch (ApiException e)
            {
                return await TakeBackAsync(engine, prepared, isMarked, new EffectResult.Failed(e.Message));
            }
            catch (OperationCanceledException)
            {
                // it may run on: whoever cancelled may not stop it, or not come to that
                await TakeBackAsync(engine, prepared, isMarked);
                throw;
            }
            finally
            {
                Unexpect(engine);
            }
        }
    }

    /// <summary>It goes on, so what was prepared for its end is put back.</summary>
    private async Task<EffectResult> TakeBackAsync(PodEngine? engine, PreparedStop? prepared, bool isMarked, EffectResult result)
    {
        await TakeBackAsync(engine, prepared, isMarked);
        return result;
    }

    /// <summary>Not cancelled: it takes no longer than a few statements may.</summary>
    private async Task TakeBackAsync(PodEngine? engine, PreparedStop? prepared, bool isMarked)
    {
        if (isMarked)
        {
            await _loggers.UnmarkAsync();
        }

        if (prepared is not null && engine is not null && Engine == engine)
        {
            try
            {
                await prepared.TakeBackAsync(engine.Sql, CancellationToken.None);
            }
            catch (EngineSqlException e)
            {
                LogNotTakenBack(_options.Name, e.Message);
            }
        }
    }

    /// <summary>An end of it is a crash again, and one that came meanwhile is noticed.</summary>
    private void Unexpect(PodEngine? engine)
    {
        if (engine is not null && Engine == engine)
        {
            engine.EndIsExpected = false;
            OnChanged();
        }
    }

    /// <returns>Null: what it has now is not known, so nothing of it is changed.</returns>
    private async Task<PreparedStop?> BeginPreparingAsync(PodEngine engine, CancellationToken cancellation)
    {
        try
        {
            return await PreparedStop.BeginAsync(engine.Sql, cancellation);
        }
        catch (EngineSqlException e)
        {
            LogNotPrepared(_options.Name, e.Message);
            return null;
        }
    }

    private async Task PrepareAsync(PodEngine engine, PreparedStop? prepared, CancellationToken cancellation)
    {
        if (prepared is null)
        {
            return;
        }

        try
        {
            if (await StopPreparation.RunAsync(engine.Sql, _options.PrepareLimit, _time, cancellation) is { } undone)
            {
                LogNotPrepared(_options.Name, undone);
            }
        }
        catch (EngineSqlException e)
        {
            // a part of it may be done, which is put back like the whole
            LogNotPrepared(_options.Name, e.Message);
        }
    }

    private async Task ForgetAsync(PodEngine? engine)
    {
        if (engine is not null && Interlocked.CompareExchange(ref _engine, null, engine) == engine)
        {
            await engine.DisposeAsync();
        }
    }

    /// <summary>
    /// Waits until the first of the pods has been told to end, and no longer: who wakes the database meanwhile need not wait for their last breath here, the cluster starts the next pod when it may. How they ended is
    /// looked at behind.
    /// </summary>
    private async Task EndAsync(StatefulSet set, ComputeSize? size, PhaseClock phases, CancellationToken cancellation)
    {
        long began = _time.GetTimestamp();
        bool isAtZero = false;
        for (Workload now = Look(); !now.HasBegunToEnd; now = Look())
        {
            isAtZero |= now.Replicas == 0;
            if (isAtZero && now.Replicas > 0)
            {
                // somebody else wakes it already
                break;
            }

            if (_time.GetElapsedTime(began) > s_actLimit)
            {
                LogNotActed(_options.Name, Title, s_actLimit.TotalSeconds);
                break;
            }

            await _news.WaitAsync(s_lookPause, cancellation);
        }

        phases.Mark("end");
        _loggers.StopSoon(set);
        await RememberSizeAsync(size, cancellation);
        LogStopped(_options.Name, Title);
        _cluster.Events.Tell(set, "Suspended", $"scaled from {Workload.ReplicasOf(set)} to 0 replicas");
    }

    /// <summary>The size that it had is the size that its template has from now on, so that it comes up with it whoever scales it up.</summary>
    private async Task RememberSizeAsync(ComputeSize? size, CancellationToken cancellation)
    {
        if (size is not { } kept)
        {
            return;
        }

        try
        {
            StatefulSet set = await AskAsync(cancellation);
            if (Workload.ReplicasOf(set) == 0 && Look().IsEnding)
            {
                await KeepSizeAsync(set, kept, cancellation);
            }
        }
        catch (Exception e) when (e is ApiException or ComputeException)
        {
            // a start gives it the size in any case
            LogPutOff(_options.Name, e.Message);
        }
    }

    private ComputeSize? SizeNow(StatefulSet set) => Engine is { } engine && Look().Pods.FirstOrDefault(pod => pod.Metadata.Name == engine.Identity.Name) is { } pod
        ? SizeOf(pod)
        : set.Spec.Template.Spec.FindContainer(_options.Container) is { } container ? Sizing.ContainerSizing.Read(container.Resources) : null;
}
