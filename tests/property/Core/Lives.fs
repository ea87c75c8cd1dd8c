/// Plays a generated life, step by step.
module Serverless.Tests.Property.Core.Lives

open Serverless.Core
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Play

let private event (state: State) (move: Move) : Event =
    match move with
    | Say event -> event
    | Finish -> EffectOutcome(state.Revision, (if State.phase state = Draining then Drained else Succeeded))
    | Spoil outcome -> EffectOutcome(state.Revision, outcome)
    | Stale(back, outcome) -> EffectOutcome(state.Revision - (if back = 0L then 1L else back), outcome)
    | Swap -> PolicyChanged

/// All steps of a life, the policies as `change` makes them.
let playAs (change: Policy -> Policy) (life: Life) : Step list =
    let first, second = change life.First, change life.Second
    let mutable inForce, other = first, second
    let mutable state = Kernel.initial first noon
    let mutable now = noon
    let mutable activity, activityAt = quiet, noon

    [ for delta, move in life.Trace do
          now <- now + delta

          if move = Swap then
              let before = inForce
              inForce <- other
              other <- before

          let input: Input = { At = now; Event = event state move }
          let before = state

          match input.Event with
          | ActivityChanged changed ->
              activity <- changed
              activityAt <- max now before.At
          | _ -> ()

          let struct (after, decision) = Kernel.step inForce before input
          state <- after

          { Policy = inForce
            Before = before
            Input = input
            After = after
            Decision = decision
            Activity = activity
            ActivityAt = activityAt } ]

let play (life: Life) : Step list = playAs id life

/// A few steps of a life, for what costs much to look at.
let few (life: Life) (steps: Step list) : Step list =
    let all = Array.ofList steps
    [ for part in 1..4 -> life.Salt / part % all.Length ] |> List.distinct |> List.map (fun index -> all[index])

/// Fails the property with what was seen.
let demand (what: string) (step: Step) (holds: bool) =
    if not holds then
        failwith $"{what}\n  input    {KernelJson.writeInput step.Input}\n  decision {KernelJson.writeDecision step.Decision}\n  before   {KernelJson.writeFullState step.Before}"

let noCompute phase = phase = Suspended || phase = Failed
let atRest phase = phase = Suspended || phase = Failed || phase = Running

/// The step that this event would have been, sent so much later than the last.
let sent (later: int64<ms>) (event: Event) (step: Step) : Step =
    let at = step.After.At + later
    let struct (after, decision) = Play.step step.Policy step.After at event

    let activity, activityAt =
        match event with
        | ActivityChanged told -> told, at
        | _ -> step.Activity, step.ActivityAt

    { step with
        Before = step.After
        Input = { At = at; Event = event }
        After = after
        Decision = decision
        Activity = activity
        ActivityAt = activityAt }

/// The first steps of a life that ended in one of these phases, with no command waiting: what is sent then is all that happens.
let endingIn (phases: Phase list) (steps: Step list) : Step list =
    steps |> List.filter (fun step -> List.contains (State.phase step.After) phases && step.After.Pending.IsNone) |> List.truncate 3

/// Where the event of a step led before anything new began, and the revision that came of it.
let led (step: Step) : Phase * int64 =
    let decision = step.Decision

    match decision.Effect, step.After.Stage with
    | ValueNone, _ -> decision.Phase, decision.Revision
    | ValueSome(DoResume _), Waking(_, restart) -> (if restart then Failed else Suspended), decision.Revision - 1L
    | ValueSome _, _ -> Running, decision.Revision - 1L

/// Of whatever stands in a list, by what a life chose by chance.
let chosen (salt: int) (values: 'a list) : 'a = values[salt % values.Length]
