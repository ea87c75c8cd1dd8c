using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Wesql;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Gateway.State;

namespace Serverless.Host.Control.Settings;

/// <summary>Everything `serverless up` was told, checked: file, then environment, then flags.</summary>
/// <param name="Data">Directory that holds what must outlive the process, one folder per database.</param>
public sealed record HostSettings(AdminSettings Admin, string Data, LogSettings Log, IReadOnlyList<DatabaseSettings> Databases)
{
    /// <summary>What all listeners for clients have in common.</summary>
    public ListenerOptions Listener { get; init; } = ListenerOptions.Default;

    /// <summary>Databases that are found by the label of their StatefulSets; null: none are looked for.</summary>
    public DiscoverySettings? Discovery { get; init; }

    /// <summary>All that is configured, and what those that are found have in common.</summary>
    public IEnumerable<DatabaseSettings> All => Discovery is { } found ? Databases.Append(found.Template) : Databases;

    /// <summary>How it is one of several gateways of the databases in clusters.</summary>
    public FleetSettings Fleet { get; init; } = FleetSettings.Default;
}

/// <param name="Namespaces">Where they are looked for; empty: in that of the context, or of the gateway's own pod.</param>
/// <param name="Template">All but their names.</param>
public sealed record DiscoverySettings(IReadOnlyList<string> Namespaces, DatabaseSettings Template)
{
    /// <summary>Of a StatefulSet that is a database: the name that it has here.</summary>
    public const string Label = SetAnnotations.DatabaseLabel;

    /// <summary>The database that was found.</summary>
    public DatabaseSettings Of(string name, string space, string statefulSet) => Template with
    {
        Name = name,
        Data = Path.Combine(Path.GetDirectoryName(Template.Data)!, name),
        Names = DatabaseNames.None with { UserPrefix = name },
        Kubernetes = Template.Kubernetes with { Namespace = space, StatefulSet = statefulSet, ReadsAnnotations = true },
    };
}

/// <param name="On">It agrees with the other gateways; otherwise it takes itself for the only one.</param>
/// <param name="Name">Gateways with another name serve other databases.</param>
/// <param name="Namespace">Where they keep what they tell each other; null: that of the gateway's own pod, or of the context.</param>
/// <param name="Replica">What this gateway is called among them; null: as its pod, or its host and data directory.</param>
/// <param name="LeaseFor">After which one that is not heard of is replaced as the leader, and counts as active.</param>
/// <param name="SharesAccounts">What is known of engines is kept for the others too, in Secrets.</param>
public sealed record FleetSettings(bool On, string Name, string? Namespace, string? Replica, TimeSpan LeaseFor, bool SharesAccounts = false)
{
    public static FleetSettings Default { get; } = new(true, "serverless", Namespace: null, Replica: null, TimeSpan.FromSeconds(15));
}

/// <param name="Token">Callers must send it as `Authorization: Bearer TOKEN`; null: none is asked for, and the address is loopback.</param>
/// <param name="Users">Users that may see all sessions of their database by SQL; null: each database's first account.</param>
public sealed record AdminSettings(IPEndPoint Listen, string? Token, IReadOnlyList<string>? Users = null);

/// <param name="Levels">Levels of single categories, by prefix.</param>
public sealed record LogSettings(LogLevel Level, IReadOnlyDictionary<string, LogLevel> Levels);

/// <param name="Listen">Where clients connect; databases with the same address share a listener.</param>
/// <param name="Backend">Where an external server takes connections; null for computes of our own.</param>
/// <param name="Rules">Folder of its rule files.</param>
/// <param name="Policy">Name of its policy in there; null: `default`, or the only one.</param>
/// <param name="Data">Directory of this database.</param>
/// <param name="User">First account of a local compute, created on the first start; of any other the gateway's own account.</param>
/// <param name="Password">Its password; null: one is made up and printed once, for a local compute.</param>
/// <param name="Shadow">Decisions are made, explained and logged, and not carried out.</param>
public sealed record DatabaseSettings(
    string Name, IPEndPoint Listen, ComputeKind Compute, IPEndPoint? Backend, string Rules, string? Policy, string Data, string User, string? Password, bool Shadow,
    EngineSettings Engine, LimitSettings Limits, TlsSettings Tls, BackendTls BackendTls)
{
    /// <summary>By what clients say that they mean it, where it shares its address with others.</summary>
    public DatabaseNames Names { get; init; } = DatabaseNames.None;

    public SharingSettings Sharing { get; init; } = SharingSettings.Default;

    /// <summary>Statements that are answered without the compute besides those that the gateway knows itself.</summary>
    public FixedAnswers Answers { get; init; } = FixedAnswers.None;

    /// <summary>Of a database that is a StatefulSet of a cluster.</summary>
    public KubernetesSettings Kubernetes { get; init; } = KubernetesSettings.Default;

    public DebugSettings Debug { get; init; } = DebugSettings.Default;
}

