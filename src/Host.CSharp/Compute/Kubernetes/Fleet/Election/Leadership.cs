namespace Serverless.Host.Compute.Kubernetes.Fleet.Election;

/// <summary>Who leads, as this gateway knows.</summary>
/// <param name="IsHere">This gateway does.</param>
/// <param name="Holder">The one that the Lease names; null: none, or nothing is known.</param>
/// <param name="Term">How often the leader has changed since the Lease was made.</param>
/// <param name="Election">The uid of the Lease that it is a term of; null: nothing is known.</param>
internal readonly record struct Leadership(bool IsHere, string? Holder, int Term, string? Election);
