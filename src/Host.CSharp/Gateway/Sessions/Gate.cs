using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// The state of a database's gate at one instant: a value that is replaced as a whole, so that each loop reads it with one volatile read.
/// </summary>
/// <param name="Backend">Where the compute serves; null when closed.</param>
/// <param name="Drain">The drain that is under way.</param>
/// <param name="Closed">Why there is no compute, in words.</param>
/// <param name="Refusal">What is held, and each new statement, gets this error at once; null: they wait.</param>
/// <param name="Opening">Goes up whenever another compute is behind the gate than before, be it at the same place.</param>
internal sealed record Gate(GatePhase Phase, BackendAddress? Backend, DrainRequest? Drain, string Closed, string? Refusal, long Opening)
{
    public static Gate Initial { get; } = new(GatePhase.Closed, Backend: null, Drain: null, "the database sleeps", Refusal: null, Opening: 0);

    public bool IsOpen => Phase == GatePhase.Open;

    /// <summary>A connection of that opening leads to the compute that is behind the gate.</summary>
    public bool LeadsTo(long opening) => Backend is not null && Opening == opening;

    /// <summary>An operator's drain lets those finish that have begun a transaction or hold state that cannot be restored.</summary>
    public bool LetsBusyFinish => Phase is GatePhase.Checking or GatePhase.Draining && Drain!.ByOperator;

    /// <summary>What a statement that waits is waiting for, in words.</summary>
    public string WaitsFor => Phase switch
    {
        GatePhase.Closed => $"the compute to start ({Closed})",
        GatePhase.Open => "a connection to the compute",
        _ => "the compute, which is being suspended",
    };
}
