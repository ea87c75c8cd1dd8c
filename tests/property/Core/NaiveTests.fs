/// The kernel against the naive evaluator, over generated lives.
module Serverless.Tests.Property.Core.NaiveTests

open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

/// The samples of a life since windows last started anew, by metric, oldest first.
let private remembered (samples: Map<string, (int64<ms> * int64) list>) (step: Step) =
    let before, after = step.Before, step.After
    let at = max before.At step.Input.At

    let told =
        let add samples (struct (metric, value)) =
            if after.Plan.Slots |> Array.exists (fun slot -> slot.Metric.Name = metric && slot.Fact.IsNone) then
                Map.add metric ((Map.tryFind metric samples |> Option.defaultValue []) @ [ at, value ]) samples
            else
                samples

        match step.Input.Event with
        | Measured(metric, value) -> add samples (struct (metric, value))
        | MeasuredTogether several -> List.fold add samples several
        | _ -> samples

    // What a policy does not ask for, or reaches back for, is not kept for the next one.
    let kept metric (found: (int64<ms> * int64) list) =
        match before.Plan.Slots |> Array.tryFind (fun slot -> slot.Metric.Name = metric) with
        | Some slot when not (obj.ReferenceEquals(before.Plan, after.Plan)) ->
            let last = fst (List.last found)
            found |> List.filter (fun (at, _) -> at > min (last - slot.Widest) (last - 1L<ms>))
        | _ -> found

    let asked = told |> Map.filter (fun metric _ -> after.Plan.Slots |> Array.exists (fun slot -> slot.Metric.Name = metric)) |> Map.map kept
    let slept = after.Revision <> before.Revision && not (Stage.up after.Stage)
    let woken = after.ResumedAt <> before.ResumedAt || Stage.up after.Stage && not (Stage.up before.Stage)

    // Two resizes may end at one instant.
    let resized =
        after.ResizedAt <> before.ResizedAt
        || match step.Input.Event with
           | EffectOutcome(revision, Succeeded) -> State.phase before = Phase.Resizing && revision = before.Revision
           | Observed(ComputeServes _) -> after.Size <> before.Size
           | _ -> false

    let perSize name = step.Policy.Metrics |> List.exists (fun metric -> metric.Name = name && metric.PerSize)

    if slept || woken then Map.empty
    elif resized then asked |> Map.filter (fun name _ -> not (perSize name))
    else asked

let private kleene =
    function
    | Some true -> Kleene.True
    | Some false -> Kleene.False
    | None -> Kleene.Unknown

/// Catching up may have started everything anew; then there is nothing to hold against.
let private caughtUp (step: Step) = step.Before.Plan.Remembers && step.Input.At - step.Before.At > minutes 5

let private agree (step: Step) (samples: Map<string, (int64<ms> * int64) list>) (now: int64<ms>) =
    let struct (sampled, reckoning) = Reckoning.at now step.After
    let state, plan = step.After, step.After.Plan

    // Facts are sampled by the kernel; their windows are worked out anew from all of them.
    let withFacts =
        Seq.zip plan.Slots sampled.Series
        |> Seq.fold (fun samples (slot, series) -> if slot.Fact.IsSome then Map.add slot.Metric.Name (Series.toList series) samples else samples) samples

    let timers =
        Map.ofSeq (seq { for place in 0 .. plan.Timers.Length - 1 do if state.Timers[place] <> Limits.Never then plan.Timers[place], state.Timers[place] })

    let world: Naive.World = { Policy = step.Policy; State = state; Now = now; Samples = withFacts; Timers = timers }
    let mutable after = timers

    for index in 0 .. plan.Rules.Length - 1 do
        let rule = plan.Rules[index].Rule

        if Reckoning.lookedAt state.Stage rule.On then
            let condition, next = Naive.truth { world with Timers = after } rule.When
            after <- next

            let proposes =
                match rule.Until with
                | None -> condition = Some true
                | Some until ->
                    let release, next = Naive.truth { world with Timers = after } until
                    after <- next
                    let armed = (state.Armed[index] || condition = Some true) && release <> Some true
                    demand $"rule {rule.Name} is armed otherwise" step (sampled.Armed[index] = armed)
                    armed && release = Some false

            demand $"rule {rule.Name} is seen otherwise at {now}" step (reckoning.Proposing[index] = proposes)
        else demand $"rule {rule.Name} proposes out of its phase" step (not reckoning.Proposing[index])

    for index in 0 .. plan.Forbids.Length - 1 do
        let condition, next = Naive.truth { world with Timers = after } plan.Forbids[index].Forbid.When
        after <- next
        demand $"forbid {plan.Forbids[index].Forbid.Name} is seen otherwise at {now}" step (reckoning.Forbidding[index] = kleene condition)

[<OfLives>]
[<Says "K-13">]
[<Says "K-14">]
[<Says "K-15">]
[<Says "K-16">]
[<Says "K-18">]
[<Says "K-19">]
[<Says "K-20">]
[<Says "K-30">]
[<Says "K-31">]
[<Says "K-33">]
[<Says "K-35">]
[<Says "K-36">]
let ``the naive evaluator sees what the kernel sees`` (life: Life) (steps: Step list) : unit =
    let looked = set [ for part in 1..4 -> life.Salt / part % steps.Length ]
    let mutable samples = Map.empty
    let mutable anew = false

    steps
    |> List.iteri (fun index step ->
        anew <- anew || caughtUp step
        samples <- remembered samples step

        if not anew && Set.contains index looked then
            agree step samples step.After.At
            agree step samples (step.After.At + int64 (life.Salt % 40_000) * 1L<ms>))
