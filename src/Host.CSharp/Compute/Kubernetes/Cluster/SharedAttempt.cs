namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>What is to be had once, by one attempt for all who want it. After one that failed whoever wants it next makes another: a server that was away is back at some time.</summary>
internal sealed class SharedAttempt<T>(Func<Task<T>> attempt)
{
    private readonly Lock _guard = new();
    private Task<T>? _last;

    /// <summary>What came of it; null: nothing yet.</summary>
    public Task<T>? Succeeded => Volatile.Read(ref _last) is { IsCompletedSuccessfully: true } done ? done : null;

    /// <param name="cancellation">Of the waiting alone: others may want it too.</param>
    public Task<T> GetAsync(CancellationToken cancellation)
    {
        lock (_guard)
        {
            if (_last is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _last = attempt();
            }

            return _last.WaitAsync(cancellation);
        }
    }
}
