/// The kernel under a load that never changes: usage follows from the size, and what it asks for is done at once. Finer than the closed loop
/// of the rules, in that it says when the first sample comes after a resize, on which the order of things can depend.
module Serverless.Tests.Property.Rules.Analysis.ConstantLoad

open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Core.Policies

/// Millicores in use, and memory in use, in thousandths of what a unit has beside the buffer pool.
type Load = { Millicores: decimal; Memory: decimal }

let private usage (used: decimal) (allocation: int64) = int64 (System.Math.Round(used * 10_000m / decimal allocation))

let private period = seconds 5

/// Somebody is at work, so nothing sleeps.
let private busy = { quiet with Running = 1; Open = 1; Active = 1 }

/// The sizes one after the other, the first one included, until nothing has changed for so long, or after so many changes.
/// After each resize the first sample comes this much later, and the others at their period.
let sizes (policy: Policy) (load: Load) (start: int64<mcu>) (at: int64<ms>) (firstSample: int64<ms>) (settled: int64<ms>) (most: int) : int64<mcu> list =
    let mutable state = Kernel.initial policy at
    let mutable now = at
    let mutable visited = [ start ]
    let mutable sample = at + firstSample
    let mutable changed = at
    let mutable next = at

    let step event =
        let struct (after, decision) = Kernel.step policy state { At = now; Event = event }
        state <- after
        next <- decision.NextCheck
        decision

    let rec say event =
        match (step event).Effect with
        | ValueSome(DoResize size) when visited.Length <= most ->
            visited <- size :: visited
            sample <- now + firstSample
            changed <- now
            say (EffectOutcome(state.Revision, Succeeded))
        | _ -> ()

    // It begins as after a resize, so that cooldowns run; rules rest until then.
    step (Commanded(PauseCommand, "test")) |> ignore
    step (ActivityChanged busy) |> ignore
    step (Unreclaimable(int64 (load.Memory * decimal (int64 policy.Unit.Memory) * decimal (100L - Work.poolShare) / 100_000m) * 1L<bytes>)) |> ignore
    step (Observed(ComputeServes(ValueSome(start + policy.Step)))) |> ignore
    step (Observed(ComputeServes(ValueSome start))) |> ignore
    say (Commanded(UnpauseCommand, "test"))

    while visited.Length <= most && now - changed <= settled do
        now <- min sample next

        if now = sample then
            sample <- sample + period
            let size = visited.Head
            say (Event.OfSamples [ struct ("cpu", min 10_000L (usage load.Millicores (int64 (ComputeUnit.cpu size policy.Unit)))); struct ("memory", usage load.Memory (int64 size)) ])
        else
            say Tick

    List.rev visited

/// The sizes that it goes through for ever, from the smallest on; none when it comes to rest.
let circle (policy: Policy) (load: Load) (start: int64<mcu>) (at: int64<ms>) (firstSample: int64<ms>) (settled: int64<ms>) (count: int) : int64<mcu> list =
    let visited = sizes policy load start at firstSample settled (4 * count + 4)

    if visited.Length <= 4 * count + 4 then
        []
    else
        let backwards = List.rev visited
        let round = backwards.Head :: (backwards.Tail |> List.takeWhile ((<>) backwards.Head)) |> List.rev
        let smallest = List.min round
        let at = List.findIndex ((=) smallest) round
        List.skip at round @ List.take at round
