using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>How gateways and server behave. What stands here is as it is; a test breaks one of them to show that it is seen.</summary>
internal sealed record FenceRules
{
    public Func<GuardState, GuardInput, (GuardState State, GuardCommands Commands)> Guard { get; init; } = GateGuard.Step;

    /// <summary>A stop is carried out only at the version that it names.</summary>
    public bool BindsStops { get; init; } = true;

    /// <summary>What is listed is as it is after the intent was written.</summary>
    public bool ListsAfterPublishing { get; init; } = true;

    /// <summary>A gateway that has not promised is waited for, also when it is not heard of.</summary>
    public bool WaitsForAll { get; init; } = true;

    /// <summary>Who left is not waited for when a list says so, and not when it is heard of.</summary>
    public bool ListsAgain { get; init; } = true;

    /// <summary>The Lease is there before the gate can open.</summary>
    public bool JoinsFirst { get; init; } = true;

    /// <summary>The StatefulSet is read before it is scaled, and must have the intent.</summary>
    public bool LooksForIntent { get; init; } = true;

    /// <summary>An id is never used again.</summary>
    public bool HasFreshIds { get; init; } = true;

    /// <summary>A fault is that a gateway, its Lease, its proposal or an answer is lost.</summary>
    public bool Fails { get; init; } = true;

    /// <summary>A fault is that a controller is mistaken about the compute, or a gate gives up an intent too soon.</summary>
    public bool Errs { get; init; }

    /// <summary>The suspends that are proposed are an operator's.</summary>
    public bool IsPatient { get; init; }
}
