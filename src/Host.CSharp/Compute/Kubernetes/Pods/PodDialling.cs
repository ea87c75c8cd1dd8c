using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;

namespace Serverless.Host.Compute.Kubernetes.Pods;

/// <summary>
/// Tries the pods of a StatefulSet until one serves: each by its address as soon as it has one, with a whole login and an answer. Neither a readiness probe nor a
/// name in DNS says more, and both say it later.
/// </summary>
internal sealed class PodDialling(KubernetesComputeOptions options, Func<Pod, PodEngine> reach) : IAsyncDisposable
{
    private readonly Dictionary<PodIdentity, PodEngine> _engines = [];

    /// <summary>Why the last attempt that failed did; null: none has.</summary>
    public EngineSqlException? LastFailure { get; private set; }

    /// <summary>Why the last that answered is not the one to go to, where one has to lead; null: it is, or none answered.</summary>
    public string? Unled { get; private set; }

    /// <summary>There is somebody to be tried again in a moment.</summary>
    public bool HasAny => _engines.Count > 0;

    /// <returns>The one that sessions go to: it answers and takes writes; null: there is none yet.</returns>
    public Task<PodEngine?> FindAsync(Workload now, CancellationToken cancellation) => FindAsync(now, PodRole.TakesWritesAsync, cancellation);

    /// <param name="role">What it must be among several.</param>
    public async Task<PodEngine?> FindAsync(Workload now, Func<PodEngine, CancellationToken, Task<bool>> role, CancellationToken cancellation)
    {
        List<Pod> alive = [.. now.Pods.Where(pod => !pod.IsTerminating() && !pod.IsOver() && pod.Address() is not null)];
        await KeepAsync(alive);
        PodEngine[] tried = [.. alive.Select(pod => _engines[PodIdentity.Of(pod, options.Container)])];
        bool[] answers = await Task.WhenAll(tried.Select(engine => AnswersAsync(engine, cancellation)));
        PodEngine[] answering = [.. tried.Where((_, index) => answers[index])];
        Unled = null;
        if (now.Replicas == 1 && options.Wesql is null)
        {
            return answering.FirstOrDefault();
        }

        foreach (PodEngine engine in answering)
        {
            if (await IsAsync(engine, role, cancellation))
            {
                return engine;
            }
        }

        return null;
    }

    /// <summary>It is somebody else's from here on.</summary>
    public void Release(PodEngine engine) => _engines.Remove(engine.Identity);

    public async ValueTask DisposeAsync()
    {
        foreach (PodEngine engine in _engines.Values)
        {
            await engine.DisposeAsync();
        }

        _engines.Clear();
    }

    private async Task KeepAsync(List<Pod> alive)
    {
        HashSet<PodIdentity> wanted = [.. alive.Select(pod => PodIdentity.Of(pod, options.Container))];
        foreach (PodEngine past in _engines.Values.Where(one => !wanted.Contains(one.Identity)).ToArray())
        {
            _engines.Remove(past.Identity);
            await past.DisposeAsync();
        }

        foreach (Pod pod in alive.Where(pod => !_engines.ContainsKey(PodIdentity.Of(pod, options.Container))))
        {
            PodEngine engine = reach(pod);
            _engines[engine.Identity] = engine;
        }
    }

    private async Task<bool> AnswersAsync(PodEngine engine, CancellationToken cancellation)
    {
        EngineSqlException? failure = await engine.Sql.TryConnectAsync(cancellation, options.DialLimit);
        LastFailure = failure ?? LastFailure;
        return failure is null;
    }

    private async Task<bool> IsAsync(PodEngine engine, Func<PodEngine, CancellationToken, Task<bool>> role, CancellationToken cancellation)
    {
        try
        {
            bool isIt = await role(engine, cancellation);
            Unled = isIt || engine.RoleSaid is null ? Unled : $"pod {engine.Identity.Name} answers, and {engine.RoleSaid}";
            return isIt;
        }
        catch (EngineSqlException failure)
        {
            LastFailure = failure;
            Unled = options.Wesql is null ? Unled : $"pod {engine.Identity.Name} answers, and does not say whether it leads: {failure.Message}";
            return false;
        }
    }
}
