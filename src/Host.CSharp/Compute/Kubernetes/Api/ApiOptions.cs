namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Limits of the client; what is said here is right for nearly everybody.</summary>
internal sealed record ApiOptions
{
    /// <summary>For a call with all its attempts. A list has it for each of its pages.</summary>
    public TimeSpan CallTimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Until the head of an answer to a call that only reads, at the first attempt, or a third of the call's time where that is less; doubled with each. It is sent again then. A slow server has the rest of the
    /// call's time.
    /// </summary>
    public TimeSpan AttemptTimeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For a list with all its pages.</summary>
    public TimeSpan ListTimeLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Less than an attempt has, so that it is said that nobody was reached.</summary>
    public TimeSpan ConnectTimeLimit { get; init; } = TimeSpan.FromSeconds(4);

    public int MostAttempts { get; init; } = 5;

    /// <summary>Before the second attempt; doubled with each, and shortened at random by up to a half.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A server that wants to be left alone for longer is not asked again: the caller is told.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Of one answer, in bytes.</summary>
    public int LargestResponse { get; init; } = 64 << 20;

    /// <summary>Of a list with all its pages, in bytes.</summary>
    public long LargestList { get; init; } = 512 << 20;

    /// <summary>Of one event in a watch, in bytes. An object in etcd has at most 1.5 MiB, before it is written as JSON.</summary>
    public int LargestEvent { get; init; } = 8 << 20;

    /// <summary>Objects in a page of a list.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Pages of a list at most, so that a server which goes on for ever fills no memory.</summary>
    public int MostPages { get; init; } = 400;

    /// <summary>The server is asked to end a watch after this, and up to twice as long, so that not all of them end at once.</summary>
    public TimeSpan WatchTimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A watch that says nothing for this long, not even a bookmark (the server sends one about every minute), is taken for dead, and everything is listed again.</summary>
    public TimeSpan WatchSilence { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>
    /// A watch that ends sooner is a failure, whatever it said: to open one after the other would be asking without end. What is in it sooner may be of before it, so that until then it is not relied on.
    /// </summary>
    public TimeSpan ShortestWatch { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>With no watch and no list for longer than this, a new watch from the old version is not relied on: how far behind it is, nobody says. One list does.</summary>
    public TimeSpan LongestGap { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between attempts to list and watch again, to begin with; doubled with each failure in a row.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Short, since a statement may wait for what the next attempt sees.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(5);
}
