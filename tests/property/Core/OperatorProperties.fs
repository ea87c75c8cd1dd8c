/// An operator's hand, in whatever state generated lives come to.
module Serverless.Tests.Property.Core.OperatorProperties

open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus
open Serverless.Tests.Property.Core.Laws

let private commanded command (step: Step) = sent 1L<ms> (Commanded(command, "ann")) step
let private ends outcome (step: Step) = sent 1L<ms> (EffectOutcome(step.After.Revision, outcome)) step
let private warned (step: Step) = not step.Decision.Warnings.IsEmpty
let private anySize salt = int64 (salt % 20_000) * 1L<mcu>

/// Whole steps within the bounds in force.
let private settled (step: Step) (size: int64<mcu>) =
    let struct (low, high) = range step
    max low (min high ((size + 499L<mcu>) / 500L<mcu> * 500L<mcu>))

/// The same while it runs: a shrink stops at the memory that cannot be given back.
let private fitted (step: Step) (size: int64<mcu>) =
    let target = settled step size
    if target < step.Before.Size then max target (min step.Before.Size (needed step)) else target

let private did (effect: Effect) (step: Step) = step.Decision.Effect = ValueSome effect && List.contains "command" step.Decision.Because
let private byOperator = DoSuspend { ByOperator = true; Breaking = never }

[<OfLives; Says "K-70">]
let ``a command is above forbids, cooldowns and back-off, and within the laws`` (life: Life) (steps: Step list) : int =
    let atRest = endingIn [ Running; Suspended; Failed ] steps
    let size = anySize life.Salt

    for step in atRest do
        if State.phase step.After = Running then
            let resized = commanded (ResizeCommand size) step
            let target = fitted resized size
            demand "it warns of a size that is given, or not of one that is not" resized (warned resized = (target <> size || target = step.After.Size))
            if target <> step.After.Size then demand $"it is not resized to {target}" resized (did (DoResize target) resized)
            demand "it is not suspended" (commanded SuspendCommand step) (did byOperator (commanded SuspendCommand step))
        else
            let resumed = commanded (ResumeCommand(ValueSome size)) step
            demand $"it is not resumed at {settled resumed size}" resumed (did (DoResume(settled resumed size)) resumed)
            demand "it warns of a size that is given, or not of one that is not" resumed (warned resumed = (settled resumed size <> size))

    atRest.Length

[<OfLives; Says "K-70">]
let ``an operator's drain that finds work is cancelled with a warning`` (life: Life) (steps: Step list) : int =
    let running = endingIn [ Running ] steps
    let work = chosen life.Salt [ { quiet with Running = 1 }; { quiet with Transactions = 1; TransactionsIdle = hours 9 }; { quiet with Pinned = 1; PinnedIdle = hours 9 }; { quiet with UnknownPeers = 1 } ]

    for step in running do
        let drained = step |> commanded SuspendCommand |> sent 1L<ms> (ActivityChanged work) |> ends Drained
        demand "it was not cancelled" drained (led drained = (Running, drained.Before.Revision + 1L))
        demand "it was cancelled without a warning" drained (warned drained)

    running.Length

[<OfLives; Says "K-71">]
let ``a command that comes while an effect is in flight waits for its end, and the last one counts`` (life: Life) (steps: Step list) : int =
    let flying = endingIn [ Resuming; Phase.Resizing; Suspending ] steps
    let size = anySize life.Salt

    for step in flying do
        let first = chosen life.Salt [ SuspendCommand; ResizeCommand 4_000L<mcu>; ResizeCommand 500L<mcu> ]
        // What is being stopped is stopped already when it is told to stop, and what is being started or resized runs when it is told to run.
        let last = if State.phase step.After = Suspending then ResumeCommand(ValueSome size) else chosen (life.Salt / 3) [ SuspendCommand; ResizeCommand size ]
        let waiting = step |> commanded first |> commanded last
        demand "a command did not wait" waiting (waiting.Decision.Effect.IsNone && waiting.Decision.Revision = step.After.Revision)
        let ended = waiting |> ends Succeeded

        match last with
        | SuspendCommand -> demand "the last command was not a suspend" ended (did byOperator ended)
        | ResumeCommand _ -> demand "the last command was not a resume" ended (did (DoResume(settled ended size)) ended)
        | _ ->
            // It ran at the size it came to, or was resized from there.
            let present = match step.After.Stage with Waking(target, _) | Fitting target -> target | _ -> step.After.Size
            let target = fitted { ended with Before = { ended.Before with Size = present } } size
            if target <> present then demand $"the last command was not a resize to {target}" ended (did (DoResize target) ended)
            else demand "an earlier command counted" ended (not (List.contains "command" ended.Decision.Because))

    flying.Length

[<OfLives; Says "K-72">]
let ``a pause keeps rules and statements from beginning anything and takes a rule's drain back, and commands still work`` (life: Life) (steps: Step list) : int =
    for step in steps do
        if step.After.PausedBy.IsSome then
            demand "something began in a pause" step (step.Decision.Effect.IsNone || List.contains "command" step.Decision.Because)

    let unpaused = endingIn [ Draining; Running; Suspended; Failed ] steps |> List.filter _.After.PausedBy.IsNone

    for step in unpaused do
        let paused = commanded PauseCommand step

        match step.After.Stage with
        | Emptying drain when not drain.ByOperator -> demand "a rule's drain was not taken back" paused (paused.Decision.Phase = Running && paused.Decision.Revision = step.After.Revision + 1L)
        | _ -> demand "a pause did more than to pause" paused (paused.Decision.Phase = State.phase step.After && paused.Decision.Revision = step.After.Revision)

        let held = sent 1L<ms> (ActivityChanged { quiet with Held = 1 }) paused
        let later = sent (minutes 1) Tick held
        demand "something began in a pause" held held.Decision.Effect.IsNone
        demand "something began in a pause" later later.Decision.Effect.IsNone

        match State.phase paused.After with
        | Running -> demand "a command did not work" paused (did byOperator (commanded SuspendCommand paused))
        | Suspended
        | Failed -> demand "a command did not work" paused (commanded (ResumeCommand ValueNone) paused).Decision.Effect.IsSome
        | _ -> ()

    unpaused.Length

[<OfLives; Says "K-73">]
let ``a resume takes a drain back, and idle counts anew`` (life: Life) (steps: Step list) : int =
    let draining = endingIn [ Draining ] steps

    for step in draining do
        let back = step |> sent (seconds (1 + life.Salt % 600)) (Commanded(ResumeCommand(if life.Salt % 2 = 0 then ValueNone else ValueSome(anySize life.Salt)), "ann"))
        demand "the drain was not taken back" back (led back = (Running, step.After.Revision + 1L))
        demand "the size changed" back (back.After.Size = step.After.Size)
        let later = int64 (life.Salt % 90_000)
        let idle = (Kernel.view back.After (back.Input.At + later * 1L<ms>)).IdleMs
        let busy = step.Activity.Running + step.Activity.Held + step.Activity.Transactions + step.Activity.UnknownPeers > 0
        demand $"idle is {idle}" back (idle = if busy then 0L else later)

    draining.Length
