using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>One object became another. Whoever is slow is told of several changes of one object as of one, and of none that was undone meanwhile.</summary>
/// <param name="Before">Null: it was not there.</param>
/// <param name="After">Null: it is gone.</param>
internal readonly record struct CacheChange<T>(ObjectName Name, T? Before, T? After) where T : class, IApiObject
{
    /// <summary>The one before is gone, and another has its name.</summary>
    public bool IsReplacement => Before is not null && After is not null && Before.Metadata.Uid != After.Metadata.Uid;
}
