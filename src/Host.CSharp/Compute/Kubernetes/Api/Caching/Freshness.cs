namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>How far what a cache shows can be relied on to be so now.</summary>
/// <param name="SinceConfirmed">Since the server last said anything of it (a list, an event, a bookmark, that it took a watch); null: it never did.</param>
/// <param name="SinceLost">Since there is no watch, so that nothing that happens is heard of; null: there is one.</param>
/// <param name="Problem">Why there is none.</param>
internal readonly record struct Freshness(TimeSpan? SinceConfirmed, TimeSpan? SinceLost, string? Problem)
{
    /// <summary>What happens is heard of at once.</summary>
    public bool IsLive => SinceConfirmed is not null && SinceLost is null;
}
