using System.Collections.Immutable;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>What is stored at one moment, all of it exchanged at once.</summary>
/// <param name="Items">As they were last readable.</param>
/// <param name="Unreadable">Those whose newest state could not be read, and why.</param>
internal sealed record StoreContents<T>(ImmutableDictionary<ObjectName, T> Items, ImmutableDictionary<ObjectName, string> Unreadable) where T : class, IApiObject;
