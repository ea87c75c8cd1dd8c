namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

internal enum GuardInputKind : byte
{
    /// <summary>This gateway's Lease is there, and was written by this process.</summary>
    Joined,

    /// <summary>It is not there any more, or another process has it.</summary>
    Expelled,

    /// <summary>The controller has found that the compute serves, the same one or another.</summary>
    Served,

    /// <summary>The controller has found that the compute is gone.</summary>
    Gone,

    /// <summary>Something was heard of the StatefulSet, sooner or later than it was so.</summary>
    Heard,

    /// <summary>The server answered the question that is under way.</summary>
    Answered,

    /// <summary>It did not, and will not be listened to any more.</summary>
    Failed,

    /// <summary>Time to ask again.</summary>
    Retry,

    /// <summary>A statement waits for the compute.</summary>
    Held,

    /// <summary>None does any more.</summary>
    Eased,

    /// <summary>The gate is drained: no session has a connection and none gets one.</summary>
    DrainEnded,

    /// <summary>It could not be drained, and is open again.</summary>
    DrainRefused,

    /// <summary>The intent is neither carried out nor taken back, and its time is over, or who proposed it says so.</summary>
    Overdue,
}

/// <param name="View">For <see cref="GuardInputKind.Heard"/> and <see cref="GuardInputKind.Answered"/>.</param>
/// <param name="Intent">For <see cref="GuardInputKind.Overdue"/>.</param>
internal readonly record struct GuardInput(GuardInputKind Kind, FenceView View = default, Guid Intent = default);
