using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>The ConfigMaps of all databases, as this gateway asks for them and writes them: who begins to lead a thousand reads them with a list, and writes a few at a time.</summary>
internal sealed class KeptStates(IKubernetesApi api, FleetNames names, TimeProvider time) : IDisposable
{
    /// <summary>A thousand at once would keep the server from what others ask, the renewal of this gateway's own Lease among it.</summary>
    private const int MostWrittenAtOnce = 4;

    private readonly SemaphoreSlim _writing = new(MostWrittenAtOnce);
    /// <summary>Databases start one after the other, as fast as processors allow: so they are asked for together all the same.</summary>
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(500);

    /// <summary>All of the namespace, and not by their label: one that was restored by hand without it would be taken not to be there, and be overwritten.</summary>
    private readonly SharedReads<ConfigMap> _reads = new(api, Resources.ConfigMaps, names.Space, s_gather, time);

    /// <summary>The name of what is kept of a database.</summary>
    public ObjectName NameOf(ObjectName set) => names.State(set);

    /// <summary>Noted on each: by that changes of them are heard of.</summary>
    public string Fleet => names.Fleet;

    /// <summary>As the server has it at some moment after this was called.</summary>
    /// <returns>Null: there is none.</returns>
    /// <exception cref="ApiException">It cannot be read.</exception>
    public Task<ConfigMap?> ReadAsync(ObjectName name, CancellationToken cancellation) => _reads.FindAsync(name.Name, cancellation);

    /// <summary>As <see cref="OptimisticUpdate.ChangeAsync"/>, in turn.</summary>
    /// <param name="known">What is thought to be there; null: that is not known.</param>
    /// <exception cref="ApiException">It cannot be written.</exception>
    public async Task<ConfigMap?> ChangeAsync(ObjectName name, Func<ConfigMap?, ConfigMap?> change, Known<ConfigMap>? known, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            return await api.ChangeAsync(Resources.ConfigMaps, name, change, time, cancellation, known);
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();
}
