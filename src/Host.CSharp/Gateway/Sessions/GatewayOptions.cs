using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>What can be set about the sessions of the gateway.</summary>
public sealed record GatewayOptions
{
    /// <summary>Bounds on held statements, per database.</summary>
    public HoldLimits Hold { get; init; } = HoldLimits.PerDatabase;

    /// <summary>Bounds on held statements of all databases together.</summary>
    public HoldLimits HoldInAll { get; init; } = HoldLimits.InAll;

    /// <summary>Most logins to one database's compute at a time: after a wake all held sessions want one.</summary>
    public int ConcurrentAttaches { get; init; } = 32;

    /// <summary>Most sessions of one database that a drain takes back at a time, beside those that just end a statement.</summary>
    public int ConcurrentDetaches { get; init; } = 32;

    /// <summary>
    /// Memory for commands over 64 KiB, of all sessions together, in bytes. Within it a command is received whole, so that all of its text can be looked at;
    /// beyond it, and from 16 MiB on, it is passed on as it comes, and its session pinned.
    /// </summary>
    public long LongCommandBytes { get; init; } = 128L << 20;

    /// <summary>How long a client may take to read the end of an answer whose server has gone.</summary>
    public TimeSpan ClientReadsWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most backend connections of one database, idle ones included.</summary>
    public int MostBackends { get; init; } = int.MaxValue;

    public SharingOptions Sharing { get; init; } = SharingOptions.Off;

    /// <summary>Statements that are answered without the compute besides those that the gateway knows itself.</summary>
    public FixedAnswers Answers { get; init; } = FixedAnswers.None;

    /// <summary>Users that may see all sessions by SQL.</summary>
    public IReadOnlySet<string> AdminUsers { get; init; } = new HashSet<string>();

    /// <summary>
    /// For tests of the restoring of sessions: each gives its backend connection back after every statement, and is given a new one for the next. Slow.
    /// </summary>
    public bool DetachAfterEachStatement { get; init; }

    /// <summary>Most sessions that are named, each with its reason, in a reading.</summary>
    public int PinnedSessionsNamed { get; init; } = 100;
}
