/// What follows from what became of a resume, and from what is found of the compute: each line of the table.
module Serverless.Tests.Property.Core.ComputeProperties

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus
open Serverless.Tests.Property.Core.EffectProperties

let private resumeDelay = delay 500L<ms> (seconds 30)
let private failing salt = chosen salt [ FailedWith "broken"; DeferredBy "later"; InfeasibleFor "never"; RefusedBy "no" ]
let private resumes (decision: Decision) = match decision.Effect with ValueSome(DoResume _) -> true | _ -> false

/// Nobody stands in the way of a resume.
let private mayResume (step: Step) =
    step.After.PausedBy.IsNone && not (step.Policy.Forbids |> List.exists (fun forbid -> List.contains ResumeAction forbid.Blocks))

/// A resume fails so often in a row, and then somebody waits or nobody does, for so long.
type Waking =
    { Failures: int
      Salt: int
      Waits: bool
      After: int64<ms> }

/// So many resumes failed before one succeeded; how long the compute ran before each crash, and whether it was being resized.
type Crashes = { Failed: int; Runs: (int64<ms> * bool) list }

type Ending =
    | FoundGone
    | FoundStarting
    | SuspendedByHand
    | CrashedInADrain

/// Resumes fail so often, one succeeds, the compute runs for so long and ends, and the next resume fails.
type Ran =
    { Before: int
      For: int64<ms>
      Ending: Ending }

type ComputeArbitraries =
    static member Waking() : Arbitrary<Waking> =
        gen {
            let! failures = Gen.choose (1, 10)
            let! salt = Gen.choose (0, 1_000)
            let! waits = Gen.elements [ true; false ]
            let! length = Gen.choose (1, 60_000)
            return { Failures = failures; Salt = salt; Waits = waits; After = int64 length * 1L<ms> }
        }
        |> Arb.fromGen

    static member Crashes() : Arbitrary<Crashes> =
        let ran = Gen.oneof [ Gen.choose (1, 200_000); Gen.elements [ 59_999; 60_000 ]; Gen.choose (1, 30_000) ]

        gen {
            let! failed = Gen.frequency [ 1, Gen.constant 0; 1, Gen.choose (1, 4) ]
            let! runs = Gen.nonEmptyListOf (Gen.zip ran (Gen.elements [ true; false ]))
            return { Failed = failed; Runs = runs |> List.truncate 8 |> List.map (fun (ran, resizing) -> int64 ran * 1L<ms>, resizing) }
        }
        |> Arb.fromGen

    static member Ran() : Arbitrary<Ran> =
        gen {
            let! failures = Gen.choose (1, 8)
            let! ran = Gen.oneof [ Gen.choose (1, 200_000); Gen.elements [ 59_999; 60_000 ] ]
            let! ending = Gen.elements [ FoundGone; FoundStarting; SuspendedByHand; CrashedInADrain ]
            return { Before = failures; For = int64 ran * 1L<ms>; Ending = ending }
        }
        |> Arb.fromGen

type ComputesAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<ComputeArbitraries> |]

[<OfLives; Says "K-61">]
let ``a resume failed: failed, with the back-off of resumes`` (life: Life) (steps: Step list) : int =
    let resuming = endingIn [ Resuming ] steps

    for step in resuming do
        let failed = sent 1L<ms> (EffectOutcome(step.After.Revision, failing life.Salt)) step
        let failures = step.After.ResumeBackoff.Failures + 1
        demand "it is not failed" failed (failed.Decision.Phase = Failed && failed.Decision.Effect.IsNone && failed.Decision.Revision = step.After.Revision + 1L)
        demand "the resume does not back off" failed (failed.After.ResumeBackoff.NotBefore = failed.Input.At + resumeDelay failures)

    resuming.Length

let private failedResumes count salt =
    let begun = begins (policy [] []) noon |> holds 1
    Seq.fold (fun story n -> story |> ends (failing (salt + n)) |> waits (minutes 1)) begun (seq { 1 .. count })

