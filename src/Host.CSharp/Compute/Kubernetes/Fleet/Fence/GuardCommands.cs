namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

/// <summary>What a gateway is to do, in this order where there are several.</summary>
[Flags]
internal enum GuardCommands
{
    None = 0,

    /// <summary>Listen no more to the answer that is under way.</summary>
    Disown = 1,

    /// <summary>End the drain of the gate that is under way.</summary>
    CancelDrain = 2,

    /// <summary>Let statements pass.</summary>
    OpenGate = 4,

    /// <summary>Let nothing pass, and nothing run on.</summary>
    CloseGate = 8,

    /// <summary>Drain the gate for the intent.</summary>
    Drain = 16,

    /// <summary>Write the intent's id into this gateway's Lease.</summary>
    Promise = 32,

    /// <summary>Ask the server how the StatefulSet is.</summary>
    Ask = 64,

    /// <summary>Take the intent off the StatefulSet.</summary>
    Withdraw = 128,

    /// <summary>Tell the controller that the compute is scaled to zero.</summary>
    TellGone = 256,
}
