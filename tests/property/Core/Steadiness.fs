/// What holds of every step besides the laws: asked again it does nothing, quiet ticks are free and lose nothing, and a log replays.
module Serverless.Tests.Property.Core.Steadiness

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

[<OfLives>]
[<Says "K-7">]
let ``asked again, it does nothing`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let struct (_, again) = Play.step step.Policy step.After step.After.At Tick
        demand "asked again, it began another effect" step again.Effect.IsNone
        demand "asked again, it changed its phase" step (again.Phase = step.Decision.Phase)

[<OfLives>]
[<Says "K-9">]
let ``samples that are told together have no order`` (_: Life) (steps: Step list) : int =
    steps
    |> List.sumBy (fun step ->
        match step.Input.Event with
        | MeasuredTogether samples ->
            let struct (state, decision) = Play.step step.Policy step.Before step.Input.At (MeasuredTogether(List.rev samples))
            demand "in another order they lead to another state" step (KernelJson.writeState state = KernelJson.writeState step.After)
            demand "in another order they decide otherwise" step (KernelJson.writeDecision decision = KernelJson.writeDecision step.Decision)
            1
        | _ -> 0)

[<OfLives>]
[<Says "K-6">]
let ``a quiet tick returns the same state`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let struct (settled, decision) = Play.step step.Policy step.After step.After.At Tick

        if decision.NextCheck > decision.At + 1L<ms> then
            let struct (same, told) = Play.step step.Policy settled (decision.At + 1L<ms>) Tick
            demand "a quiet tick made another state" step (obj.ReferenceEquals(same, settled))
            demand "a quiet tick made another decision" step (obj.ReferenceEquals(told, settled.Standing))

/// Looked at in full, nothing would have come of the tick that was answered as quiet.
[<OfLives>]
[<Says "K-5">]
let ``a quiet tick loses nothing`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let state = step.After
        let reach = min (state.Next - state.At) (minutes 10)

        if reach > 1L<ms> && step.Decision.Effect.IsNone then
            let at = state.At + reach * int64 (life.Salt % 256) / 256L
            let struct (_, full) = Play.step step.Policy { state with Next = at } at Tick
            demand "looked at in full, an effect would have begun" step full.Effect.IsNone
            demand "looked at in full, other things were blocked" step (List.map (fun (b: Blocked) -> b.Rule, b.By) full.Blocked = List.map (fun (b: Blocked) -> b.Rule, b.By) state.Standing.Blocked)
            demand "looked at in full, held statements fare otherwise" step (full.RefuseHeld.IsSome = state.Standing.RefuseHeld.IsSome)

[<OfLives>]
[<Says "K-3">]
let ``timers do not depend on how punctually the host calls`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let target = step.After.At + seconds 40
        let still = not (atRest step.Decision.Phase) || step.After.PausedBy.IsSome

        // Only where no effect begins on the way is the comparison fair.
        if still then
            let rec punctual (state: State) (decision: Decision) =
                if decision.NextCheck >= target then state
                else
                    let struct (next, decision) = Play.step step.Policy state decision.NextCheck Tick
                    punctual next decision

            let struct (first, decision) = Play.step step.Policy step.After step.After.At Tick
            let struct (often, _) = Play.step step.Policy (punctual first decision) target Tick
            let struct (once, _) = Play.step step.Policy first target Tick
            demand "timers differ" step (often.Timers = once.Timers)
            demand "armed rules differ" step (often.Armed = once.Armed)

[<OfLives>]
[<Says "K-8">]
let ``a log that begins with the full state replays to the same bytes`` (life: Life) (steps: Step list) : unit =
    let steps = play { life with Trace = life.Trace |> List.filter (fun (_, move) -> move <> Swap) }
    let from = life.Salt % steps.Length
    let head = KernelJson.readFullState life.First (KernelJson.writeFullState steps[from].Before)
    if not head.Ok then failwith head.Error
    let rest = List.skip from steps
    let inputs = rest |> List.map (fun step -> (KernelJson.readInput (KernelJson.writeInput step.Input)).Value)
    let struct (final, decisions) = Replay.run life.First head.Value inputs

    for step, decision in Seq.zip rest decisions do
        demand "the replay decides otherwise" step (step.Decision = decision)

    demand "the replay ends elsewhere" (List.last rest) (KernelJson.writeFullState (List.last rest).After = KernelJson.writeFullState final)

[<OfLives>]
[<Says "K-75">]
[<Says "K-76">]
let ``a saved state keeps what a restart needs`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let saved = KernelJson.writeState step.After
        let read = KernelJson.readState step.Policy (step.After.At + seconds 9) saved
        if not read.Ok then failwith read.Error
        let back = read.Value
        demand "the size is lost" step (back.Size = step.After.Size)
        demand "the revision went back" step (back.Revision > step.After.Revision)
        demand "the bill is lost" step (back.Spending.MonthUsed = step.After.Spending.MonthUsed)
        demand "the pause is lost" step (back.PausedBy = step.After.PausedBy)
        demand "the back-off is lost" step (back.ResumeBackoff.Failures = step.After.ResumeBackoff.Failures)
        demand "something is in flight" step (atRest (State.phase back))

[<Test>]
[<Says "K-6">]
let ``a quiet tick allocates nothing`` () =
    let story = running (policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []) 1_000L<mcu>
    let input: Input = { At = noon + minutes 2; Event = Tick }
    let tick () = Kernel.step story.Policy story.State input |> ignore

    for _ in 1..1_000 do
        tick ()

    let before = System.GC.GetAllocatedBytesForCurrentThread()

    for _ in 1..1_000 do
        tick ()

    Assert.That(System.GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan 1_000L)

[<Test>]
let ``a quiet tick is answered without looking at the rules`` () =
    let rules = [ rule "sleep" (idle (minutes 5)) (Suspend never) ]
    let story = running (policy rules []) 1_000L<mcu>
    let struct (same, decision) = Play.step story.Policy story.State (noon + minutes 2) Tick
    Assert.That(obj.ReferenceEquals(same, story.State))
    Assert.That(decision.NextCheck, Is.EqualTo(noon + minutes 5))
