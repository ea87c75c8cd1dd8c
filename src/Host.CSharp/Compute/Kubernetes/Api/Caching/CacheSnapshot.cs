using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>What a cache knows at one moment. A value: it does not change while it is looked at.</summary>
/// <param name="Items">As they were last heard of.</param>
/// <param name="Freshness">How far they can be relied on to be so now.</param>
/// <param name="Unreadable">
/// Objects that are there and whose newest state could not be read, with the reason: each is in <paramref name="Items"/> as it was before, which may be wrong however fresh the rest is, or, when it
/// never was readable, not at all.
/// </param>
internal sealed record CacheSnapshot<T>(IReadOnlyDictionary<ObjectName, T> Items, Freshness Freshness, IReadOnlyDictionary<ObjectName, string> Unreadable) where T : class, IApiObject;
