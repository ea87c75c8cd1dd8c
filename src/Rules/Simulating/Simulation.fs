namespace Serverless.Rules

open System
open System.Threading
open Serverless.Core

/// Plays policies against loads in virtual time, and says what they come to: the same arguments give the same prediction, to the last digit.
/// Throws an ArgumentException for a compute that cannot be, and what the load throws when it is opened.
[<AbstractClass; Sealed>]
type Simulation =
    static member private Of(name: string, policy: Policy, compute: ComputeModel, load: LoadSource, begins: StartState, timeline: Timeline voption, cancellation: CancellationToken) : Prediction =
        compute.Check()
        let tally = Tally()
        let simulator = Simulator(policy, compute, load, begins, tally, timeline, Cancellation = cancellation)
        let length = simulator.Run()
        Prediction(name, policy, length, tally, simulator.Problem)

    /// From a compute that is suspended at the lowest size of its bounds, to the end of the load. A load that cannot be read to its end is taken to
    /// end there, and the prediction says so: `LoadSurvey` does before.
    static member Run(policy: Policy, load: LoadSource, compute: ComputeModel) : Prediction =
        Simulation.Of(policy.Name, policy, compute, load, StartsSuspended None, ValueNone, CancellationToken.None)

    /// The same, and throws an OperationCanceledException when it is cancelled.
    static member Run(policy: Policy, load: LoadSource, compute: ComputeModel, cancellation: CancellationToken) : Prediction =
        Simulation.Of(policy.Name, policy, compute, load, StartsSuspended None, ValueNone, cancellation)

    /// The same, and notes what happened when.
    static member Run(policy: Policy, load: LoadSource, compute: ComputeModel, timeline: Timeline) : Prediction =
        Simulation.Of(policy.Name, policy, compute, load, StartsSuspended None, ValueSome timeline, CancellationToken.None)

    /// From a compute that has run at this size for long, in thousandths of a unit.
    static member RunFrom(policy: Policy, load: LoadSource, compute: ComputeModel, size: int64) : Prediction =
        Simulation.Of(policy.Name, policy, compute, load, StartsRunning(size * 1L<mcu>, None), ValueNone, CancellationToken.None)

    /// A compute of this size, in thousandths of a policy's unit, that never sleeps and never changes.
    static member AlwaysOn(policy: Policy, size: int64, load: LoadSource, compute: ComputeModel) : Prediction =
        let bounds: Bounds = { Min = size * 1L<mcu>; Max = size * 1L<mcu>; During = None }

        let fixed' =
            { policy with
                Revision = "always on"
                Step = size * 1L<mcu>
                Bounds = [ bounds ]
                Rules = []
                Forbids = []
                Metrics = []
                Schedules = [] }

        Simulation.Of($"always on {Quantity.show Size size}", fixed', compute, load, StartsRunning(size * 1L<mcu>, None), ValueNone, CancellationToken.None)