[<Computes; Says "K-61">]
let ``a failed resume is tried again with back-off from 0_5 s to 30 s, while somebody waits`` (waking: Waking) =
    let failed = failedResumes (waking.Failures - 1) waking.Salt |> ends (failing waking.Salt)
    let expected = failed.Now + resumeDelay waking.Failures

    if waking.Waits then
        let again = failed |> waits (hours 1)
        if not (resumes again.Decision) || again.Now <> expected then failwith $"{again.Decision.Effect} after {again.Now - failed.Now}, expected after {expected - failed.Now}"
    else
        let left = failed |> holds 0 |> waits waking.After
        if left.Decision.Effect.IsSome || left.Decision.Phase <> Failed then failwith $"nobody waits, and {left.Decision.Effect}"
        let again = left |> holds 1 |> awaits (hours 1)
        if not (resumes again.Decision) || again.Now <> max left.Now expected then failwith $"{again.Decision.Effect} after {again.Now - failed.Now}, expected after {expected - failed.Now}"

[<OfLives; Says "K-62">]
let ``a crash while running or resizing: restarted at once`` (_: Life) (steps: Step list) : int =
    // One that had failed before has a back-off, of which generated crashes tell.
    let up = endingIn [ Running; Phase.Resizing ] steps |> List.filter (fun step -> step.After.ResumeBackoff.Failures = 0)

    for step in up do
        let crashed = sent 1L<ms> (Observed(ComputeCrashed "signal 9")) step
        demand "it is not failed" crashed (fst (led crashed) = Failed)
        if mayResume step then demand "it is not restarted at once" crashed (resumes crashed.Decision && List.contains "crash" crashed.Decision.Because)

    up.Length

[<Computes; Says "K-62">]
let ``a crash of what had not run for a minute after a crash or a failed resume: restarted with the back-off of resumes`` (crashes: Crashes) =
    let crashed (story: Story, row: int) (ran: int64<ms>, resizing: bool) =
        let up = if resizing then story |> commands (ResizeCommand(if story.State.Size = cu 1.0 then cu 2.0 else cu 1.0)) else story
        let fell = up |> after ran (Observed(ComputeCrashed "signal 9"))
        let row = if row = 0 || ran >= minutes 1 then 1 else row + 1
        let again = fell |> awaits (hours 1)
        // The first of a row is at once, and the next ones wait as the failures of a resume do.
        let expected = if row = 1 then 0L<ms> else resumeDelay row
        if not (resumes again.Decision) || again.Now - fell.Now <> expected then failwith $"crash {row} of a row: {again.Decision.Effect} after {again.Now - fell.Now}, expected after {expected}"
        again |> ends Succeeded, row

    let begun = if crashes.Failed = 0 then running (policy [] []) (cu 1.0) else failedResumes crashes.Failed 0 |> ends Succeeded
    crashes.Runs |> List.fold crashed (begun |> holds 0, crashes.Failed) |> ignore

[<OfLives; Says "K-63">]
let ``a crash in a drain: suspended`` (_: Life) (steps: Step list) : int =
    let draining = endingIn [ Draining ] steps

    for step in draining do
        let crashed = sent 1L<ms> (Observed(ComputeCrashed "signal 9")) step
        demand "it is not suspended" crashed (led crashed = (Suspended, step.After.Revision + 1L))
        demand "it was restarted for the crash" crashed (not (List.contains "crash" crashed.Decision.Because))

    draining.Length

[<OfLives; Says "K-64">]
let ``found stopped, or being started by somebody else: suspended, and a held statement wakes it`` (life: Life) (steps: Step list) : int =
    let found =
        [ for step in endingIn [ Running; Phase.Resizing; Draining ] steps do
              sent 1L<ms> (Observed(if State.phase step.After = Running && life.Salt % 2 = 0 then ComputeStarting else ComputeGone)) step ]

    for step in found do
        demand "it is not suspended" step (led step = (Suspended, step.Before.Revision + 1L))

        if step.Decision.Phase = Suspended && mayResume step then
            let held = sent 1L<ms> (ActivityChanged { quiet with Held = 1; Open = 1 }) step
            demand "a held statement did not wake it" held (resumes held.Decision)

    found.Length