/// <summary>Sessions that do nothing lend their backend connections to others.</summary>
/// <param name="On">Those of users that are not named do.</param>
/// <param name="Users">By user name.</param>
/// <param name="After">How long a session is idle before it does.</param>
/// <param name="KeepFor">How long a connection is kept that no session uses.</param>
public sealed record SharingSettings(bool On, IReadOnlyDictionary<string, bool> Users, TimeSpan After, TimeSpan KeepFor)
{
    public static SharingSettings Default { get; } = new(true, new Dictionary<string, bool>(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
}

/// <summary>For tests of the gateway itself.</summary>
/// <param name="Detach">When a session is made to give its backend connection back, besides when it has to.</param>
public sealed record DebugSettings(ForcedDetach Detach)
{
    public static DebugSettings Default { get; } = new(ForcedDetach.Never);
}

public enum ForcedDetach
{
    Never,

    /// <summary>After every statement of a session that is not pinned.</summary>
    Statement,
}

public enum ComputeKind
{
    /// <summary>A process of this machine.</summary>
    Local,

    /// <summary>A server that somebody else runs: proxied and observed, never started, stopped or resized.</summary>
    External,

    /// <summary>A StatefulSet of a Kubernetes cluster.</summary>
    Kubernetes,
}

/// <summary>Which StatefulSet a database is.</summary>
/// <param name="Kubeconfig">File that tells of the cluster; null: where kubectl would look, and then the inside of a pod.</param>
/// <param name="Context">Of that file; null: the current one.</param>
/// <param name="Namespace">Null: the one of the context, or of the gateway's own pod.</param>
/// <param name="StatefulSet">Null: none was named.</param>
/// <param name="Container">Null: the one that the engine is in is found out.</param>
/// <param name="TrustsStorage">The data outlives the pods, whatever their volumes look like.</param>
/// <param name="ManagesBufferPool">The buffer pool follows the size.</param>
public sealed record KubernetesSettings(
    string? Kubeconfig, string? Context, string? Namespace, string? StatefulSet, string? Container, int Port, bool TrustsStorage, bool ManagesBufferPool, TimeSpan StartFor, TimeSpan ResizeFor)
{
    /// <summary>It is a WeSQL cluster, whose data node the StatefulSet is.</summary>
    public bool IsWesql { get; init; }

    /// <summary>StatefulSets of its loggers.</summary>
    public IReadOnlyList<string> Loggers { get; init; } = [];

    /// <summary>What a suspend of it has to do with a snapshot.</summary>
    public SnapshotMode Snapshot { get; init; } = SnapshotMode.Tried;

    public TimeSpan SnapshotFor { get; init; } = WesqlDefaults.SnapshotLimit;

    /// <summary>The engine is told each client's address by the PROXY protocol.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>How large nodes are is asked for.</summary>
    public bool NodeCapacity { get; init; }

    /// <summary>It was found by its label, and its annotations say the rest of it.</summary>
    public bool ReadsAnnotations { get; init; }

    public static KubernetesSettings Default { get; } = new(
        Kubeconfig: null, Context: null, Namespace: null, StatefulSet: null, Container: null, Port: 3306, TrustsStorage: false, ManagesBufferPool: true, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1));
}

/// <summary>TLS to clients.</summary>
/// <param name="Certificate">PEM file, issuers behind it; null: one of the gateway's own making.</param>
/// <param name="Key">PEM file of its key.</param>
public sealed record TlsSettings(ClientTlsMode Mode, string? Certificate, string? Key)
{
    public static TlsSettings Default { get; } = new(ClientTlsMode.Offered, Certificate: null, Key: null);
}

public enum ClientTlsMode
{
    Off,

    /// <summary>Clients choose.</summary>
    Offered,

    /// <summary>Clients that come over a network must.</summary>
    Required,
}

/// <summary>TLS to a server that is not a local compute.</summary>
public enum BackendTls
{
    Off,

    /// <summary>Where it offers any, whoever it is.</summary>
    Preferred,

    /// <summary>Or there is no connection; whoever it is.</summary>
    Required,

    /// <summary>And its certificate is signed by somebody this machine trusts, for the name or address that it is reached at.</summary>
    Verified,
}

/// <param name="Path">The engine's program; null: the first of mariadbd and mysqld found.</param>
/// <param name="Arguments">Further arguments of the engine.</param>
public sealed record EngineSettings(string? Path, IReadOnlyList<string> Arguments)
{
    /// <summary>How long a local engine may answer nothing before it is killed, as one that hangs.</summary>
    public TimeSpan SilentFor { get; init; } = Compute.Local.LocalComputeOptions.DefaultSilenceLimit;
}

/// <param name="Connections">Client connections at most; the next one gets error 1040.</param>
/// <param name="HeldStatements">Statements that may wait for the compute at one time.</param>
/// <param name="HeldBytes">Bytes of statements that may wait at one time.</param>
/// <param name="HeldFor">How long a statement may wait for the compute.</param>
/// <param name="DrainFor">How long a suspend may wait for sessions to give back their connections.</param>
/// <param name="BackendConnections">Connections to the compute at most; null: as many as sessions need.</param>
/// <param name="AuditBytes">Bytes of audit log kept on disk.</param>
public sealed record LimitSettings(
    int Connections, int HeldStatements, long HeldBytes, TimeSpan HeldFor, TimeSpan DrainFor, long AuditBytes, int? BackendConnections = null)
{
    public static LimitSettings Default { get; } =
        new(20_000, 10_000, 256L << 20, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10), 64L << 20);
}
