namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

internal enum GuardPhase : byte
{
    /// <summary>Nothing passes, and nothing runs. Nothing is promised that counts: to open it, the server is asked.</summary>
    Shut,

    /// <summary>Statements pass.</summary>
    Open,

    /// <summary>The gate is being drained for an intent; nothing is promised yet.</summary>
    Draining,

    /// <summary>Nothing passes, and that is promised, or being promised, for an intent.</summary>
    Drained,
}

/// <summary>What the server is being asked. Only the answer to what was asked after the last promise says anything.</summary>
internal enum GuardQuestion : byte
{
    None,

    /// <summary>How the StatefulSet is.</summary>
    Ask,

    /// <summary>To take the intent off it, and how it is then.</summary>
    Withdraw,
}

/// <summary>One gateway's side of the fence of one database.</summary>
internal readonly record struct GuardState
{
    public GuardPhase Phase { get; init; }

    /// <summary>This gateway's Lease is there, so that whoever lists the gateways waits for it.</summary>
    public bool IsMember { get; init; }

    /// <summary>The controller has found that the compute serves, and wants the gate open.</summary>
    public bool IsServing { get; init; }

    /// <summary>A statement waits for the compute.</summary>
    public bool Waits { get; init; }

    /// <summary>The server, asked since the last promise, said that no suspend is intended, and the gate is shut only because the compute does not serve yet.</summary>
    public bool IsFreed { get; init; }

    public GuardQuestion Question { get; init; }

    /// <summary>What the gate is drained for, or being drained.</summary>
    public Guid Intent { get; init; }

    public bool IsPatient { get; init; }

    /// <summary>An intent that this gateway refused, or knows to be taken back: it is not drained for once more when it is heard of late.</summary>
    public Guid Refused { get; init; }

    /// <summary>What was last heard of the StatefulSet. It may be late.</summary>
    public FenceView Heard { get; init; }

    /// <summary>An intent was heard of that this gateway has not answered.</summary>
    public bool IsAskedFor => Heard.Intent != Guid.Empty && Heard.Intent != Refused;
}
