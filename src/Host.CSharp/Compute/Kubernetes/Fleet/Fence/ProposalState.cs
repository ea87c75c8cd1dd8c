using System.Collections.Immutable;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

internal enum ProposalPhase : byte
{
    /// <summary>The intent is being written.</summary>
    Publishing,

    /// <summary>It is there, and the gateways are being listed.</summary>
    Listing,

    /// <summary>Some have not promised yet.</summary>
    Waiting,

    /// <summary>All have. The controller may go on.</summary>
    Agreed,

    /// <summary>The controller has; the StatefulSet is read.</summary>
    Judging,

    /// <summary>It is being scaled to zero, at the version that was read.</summary>
    Stopping,

    Stopped,

    /// <summary>Nothing comes of it.</summary>
    Off,
}

/// <summary>A suspend that this gateway proposes to all of them.</summary>
/// <param name="Awaited">The gateways that have not promised.</param>
/// <param name="Version">The version that the stop is bound to.</param>
internal sealed record ProposalState(ProposalPhase Phase, Guid Intent, ImmutableSortedSet<string> Awaited, string? Version);

[Flags]
internal enum ProposalCommands
{
    None = 0,

    /// <summary>Write the intent, on a StatefulSet that is up and has none.</summary>
    Publish = 1,

    /// <summary>List the gateways as the server has them now.</summary>
    List = 2,

    /// <summary>Tell the controller that all have promised.</summary>
    Agree = 4,

    /// <summary>Read the StatefulSet.</summary>
    Ask = 8,

    /// <summary>Scale it to zero at the version.</summary>
    Stop = 16,

    /// <summary>Take the intent off it, whatever else is done.</summary>
    Withdraw = 32,

    /// <summary>Tell the controller how it ended.</summary>
    End = 64,
}
