namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>A list as of one moment.</summary>
/// <param name="ResourceVersion">Where a watch goes on from.</param>
/// <param name="Unreadable">Objects that are there and could not be read, with the reason.</param>
internal sealed record ApiList<T>(IReadOnlyList<T> Items, string ResourceVersion, IReadOnlyList<UnreadableObject> Unreadable);

/// <summary>An object that is not what its kind should be. It exists; more than its name is not known.</summary>
internal sealed record UnreadableObject(ObjectName Name, string? ResourceVersion, string Reason);
