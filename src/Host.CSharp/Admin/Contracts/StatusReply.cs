namespace Serverless.Host.Admin;

/// <summary>`GET /api/databases/{name}`: what a database is doing, and why.</summary>
public sealed record StatusReply
{
    public required string Name { get; init; }

    /// <summary>`suspended`, `resuming`, `running`, `resizing`, `draining`, `suspending` or `failed`.</summary>
    public required string Phase { get; init; }

    /// <summary>Since when it is in this phase, UTC.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>An operator took it out of the rules' hands.</summary>
    public bool Paused { get; init; }

    /// <summary>Decisions are made and logged, and not carried out.</summary>
    public bool Shadow { get; init; }

    /// <summary>What went wrong or stands in the way, in words; null: nothing.</summary>
    public string? Reason { get; init; }

    public required SizeReply Size { get; init; }

    public required ConnectionsReply Connections { get; init; }

    /// <summary>Seconds since the last statement that would wake the compute ended; null before the first one.</summary>
    public double? IdleSeconds { get; init; }

    public required PolicyReply Policy { get; init; }

    public required ComputeReply Compute { get; init; }

    public ResumeReply? LastResume { get; init; }

    /// <summary>The last effect and what became of it.</summary>
    public EffectReply? LastEffect { get; init; }

    /// <summary>What the rules would do and may not now.</summary>
    public IReadOnlyList<BlockedReply> Blocked { get; init; } = [];

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What the metrics of the policy's own (`from sql`) gave when they were asked last.</summary>
    public IReadOnlyList<UserMetricReply> UserMetrics { get; init; } = [];

    /// <summary>The gateways that serve it together; null: this one is alone.</summary>
    public FleetReply? Fleet { get; init; }

    public required SpentReply Spent { get; init; }

    /// <summary>When it is looked at again if nothing happens, UTC.</summary>
    public DateTimeOffset NextCheck { get; init; }
}

/// <param name="Cu">Compute units.</param>
public sealed record SizeReply(double Cu, long CpuMillicores, long MemoryBytes);

/// <param name="Active">Connections that run a statement or hold a backend connection.</param>
/// <param name="Held">Statements that wait for the compute.</param>
/// <param name="Parked">Connections that hold no backend connection.</param>
public sealed record ConnectionsReply(
    int Open, int Active, int Running, int Held, int InTransaction, int Parked, IReadOnlyList<PinnedReply> Pinned);

/// <param name="Why">What cannot be restored, in words.</param>
public sealed record PinnedReply(uint Id, string Account, string Why, double IdleSeconds);

/// <param name="Error">Why the rule files as they are now are not in force; null: they are.</param>
public sealed record PolicyReply(string Name, string Revision, string? Error);

/// <param name="Starts">Starts since the gateway itself started.</param>
/// <param name="Crashes">Ends that nobody asked for, since the gateway itself started.</param>
/// <param name="Address">Where clients connect.</param>
public sealed record ComputeReply(string Kind, long Starts, long Stops, long Crashes, string Address)
{
    /// <summary>What the machine or node has for it at most; null: that is not known.</summary>
    public CapacityReply? Capacity { get; init; }
}

public sealed record CapacityReply(long CpuMillicores, long MemoryBytes);

/// <param name="TotalMs">From the statement that woke it (or the decision) until sessions could attach.</param>
/// <param name="PhasesMs">`decide`, `start`, `connect`, `restore`, and those of the engine's own start.</param>
public sealed record ResumeReply(DateTimeOffset At, double TotalMs, IReadOnlyDictionary<string, double> PhasesMs);

/// <param name="Outcome">`underway`, `succeeded`, `failed`, `refused`, `withheld` (shadow mode), `deferred`, `infeasible` or `cancelled`.</param>
/// <param name="Reason">In words, where it did not succeed.</param>
public sealed record EffectReply(string Effect, DateTimeOffset At, string Outcome, string? Reason);

public sealed record BlockedReply(string Rule, string Proposal, string By, string Reason, DateTimeOffset? Until);

/// <param name="Lease">That the gateways are led by.</param>
/// <param name="Replica">The gateway that was asked.</param>
/// <param name="Leads">It leads: what is decided about the database is carried out here.</param>
/// <param name="Leader">The gateway that leads; null: none, or that is not known.</param>
/// <param name="Term">How often the leader has changed.</param>
/// <param name="IsMember">It has its own Lease; without it nothing passes.</param>
/// <param name="Gateways">All of them.</param>
public sealed record FleetReply(string Lease, string Replica, bool Leads, string? Leader, int Term, bool IsMember, IReadOnlyList<GatewayReply> Gateways);

/// <param name="HeardSecondsAgo">Since it was heard of.</param>
/// <param name="IsKnown">It was heard of lately; otherwise it counts as active, and nothing is suspended.</param>
public sealed record GatewayReply(string Replica, double HeardSecondsAgo, bool IsKnown);

/// <summary>Compute-unit hours used.</summary>
/// <param name="Day">Since local midnight.</param>
/// <param name="Month">Since the first of the local month.</param>
public sealed record SpentReply(double Day, double Month);

/// <param name="At">When it was asked, UTC.</param>
/// <param name="Value">As the engine answered, cut off after 80 characters.</param>
/// <param name="Error">Why there is no sample, in words; null: there is one.</param>
public sealed record UserMetricReply(string Name, DateTimeOffset At, string? Value, string? Error);
