using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Sizing;

namespace Serverless.Host.Compute.Kubernetes;

internal sealed partial class KubernetesCompute
{
    /// <summary>Half of this is added to a wake on average. An engine that was stopped well answers within seconds; one that takes longer recovers, and is asked less often.</summary>
    private static readonly TimeSpan s_dialPause = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan s_recoveryDialPause = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan s_longestPlainStart = TimeSpan.FromSeconds(5);

    /// <summary>While there is nobody to be dialled the watch tells when there is; this is for a watch that is being made anew.</summary>
    private static readonly TimeSpan s_lookPause = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan s_longestRetryPause = TimeSpan.FromSeconds(2);

    /// <summary>ER_ACCESS_DENIED_ERROR, ER_HOST_NOT_PRIVILEGED, ER_ACCESS_DENIED_NO_PASSWORD_ERROR: no waiting makes them go away, beyond the time an image takes to make its accounts.</summary>
    private static readonly int[] s_refusals = [1045, 1130, 1698];

    /// <inheritdoc/>
    public async ValueTask<EffectResult> StartAsync(ComputeSize size, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await EndFittingAsync();
            var phases = new PhaseClock(_time);
            long began = _time.GetTimestamp();
            StatefulSet set = await ScaleUpAsync(size, began, phases, cancellation);
            PodEngine engine = await WaitForAnswerAsync(began, phases, cancellation);
            await ServeAsync(engine);
            FitSoon(engine, size);
            TimeSpan took = _time.GetElapsedTime(began);
            LogStarted(_options.Name, engine.Identity.Name, took.TotalMilliseconds);
            _cluster.Events.Tell(set, "Resumed", string.Create(CultureInfo.InvariantCulture, $"pod {engine.Identity.Name} answers after {took.TotalSeconds:0.0} s"));
            return new EffectResult.Done(phases.PhasesMs);
        }
        catch (ComputeException e)
        {
            LogStartFailed(_options.Name, e.Message);
            if (Look().Set is { } set)
            {
                _cluster.Events.Tell(set, "ResumeFailed", e.Message, isWarning: true);
            }

            return new EffectResult.Failed(e.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Sees to it that pods are wanted. Whatever fails in passing is tried again for as long as a start may take, each time on the state as it is then: whether a request that got no answer was
    /// carried out shows there.
    /// </summary>
    private async Task<StatefulSet> ScaleUpAsync(ComputeSize size, long began, PhaseClock phases, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await _loggers.StartAsync(asks: attempt > 1, cancellation);

                // Watched, and at zero: what it would cost to ask is saved, and the version shows if it was old.
                Workload seen = Look();
                StatefulSet set = attempt == 1 && seen is { IsLive: true, Set: { } known, Replicas: 0 } ? known : await AskAsync(cancellation);
                if (Workload.ReplicasOf(set) == 0)
                {
                    if (Look() is { IsLive: true, IsEnding: true })
                    {
                        set = await KeepSizeAsync(set, size, cancellation);
                    }

                    await ScaleAsync(set, _lastReplicas is > 0 and var last ? last : ReplicaRecord.Recall(set), cancellation);
                }

                await _loggers.ReleaseAsync(cancellation);
                phases.Mark("scale");
                return set;
            }
            catch (ApiException e) when (_time.GetElapsedTime(began) < PatienceWith(e))
            {
                LogPutOff(_options.Name, e.Message);
                await PauseAsync(TimeSpan.FromMilliseconds(e.Failure == ApiFailure.Conflict ? 10 : 100), attempt, cancellation);
            }
            catch (ApiException e)
            {
                throw new ComputeException(e.Message, e);
            }
        }
    }

    /// <summary>How long it is tried again. A server that has just started refuses what it allows a moment later, and a token that was replaced is read again.</summary>
    private TimeSpan PatienceWith(ApiException failure) => failure switch
    {
        { Failure: ApiFailure.Conflict } or { IsPassing: true } => _options.StartLimit,
        { Failure: ApiFailure.Unauthorized or ApiFailure.Forbidden or ApiFailure.NoCredentials } => _options.RefusalLimit,
        _ => TimeSpan.Zero,
    };

    /// <summary>As it is now, by the server itself.</summary>
    private async Task<StatefulSet> AskAsync(CancellationToken cancellation)
    {
        StatefulSet set = await _cluster.Api.FindAsync(Resources.StatefulSets, Name, cancellation) ?? throw new ComputeException($"there is no {Title}: create it, or mend `kubernetes:statefulSet`");
        return set.Metadata.DeletionTimestamp is null ? set : throw new ComputeException($"{Title} is being deleted");
    }

    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: it is not what it was when this was decided.</exception>
    private Task ScaleAsync(StatefulSet set, int replicas, CancellationToken cancellation) => SetScale.ChangeAsync(_cluster.Api, set, replicas, cancellation);

