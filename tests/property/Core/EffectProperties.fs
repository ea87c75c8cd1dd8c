/// What follows from what became of a suspend or a resize: each line of the table, from the states that generated lives come to.
module Serverless.Tests.Property.Core.EffectProperties

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus
open Serverless.Tests.Property.Core.Laws

let private ends outcome (step: Step) = sent 1L<ms> (EffectOutcome(step.After.Revision, outcome)) step
let private reopened (step: Step) = led step = (Running, step.Before.Revision + 1L)

let private drainOf (step: Step) =
    match step.After.Stage with
    | Emptying drain -> drain
    | _ -> failwith "it does not drain"

let private working salt : Activity =
    match salt % 6 with
    | 0 -> { quiet with Running = 1 }
    | 1 -> { quiet with Transactions = 1; TransactionsIdle = minutes 1 }
    | 2 -> { quiet with Pinned = 2; PinnedIdle = minutes 1 }
    | 3 -> { quiet with UnknownPeers = 1 }
    | _ -> quiet

/// Drained after the host told of this activity, as it does; whether the first law and the forbids still allow the suspend.
let private drained (life: Life) (step: Step) =
    let drain = drainOf step
    let ended = step |> sent 1L<ms> (ActivityChanged(working life.Salt)) |> ends Drained
    // Nothing of what they look at has changed since they were asked.
    let evaluation = Evaluation(ended.After, ended.After.At)
    let forbids (planned: PlannedForbid) = List.contains SuspendAction planned.Forbid.Blocks && evaluation.Truth planned.When <> Kleene.False
    ended, free ended drain && (drain.ByOperator || not (Array.exists forbids ended.After.Plan.Forbids))

[<OfLives; Says "K-54">]
let ``drained, and the first law and the forbids still allow it: suspending, the same revision`` (life: Life) (steps: Step list) : int =
    let allowed = endingIn [ Draining ] steps |> List.map (drained life) |> List.filter snd |> List.map fst

    for step in allowed do
        demand "it does not go on" step (step.Decision.Phase = Suspending && step.Decision.Revision = step.Before.Revision && step.Decision.Effect.IsNone)

    allowed.Length

[<OfLives; Says "K-55">]
let ``drained, and they do not: running, a new revision`` (life: Life) (steps: Step list) : int =
    let stopped = endingIn [ Draining ] steps |> List.map (drained life) |> List.filter (snd >> not) |> List.map fst

    for step in stopped do
        demand "it does not reopen" step (reopened step)

    stopped.Length

[<OfLives; Says "K-56">]
let ``a statement held in a drain reopens, save in an operator's drain, which it waits for`` (life: Life) (steps: Step list) : int =
    let draining = endingIn [ Draining ] steps

    for step in draining do
        let held = sent 1L<ms> (ActivityChanged { working life.Salt with Held = 1 + life.Salt % 3 }) step

        if (drainOf step).ByOperator then
            demand "an operator's drain did not go on" held (held.Decision.Phase = Draining && held.Decision.Revision = step.After.Revision)
        else demand "it did not reopen" held (reopened held)

    draining.Length

/// The first delay, doubled with each failure in a row before this one, within the longest.
let delay (first: int64<ms>) (longest: int64<ms>) (failures: int) : int64<ms> =
    Seq.fold (fun delay _ -> min longest (2L * delay)) first (seq { 2..failures })

[<OfLives; Says "K-57">]
let ``a suspend refused, deferred or failed: running, with the back-off of suspends from 2 s to 30 s`` (life: Life) (steps: Step list) : int =
    let suspending = endingIn [ Draining; Suspending ] steps

    for step in suspending do
        let failed = step |> ends (chosen life.Salt [ RefusedBy "backup"; DeferredBy "later"; FailedWith "broken"; InfeasibleFor "never" ])
        let failures = step.After.SuspendBackoff.Failures + 1
        demand "it does not run" failed (reopened failed)
        demand "the suspend does not back off" failed (failed.After.SuspendBackoff.NotBefore = failed.Input.At + delay (seconds 2) (seconds 30) failures)
        demand "it is not said" failed (not failed.Decision.Warnings.IsEmpty)

        match failed.Decision.Effect with
        | ValueSome(DoSuspend _) -> demand "a suspend began at once" failed false
        | _ -> ()

    suspending.Length

[<OfLives; Says "K-58">]
let ``a suspend or resize withheld: running, and no failure`` (life: Life) (steps: Step list) : int =
    let flying = endingIn [ Draining; Suspending; Phase.Resizing ] steps

    for step in flying do
        let withheld = step |> ends (WithheldBy "shadow mode")
        let resizes = State.phase step.After = Phase.Resizing
        let backoff = if resizes then withheld.After.ResizeBackoff else withheld.After.SuspendBackoff
        demand "it does not run" withheld (reopened withheld)
        demand "it counts as a failure" withheld (backoff.Failures = 0 && withheld.Decision.Warnings.IsEmpty)
        demand "it is decided again at another time" withheld (backoff.NotBefore = withheld.Input.At + (if resizes then seconds 300 else hours 1))

    flying.Length

