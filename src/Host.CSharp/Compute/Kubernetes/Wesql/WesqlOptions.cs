namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>A database that is a WeSQL cluster: a data node, which is the StatefulSet of the database, and loggers, which keep its log with it and hold no data.</summary>
internal sealed record WesqlOptions
{
    /// <summary>StatefulSets of the loggers, in the namespace of the data node's; empty: the data node is a cluster of its own.</summary>
    public IReadOnlyList<string> Loggers { get; init; } = [];

    /// <summary>They were named by an annotation and not by who runs the gateway: each must say itself whose it is.</summary>
    public bool LoggersMustAgree { get; init; }

    public SnapshotMode Snapshot { get; init; } = SnapshotMode.Tried;

    /// <summary>How long a snapshot may take before a suspend.</summary>
    public TimeSpan SnapshotLimit { get; init; } = WesqlDefaults.SnapshotLimit;
}

internal static class WesqlDefaults
{
    public static readonly TimeSpan SnapshotLimit = TimeSpan.FromSeconds(30);

    /// <summary>The intent to suspend, which all gateways have promised, is taken back after 90 s; preparing InnoDB and the requests need some of it.</summary>
    public static readonly TimeSpan LongestSnapshotLimit = TimeSpan.FromSeconds(60);
}

/// <summary>What a suspend has to do with a snapshot in the object store.</summary>
public enum SnapshotMode
{
    /// <summary>It is asked for and waited for; a suspend goes on without it where the data is on claims.</summary>
    Tried,

    /// <summary>No suspend without it.</summary>
    Required,

    /// <summary>It is not asked for.</summary>
    Off,
}
