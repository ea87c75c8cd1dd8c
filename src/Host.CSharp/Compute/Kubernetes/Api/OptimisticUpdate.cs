using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Changes an object that others change too: a conflict is met by reading it again and deciding anew, never by writing what was decided before.</summary>
internal static class OptimisticUpdate
{
    private const int MostAttempts = 8;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(10);

    /// <param name="change">
    /// Given what is there (null: nothing), what should be. It may be called several times, each time with what is there then. The same object, or null: nothing is to be done.
    /// </param>
    /// <param name="known">What is thought to be there, so that it need not be read first; where it is not so any more the server says so, and where nothing is to be done about it, it is read. Null: that is not known.</param>
    /// <returns>What is there in the end; null: nothing, and nothing was wanted.</returns>
    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: others wrote each time.</exception>
    public static async Task<T?> ChangeAsync<T>(this IKubernetesApi api, Resource<T> resource, ObjectName name, Func<T?, T?> change, TimeProvider time, CancellationToken cancellation, Known<T>? known = null)
        where T : class, IApiObject
    {
        for (int attempt = 1; ; attempt++)
        {
            T? found = known is { Item: var thought } ? thought : await api.FindAsync(resource, name, cancellation);
            T? wanted = change(found);
            if (known is not null && (wanted is null || ReferenceEquals(wanted, found)))
            {
                found = await api.FindAsync(resource, name, cancellation);
                wanted = change(found);
            }

            known = null;
            if (wanted is null || ReferenceEquals(wanted, found))
            {
                return found;
            }

            if (wanted.Metadata.ResourceVersion != found?.Metadata.ResourceVersion || wanted.Metadata.Name != name.Name)
            {
                throw new InvalidOperationException($"a change of {resource.Name} {name} must keep its name and resourceVersion, without which a conflict is not noticed");
            }

            try
            {
                return found is null ? await api.CreateAsync(resource, name.Space, wanted, cancellation) : await api.ReplaceAsync(resource, wanted, cancellation);
            }
            catch (ApiException e) when (attempt < MostAttempts && CanHelp(e.Failure, found is null))
            {
                await Task.Delay(FirstDelay * attempt * (0.5 + Random.Shared.NextDouble()), time, cancellation);
            }
        }
    }

    /// <returns>Null: it is not there.</returns>
    public static async Task<T?> FindAsync<T>(this IKubernetesApi api, Resource<T> resource, ObjectName name, CancellationToken cancellation) where T : class, IApiObject
    {
        try
        {
            return await api.GetAsync(resource, name, cancellation);
        }
        catch (ApiException e) when (e.Failure == ApiFailure.NotFound)
        {
            return null;
        }
    }

    /// <summary>What was not found while it was created is the namespace, and that no reading again brings.</summary>
    private static bool CanHelp(ApiFailure failure, bool creating) => failure is ApiFailure.Conflict or ApiFailure.AlreadyExists || (failure == ApiFailure.NotFound && !creating);
}

/// <summary>What an object was when it was read or written last.</summary>
/// <param name="Item">Null: it was not there.</param>
internal sealed record Known<T>(T? Item) where T : class, IApiObject;