/// A suspend or resize is withheld, and so long afterwards something is told.
type Shadowed =
    { Resizes: bool
      After: int64<ms>
      Then: Afterwards }

and Afterwards =
    | Nothing
    | BusyFor of int64<ms>
    | AnotherPolicy

/// A resize is infeasible after so many failures in a row; then, perhaps, the machine is found to be another.
type TooLarge =
    { Failures: int
      After: int64<ms>
      Capacity: (int * int) option }

type OutcomeArbitraries =
    static member Shadowed() : Arbitrary<Shadowed> =
        gen {
            let! resizes = Gen.elements [ true; false ]
            let! wait = Gen.choose (1, 280)
            let! busy = Gen.choose (1, 2_000)
            let! afterwards = Gen.elements [ Nothing; BusyFor(seconds busy); AnotherPolicy ]
            return { Resizes = resizes; After = seconds wait; Then = afterwards }
        }
        |> Arb.fromGen

    static member TooLarge() : Arbitrary<TooLarge> =
        gen {
            let! failures = Gen.choose (0, 8)
            let! wait = Gen.choose (1, 299)
            let! capacity = Gen.frequency [ 1, Gen.constant None; 3, Gen.map Some (Gen.elements [ 4_000, 32; 4_000, 64; 8_000, 32; 0, 0 ]) ]
            return { Failures = failures; After = seconds wait; Capacity = capacity }
        }
        |> Arb.fromGen

type OutcomesAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<OutcomeArbitraries> |]

[<Outcomes; Says "K-58">]
let ``what was withheld is decided again: a suspend once it was busy and went quiet or after an hour, a resize after 300 s, both under another policy`` (shadowed: Shadowed) =
    let action = if shadowed.Resizes then ResizeUp(Units(cu 1.0)) else Suspend never
    let rules = policy [ rule "r" (idle (minutes 5)) action ] []
    let told = running rules (cu 1.0) |> after (minutes 5) Tick
    let withheld = told |> Play.ends (WithheldBy "shadow mode")
    let later = withheld |> after shadowed.After Tick

    let again, expected =
        match shadowed.Then with
        | AnotherPolicy -> { later with Policy = { rules with Revision = "another" } } |> send PolicyChanged, later.Now
        | BusyFor length when not shadowed.Resizes ->
            let went = later |> send (ActivityChanged { quiet with Running = 1 }) |> after length (ActivityChanged quiet)
            awaits (hours 3) went, went.Now + minutes 5
        | _ -> waits (hours 3) later, withheld.Now + (if shadowed.Resizes then seconds 300 else hours 1)

    if later.Decision.Effect.IsSome then failwith "it was decided again at once"
    if again.Decision.Effect <> told.Decision.Effect || again.Now <> expected then failwith $"{again.Decision.Effect} after {again.Now - withheld.Now}, expected after {expected - withheld.Now}"

[<Outcomes; Says "K-60">]
let ``a resize infeasible: running, and 300 s at once, or until the capacity changes`` (tooLarge: TooLarge) =
    let capacity cpu gib = Capacity(int64 cpu * 1L<mcpu>, int64 gib * 1_073_741_824L<bytes>)
    let growing = policy [ rule "grow" (Constant true) (ResizeUp(Units(cu 1.0))) ] []
    let begun = begins growing noon |> send (capacity 4_000 32) |> send (Observed(ComputeServes(ValueSome(cu 1.0))))
    let failed = Seq.fold (fun story _ -> story |> Play.ends (FailedWith "no") |> waits (hours 1)) begun (seq { 1 .. tooLarge.Failures })
    let infeasible = failed |> Play.ends (InfeasibleFor "the node is too small")
    if infeasible.Decision.Phase <> Running || infeasible.Decision.Effect.IsSome then failwith $"{infeasible.Decision.Phase} with {infeasible.Decision.Effect}"
    let later = infeasible |> after tooLarge.After Tick

    let again, expected =
        match tooLarge.Capacity with
        // Nothing is known of a machine without anything.
        | Some(cpu, gib) when (cpu, gib) <> (4_000, 32) && cpu > 0 -> later |> send (capacity cpu gib), later.Now
        | Some(cpu, gib) -> later |> send (capacity cpu gib) |> awaits (hours 1), infeasible.Now + seconds 300
        | None -> later |> waits (hours 1), infeasible.Now + seconds 300

    if again.Decision.Effect <> begun.Decision.Effect || again.Now <> expected then failwith $"{again.Decision.Effect} after {again.Now - infeasible.Now}, expected after {expected - infeasible.Now}"