[<OfLives; Says "K-65">]
let ``found running, or with another size: running, with the size found`` (life: Life) (steps: Step list) : int =
    let atRest = endingIn [ Suspended; Failed; Running ] steps

    for step in atRest do
        let size = int64 (1 + life.Salt % 9_000) * 1L<mcu>
        let known = life.Salt % 5 <> 0
        let found = sent 1L<ms> (Observed(ComputeServes(if known then ValueSome size else ValueNone))) step
        demand "it does not run" found (fst (led found) = Running)
        demand "the size is another" found (found.After.Size = if known then size else step.After.Size)

    atRest.Length

/// The last step of a life with an effect in flight, and when there was last a word of it.
let private silent (steps: Step list) =
    let mutable word = noon
    let mutable last = ValueNone

    for step in steps do
        let told =
            match step.Input.Event with
            | EffectOutcome(revision, StillPending _) -> revision = step.Before.Revision
            | _ -> State.phase step.Before = Draining && step.Decision.Phase = Suspending

        if step.Decision.Revision <> step.Before.Revision || told then word <- step.After.At
        if not (atRest (State.phase step.After)) && step.After.Pending.IsNone && step.After.At < word + minutes 15 - 1L<ms> then last <- ValueSome(struct (step, word))

    last

[<OfLives; Says "K-66">]
let ``no word of an effect for 15 minutes: what is observed counts again, and a compute found running after a resize or a drain has run all along`` (life: Life) (steps: Step list) : int =
    match silent steps with
    // A second each for aggregated facts would be long.
    | ValueSome(struct (step, word)) when step.After.Plan.FactPeriod = 0L<ms> ->
        let state = step.After
        let observed until observation = sent (word + until - state.At) (Observed observation) step
        let size = int64 (1 + life.Salt % 16) * 500L<mcu>
        let early = observed (minutes 15 - 1L<ms>) (chosen life.Salt [ ComputeServes ValueNone; ComputeServes(ValueSome size); ComputeStarting ])
        demand "an effect gave way to what was observed" early (early.Decision.Revision = state.Revision && early.After.Size = state.Size)
        let found = observed (minutes 15) (ComputeServes(ValueSome size))
        demand "the effect did not give way" found (fst (led found) = Running && found.After.Size = size)

        match State.phase state with
        | Phase.Resizing
        | Draining -> demand "it has not run all along" found (found.After.ResumedAt = state.ResumedAt)
        | phase ->
            demand "it was not found to be resumed" found (found.After.ResumedAt = found.Input.At)
            let gone = observed (minutes 15) ComputeGone
            demand "nothing runs, and the effect did not give way" gone (fst (led gone) = (if phase = Resuming && not (resumes gone.Decision) then Failed else fst (led gone)) && gone.Decision.Revision > state.Revision)

        1
    | _ -> 0

[<Computes; Says "K-69">]
let ``a resume that succeeded keeps its row of failures until the compute has run for a minute or is suspended`` (ran: Ran) =
    let up = failedResumes ran.Before 0 |> ends Succeeded |> holds 0 |> after ran.For Tick
    let draining = commands SuspendCommand

    let ended =
        match ran.Ending with
        | FoundGone -> up |> send (Observed ComputeGone)
        | FoundStarting -> up |> send (Observed ComputeStarting)
        | SuspendedByHand -> up |> draining |> ends Drained |> ends Succeeded
        | CrashedInADrain -> up |> draining |> send (Observed(ComputeCrashed "signal 9"))

    if ended.Decision.Phase <> Suspended then failwith $"it is {ended.Decision.Phase}"

    let row =
        match ran.Ending with
        | SuspendedByHand -> 0
        // A crash is one more of the row, or the first of another.
        | CrashedInADrain -> if ran.For >= minutes 1 then 1 else ran.Before + 1
        | FoundGone
        | FoundStarting -> if ran.For >= minutes 1 then 0 else ran.Before

    let failed = ended |> holds 1 |> awaits (minutes 1) |> ends (FailedWith "no")
    let again = failed |> waits (minutes 1)
    if again.Now - failed.Now <> resumeDelay (row + 1) then failwith $"it was tried again after {again.Now - failed.Now}, expected {resumeDelay (row + 1)}"
