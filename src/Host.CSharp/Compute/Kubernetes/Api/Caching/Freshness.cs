namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>How far what a cache shows can be relied on to be so now.</summary>
/// <param name="SinceConfirmed">
/// Since the moment that it was certainly so: when a list was asked for, or an event or a bookmark came in a watch that had caught up; null: there was none. That a server takes a watch confirms
/// nothing: what was missed, or that too much was, comes after that.
/// </param>
/// <param name="SinceLost">Since there is no watch that misses nothing and lasts, so that what happens may not be heard of; null: there is one.</param>
/// <param name="Problem">Why there is none.</param>
internal readonly record struct Freshness(TimeSpan? SinceConfirmed, TimeSpan? SinceLost, string? Problem)
{
    /// <summary>What happens is heard of at once.</summary>
    public bool IsLive => SinceConfirmed is not null && SinceLost is null;
}
