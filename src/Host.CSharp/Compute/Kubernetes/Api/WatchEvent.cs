using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

internal enum WatchEventKind
{
    /// <summary>
    /// The server has taken the watch. What happened between its version and now is still to come, and so may be an error that says that the version is too old: nothing is confirmed by it.
    /// </summary>
    Opened,

    /// <summary>It is there now: was added, or changed.</summary>
    Present,

    Deleted,

    /// <summary>Nothing changed up to this version.</summary>
    Bookmark,

    /// <summary>It was added or changed, and could not be read.</summary>
    Unreadable,
}

/// <param name="Name">Of what it is about; of nothing for <see cref="WatchEventKind.Opened"/> and bookmarks.</param>
/// <param name="ResourceVersion">Where a watch goes on from after this; null: it did not move.</param>
/// <param name="Object">As it is now, for <see cref="WatchEventKind.Present"/>.</param>
/// <param name="Problem">Why it could not be read.</param>
internal readonly record struct WatchEvent<T>(WatchEventKind Kind, ObjectName Name, string? ResourceVersion, T? Object = null, string? Problem = null) where T : class, IApiObject;
