/// What a new policy takes over and what it begins anew, over generated lives.
module Serverless.Tests.Property.Core.PolicyProperties

open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus
open Serverless.Tests.Property.Core.Laws

/// The one of the two policies of a life that is not in force.
let private another (life: Life) (step: Step) : Policy =
    if step.Policy.Revision = life.First.Revision then life.Second else life.First

let private under policy event (step: Step) : Step = sent 0L<ms> event { step with Policy = policy }
let private told (step: Step) = KernelJson.writeFullState step.After, KernelJson.writeDecision step.Decision

[<OfLives; Says "K-10">]
let ``a policy is in force from the input on that brings it, whatever the input is`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let next = another life step
        let brought = under next step.Input.Event step
        demand "the input did not bring the policy" brought (brought.After.Plan.Policy.Revision = next.Revision)

    for step in few life steps |> List.truncate 1 do
        let next = another life step
        demand "a tick brings it otherwise than the word of it" step (told (under next Tick step) = told (under next PolicyChanged step))

        // The same revision is the same policy, whatever else it says.
        let disguised = { step.Policy with Rules = []; Forbids = []; Bounds = next.Bounds; Cooldown = next.Cooldown }
        demand "the same revision made another policy" step (told (under disguised step.Input.Event step) = told (under step.Policy step.Input.Event step))

/// What a metric had been sampled to, as far back as the new policy looks.
let private reached (slot: Slot) (step: Step) =
    match step.Before.Plan.Slots |> Array.tryFindIndex (fun old -> old.Metric.Name = slot.Metric.Name) with
    | None -> []
    | Some index ->
        let samples = Series.toList step.Before.Series[index]
        let newest = samples |> List.fold (fun last (at, _) -> max last at) 0L<ms>
        samples |> List.filter (fun (at, _) -> at = newest || at > newest - slot.Widest)

[<OfLives; Says "K-11">]
let ``timers of a new policy begin when it comes, its rules are disarmed, and samples that it still asks for are kept`` (life: Life) (steps: Step list) : int =
    let mutable kept = 0

    for step in few life steps |> List.truncate 2 do
        let next = another life step
        let at = step.After.At
        let brought = under next PolicyChanged step
        let before = { step.After with Timers = Array.create step.After.Timers.Length (at - hours 9); Armed = Array.create step.After.Armed.Length true }
        let marked = under next PolicyChanged { step with After = before }
        demand "what was timed and armed before outlives its policy" marked (told marked = told brought)
        demand "a timer began before its policy" brought (brought.After.Timers |> Array.forall (fun since -> since = at || since = Limits.Never))

        // A resume that begins at once starts the windows anew.
        if Stage.up brought.After.Stage then
            for index in 0 .. brought.After.Plan.Slots.Length - 1 do
                let slot = brought.After.Plan.Slots[index]
                let samples = reached slot brought
                demand $"samples of {slot.Metric.Name} were not kept as they were" brought (Series.toList brought.After.Series[index] = samples)
                if not samples.IsEmpty then kept <- kept + 1

    kept

[<OfLives; Says "K-12">]
let ``a new policy takes a rule's drain back and decides anew, and an operator's drain goes on`` (life: Life) (steps: Step list) : int =
    let draining = endingIn [ Draining ] steps

    for step in draining do
        let brought = under (another life step) PolicyChanged step

        match step.After.Stage, brought.Decision.Effect with
        | Emptying drain, _ when drain.ByOperator ->
            demand "an operator's drain did not go on" brought (brought.Decision.Phase = Draining && brought.Decision.Revision = step.After.Revision && brought.Decision.Effect.IsNone)
        | _, begun ->
            demand "a rule's drain was not taken back" brought (led brought = (Running, step.After.Revision + 1L))

            match begun with
            | ValueSome(DoSuspend drain) -> demand "the drain that began anew is not of the new policy" brought (saidSo (another life step) drain.Breaking)
            | _ -> ()

    draining.Length
