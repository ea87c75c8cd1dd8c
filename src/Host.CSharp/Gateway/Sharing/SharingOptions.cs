namespace Serverless.Host.Gateway.Sharing;

/// <summary>Whether, and when, sessions that do nothing lend their backend connections to others.</summary>
public sealed record SharingOptions
{
    /// <summary>No session does.</summary>
    public static SharingOptions Off { get; } = new();

    /// <summary>Sessions of users that <see cref="Users"/> does not name share.</summary>
    public bool On { get; init; }

    /// <summary>By user name, as clients log in with it.</summary>
    public IReadOnlyDictionary<string, bool> Users { get; init; } = new Dictionary<string, bool>();

    /// <summary>How long a session is idle before it gives its connection back; at once when another waits for one.</summary>
    public TimeSpan After { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a connection is kept that no session uses.</summary>
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromSeconds(60);

    public bool IsOnFor(string user) => Users.TryGetValue(user, out var own) ? own : On;

    /// <summary>Somebody shares.</summary>
    public bool IsOnForAny => On || Users.Values.Any(on => on);
}