    /// <summary>
    /// Gives the pods of the next start their size; only while there is none that the change would replace, since a pod that the controller has not told to end yet serves on when it is wanted again. A
    /// cluster that does not let us, or has it otherwise, starts them at the size they have: better than none.
    /// </summary>
    /// <returns>The StatefulSet as it is then.</returns>
    private async Task<StatefulSet> KeepSizeAsync(StatefulSet set, ComputeSize size, CancellationToken cancellation)
    {
        if (set.Spec.Template.Spec.FindContainer(_options.Container) is not { } container)
        {
            throw new ComputeException($"{Title} has no container `{_options.Container}` any more: mend `kubernetes:container`");
        }

        if (ContainerSizing.WhyUnsizable(container.Resources, container.Name) is { } unsizable)
        {
            LogUnsized(_options.Name, unsizable);
            return set;
        }

        ResourceAmounts wanted = ContainerSizing.Apply(container.Resources, size);
        if (ContainerSizing.AreSame(wanted, container.Resources))
        {
            return set;
        }

        var change = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = set.Metadata.ResourceVersion },
            ["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = new JsonObject { ["containers"] = new JsonArray(ContainerSizing.Patch(container.Name, wanted)) } } },
        };
        try
        {
            return await _cluster.Api.PatchAsync(Resources.StatefulSets, Name, Patch.Strategic(change), cancellation);
        }
        catch (ApiException e) when (e.Failure is ApiFailure.Forbidden or ApiFailure.Invalid)
        {
            LogUnsized(_options.Name, e.Message);
            return set;
        }
    }

    private async Task<PodEngine> WaitForAnswerAsync(long began, PhaseClock phases, CancellationToken cancellation)
    {
        await using var dialling = new PodDialling(_options, Reach);
        long? refusedSince = null;
        long asked = _time.GetTimestamp();
        long? dialledSince = null;
        while (true)
        {
            Workload now = Look();
            PodEngine? found = await dialling.FindAsync(now, cancellation);
            _unled = dialling.Unled;
            if (found is { } engine)
            {
                dialling.Release(engine);
                phases.Mark("engine");
                return engine;
            }

            if (dialling.HasAny && dialledSince is null)
            {
                dialledSince = _time.GetTimestamp();
                phases.Mark("pod");
            }

            refusedSince = dialling.LastFailure?.Code is { } code && s_refusals.Contains(code) ? refusedSince ?? _time.GetTimestamp() : null;
            if (refusedSince is { } since && _time.GetElapsedTime(since) > _options.RefusalLimit)
            {
                throw new ComputeException($"the engine refuses the gateway's own account `{_options.User}`: {dialling.LastFailure!.Message}. Mend `user` and `password`, or make the account");
            }

            if (_time.GetElapsedTime(began) > _options.StartLimit)
            {
                throw new ComputeException(WhyLate(now, dialling));
            }

            if (now.Replicas == 0 && _time.GetElapsedTime(asked) > TimeSpan.FromSeconds(1))
            {
                // the watch may be behind our own request; somebody else's hand shows when it is asked
                asked = _time.GetTimestamp();
                await VerifyWantedAsync(cancellation);
            }

            TimeSpan pause = !dialling.HasAny ? s_lookPause : _time.GetElapsedTime(dialledSince!.Value) < s_longestPlainStart ? s_dialPause : s_recoveryDialPause;
            await _news.WaitAsync(pause, cancellation);
        }
    }

    private async Task VerifyWantedAsync(CancellationToken cancellation)
    {
        try
        {
            if (Workload.ReplicasOf(await AskAsync(cancellation)) == 0)
            {
                throw new ComputeException($"{Title} was scaled to 0 by somebody else while it was starting");
            }
        }
        catch (ApiException e)
        {
            // what runs may run on, and answer, without its API server
            LogPutOff(_options.Name, e.Message);
        }
    }

    private string WhyLate(Workload now, PodDialling dialling)
    {
        string last = dialling.LastFailure is { } failure ? $" (the last attempt: {failure.Message})" : "";
        string heard = now.IsLive ? "" : $"; the Kubernetes API server is not heard: {now.Trouble}";
        return string.Create(CultureInfo.InvariantCulture, $"no pod of {Title} answered within {_options.StartLimit.TotalSeconds:0.#} s: {WhyNotServing(now)}{last}{heard}");
    }

    private Task PauseAsync(TimeSpan first, int attempt, CancellationToken cancellation)
    {
        double exponential = Math.Min(s_longestRetryPause.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 10)));
        return Task.Delay(TimeSpan.FromMilliseconds(exponential * (0.5 + (Random.Shared.NextDouble() / 2))), _time, cancellation);
    }
}
