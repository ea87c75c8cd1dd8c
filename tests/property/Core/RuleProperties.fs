/// Which rules and forbids are looked at, and what disarms, over generated lives.
module Serverless.Tests.Property.Core.RuleProperties

open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

/// The timers within a condition, by place, each with what it times.
let rec private timed (condition: PlannedCondition) : (int * PlannedCondition) list =
    match condition with
    | All parts
    | Any parts -> List.collect timed parts
    | Negation part -> timed part
    | Sustained(place, part, _) -> (place, part) :: timed part
    | _ -> []

let private ofRule (planned: PlannedRule) = timed planned.When @ (planned.Until |> ValueOption.map timed |> ValueOption.defaultValue [])

/// A timer that is looked at runs while its condition is True.
let private runs (step: Step) (place: int, part: PlannedCondition) =
    let isTrue = (Evaluation(step.After, step.After.At)).Truth part = Kleene.True
    (step.After.Timers[place] <> Limits.Never) = isTrue

let private sizeChanged (step: Step) =
    match step.Input.Event with
    | Observed(ComputeServes _) -> step.After.Size <> step.Before.Size
    | EffectOutcome(revision, Succeeded) -> State.phase step.Before = Phase.Resizing && revision = step.Before.Revision
    | _ -> false

[<OfLives; Says "K-37">]
let ``a resize and a change of phase disarm`` (_: Life) (steps: Step list) : int =
    let mutable met = 0

    // Somebody else's hand, which is rare by itself.
    let resized =
        steps
        |> List.filter (fun step -> State.phase step.After = Running && Array.contains true step.After.Armed)
        |> List.truncate 3
        |> List.map (fun step -> sent 1L<ms> (Observed(ComputeServes(ValueSome(step.After.Size + 500L<mcu>)))) step)

    for step in steps @ resized do
        let changed = State.phase step.Before <> step.Decision.Phase || sizeChanged step

        if changed && Array.contains true step.Before.Armed then
            met <- met + 1
            let evaluation = Evaluation(step.After, step.After.At)
            // A command begins its effect before the rules are looked at, all others after it.
            let looked = step.Decision.Effect.IsNone || List.contains "command" step.Decision.Because

            for index in 0 .. step.After.Armed.Length - 1 do
                // It may be armed anew at once, by its condition.
                let anew = looked && evaluation.Truth step.After.Plan.Rules[index].When = Kleene.True
                demand $"rule {step.After.Plan.Rules[index].Rule.Name} stayed armed" step (not step.After.Armed[index] || anew)

    met

let private lookedAt (on: Compute) (phase: Phase) =
    match on with
    | OnRunning -> phase = Running || phase = Phase.Resizing || phase = Draining
    | OnSuspended -> phase = Suspended || phase = Failed

[<OfLives; Says "K-38">]
let ``rules on running are looked at while running, resizing and draining, rules on suspended while suspended and failed, and the timers of the others rest`` (life: Life) (steps: Step list) : int =
    let mutable resting, running = 0, 0

    for step in few life steps do
        for index in 0 .. step.After.Plan.Rules.Length - 1 do
            let planned = step.After.Plan.Rules[index]

            for place, part in ofRule planned do
                if lookedAt planned.Rule.On (State.phase step.After) then
                    running <- running + 1
                    demand $"a timer of {planned.Rule.Name} is not looked at" step (runs step (place, part))
                else
                    resting <- resting + 1
                    demand $"a timer of {planned.Rule.Name} does not rest" step (step.After.Timers[place] = Limits.Never && not step.After.Armed[index])

    min resting running

let private kind (step: Step) =
    match step.Decision.Effect with
    | ValueSome(DoSuspend _) -> Some SuspendAction
    | ValueSome(DoResize size) -> Some(if size > step.After.Size then ResizeUpAction else ResizeDownAction)
    | _ -> None

[<OfLives; Says "K-39">]
let ``forbids are looked at in every phase, and block unless their condition is False`` (life: Life) (steps: Step list) : int =
    let mutable met = 0

    for step in few life steps do
        // A resume starts all timers anew, until the next look.
        if State.phase step.After <> Resuming then
            for planned in step.After.Plan.Forbids do
                for timer in timed planned.When do
                    demand $"a timer of forbid {planned.Forbid.Name} is not looked at" step (runs step timer)

    for step in steps do
        match kind step with
        | Some action when not (List.contains "command" step.Decision.Because) ->
            for planned in step.After.Plan.Forbids do
                if List.contains action planned.Forbid.Blocks then
                    met <- met + 1
                    let truth = (Evaluation(step.After, step.After.At)).Truth planned.When
                    demand $"forbid {planned.Forbid.Name} did not block, being {truth}" step (truth = Kleene.False)
        | _ -> ()

    met
