using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>
/// What the host asks of a Kubernetes API server: all that it knows of one, so that another client can take the place of ours.
/// Every call but a watch ends within a time limit, and failures are <see cref="ApiException"/>s. Safe to call from several threads.
/// </summary>
internal interface IKubernetesApi
{
    /// <summary>Where it connects to and as told by what, for messages.</summary>
    string Description { get; }

    /// <summary>The namespace to work in when nothing else is said.</summary>
    string Namespace { get; }

    /// <summary>The same, with calls (each, and each page of a list) that end within this time in place of the usual: a lease is lost while a call waits. Nothing of its own to dispose of.</summary>
    IKubernetesApi Within(TimeSpan limit);

    Task<T> GetAsync<T>(Resource<T> resource, ObjectName name, CancellationToken cancellation) where T : class, IApiObject;

    /// <summary>All of them as of one moment, however many requests that takes.</summary>
    /// <param name="space">Namespace; null: all of them.</param>
    Task<ApiList<T>> ListAsync<T>(Resource<T> resource, string? space, Selection selection, CancellationToken cancellation) where T : class, IApiObject;

    /// <summary>
    /// What changes from that version on, until the server ends it (which it does every few minutes; go on from the version of the last event).
    /// Told first of all: <see cref="WatchEventKind.Opened"/>, when the server has taken it; what happened until then comes after that, and so may <see cref="ApiFailure.Gone"/>.
    /// </summary>
    /// <exception cref="ApiException"><see cref="ApiFailure.Gone"/>: the server remembers nothing that old; list again.</exception>
    IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(Resource<T> resource, string? space, Selection selection, string resourceVersion, CancellationToken cancellation)
        where T : class, IApiObject;

    /// <returns>As the server has it now.</returns>
    Task<T> CreateAsync<T>(Resource<T> resource, string? space, T item, CancellationToken cancellation) where T : class, IApiObject;

    /// <summary>Puts this in the place of what is there. Only where the object's fields are known in full here: what is not known would be taken away.</summary>
    /// <exception cref="ArgumentException">They are not, or the object has no resourceVersion, so that what others wrote would be overwritten unseen.</exception>
    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: it is not what it was at the object's resourceVersion.</exception>
    Task<T> ReplaceAsync<T>(Resource<T> resource, T item, CancellationToken cancellation) where T : class, IApiObject;

    Task<T> PatchAsync<T>(Resource<T> resource, ObjectName name, Patch patch, CancellationToken cancellation) where T : class, IApiObject;

    /// <param name="uid">Only this one, and not another that has its name by now.</param>
    Task DeleteAsync<T>(Resource<T> resource, ObjectName name, string? uid, CancellationToken cancellation) where T : class, IApiObject;

    Task<ServerVersion> GetVersionAsync(CancellationToken cancellation);

    Task<ApiGroupList> GetGroupsAsync(CancellationToken cancellation);

    /// <param name="groupVersion">`v1`, `apps/v1`.</param>
    /// <exception cref="ApiException"><see cref="ApiFailure.NotFound"/>: it is not served.</exception>
    Task<ApiResourceList> GetResourcesAsync(string groupVersion, CancellationToken cancellation);
}
