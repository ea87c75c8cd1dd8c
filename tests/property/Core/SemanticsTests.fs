/// Sentences of `docs/kernel.md` that no other test holds.
module Serverless.Tests.Property.Core.SemanticsTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

let private phase (story: Story) = story.Decision.Phase

let private effect (story: Story) =
    match story.Decision.Effect with
    | ValueSome effect -> Some effect
    | ValueNone -> None

let private suspends (story: Story) = match effect story with Some(DoSuspend _) -> true | _ -> false
let private truths = [ Kleene.False; Kleene.Unknown; Kleene.True ]

[<Test; Says "K-30">]
let ``and, or and not are Kleene's`` () =
    let lowest, highest = List.min, List.max

    for a in truths do
        Assert.That(Kleene.negate a, Is.EqualTo(match a with Kleene.True -> Kleene.False | Kleene.False -> Kleene.True | Kleene.Unknown -> Kleene.Unknown))

        for b in truths do
            Assert.That(Kleene.both a b, Is.EqualTo(lowest [ a; b ]))
            Assert.That(Kleene.either a b, Is.EqualTo(highest [ a; b ]))

/// The truth of a condition in a state, as the kernel sees it.
let private truth condition (story: Story) =
    let plan = Planning.make { policy [ rule "r" condition (Suspend never) ] [] with Revision = "truth" }
    let state = State.replan story.Now plan story.State
    (Evaluation(state, story.Now)).Truth plan.Rules[0].When

[<Test; Says "K-31"; Says "K-18">]
let ``a bare metric is its last sample, and Unknown once that is older than the staleness`` () =
    let watching = policy [ rule "r" (And [ cpuAbove 75; IsSet "backup" ]) (Suspend never) ] []
    let story = running watching (cu 1.0)
    Assert.That(truth (cpuAbove 75) story, Is.EqualTo Kleene.Unknown)
    Assert.That(truth (IsSet "backup") story, Is.EqualTo Kleene.Unknown)
    let told = story |> after (seconds 5) (Measured("cpu", 9_000L)) |> send (Measured("backup", 1L))
    Assert.That(truth (cpuAbove 75) told, Is.EqualTo Kleene.True)
    Assert.That(truth (IsSet "backup") told, Is.EqualTo Kleene.True)
    Assert.That(truth (IsSet "backup") (told |> send (Measured("backup", 0L))), Is.EqualTo Kleene.False)
    Assert.That(truth (cpuAbove 75) { told with Now = told.Now + seconds 20 }, Is.EqualTo Kleene.True)
    Assert.That(truth (cpuAbove 75) { told with Now = told.Now + seconds 20 + 1L<ms> }, Is.EqualTo Kleene.Unknown)

[<Test; Says "K-4">]
let ``after too many skipped instants timers and windows start anew`` () =
    // The aggregated fact makes an instant of each second.
    let watching = And [ Compare(Over(Avg, "queries.running", minutes 1), Less, Literal(Count, 1_000L)); Compare(Metric "queries.running", Equal, Literal(Count, 0L)) ]
    let sleepy = policy [ rule "sleep" (Condition.Held(1, watching, minutes 20)) (Suspend never) ] []
    let late length = running sleepy (cu 1.0) |> after length Tick |> fun story -> story, story |> after (minutes 19) Tick
    let soon, _ = late (minutes 8)
    Assert.That(soon.State.Timers[0], Is.EqualTo noon, "made up for")
    let anew, _ = late (minutes 9)
    Assert.That(anew.State.Timers[0], Is.EqualTo(noon + minutes 9))

[<Test; Says "K-11">]
let ``samples that a new policy still asks for are kept`` () =
    let hot = rule "grow" (cpuAveraged (minutes 1) Greater 75) (ResizeUp(Units(cu 1.0)))
    let story = running (policy [ { hot with When = And [ hot.When; Constant false ] } ] []) (cu 1.0) |> sampled "cpu" 9_000L (minutes 2)
    let other = { policy [ hot ] [] with Revision = "another" }
    Assert.That(effect ({ story with Policy = other } |> send PolicyChanged), Is.EqualTo(Some(DoResize(cu 2.0))))

[<Test; Says "K-20">]
let ``windows of metrics per size start anew after a resize, and others go on`` () =
    let both = And [ cpuAveraged (minutes 1) Less 0; Compare(Over(Avg, "threads.running", minutes 1), Less, Literal(Count, 0L)) ]

    let measured (story: Story) =
        [ 1..20 ] |> List.fold (fun story _ -> story |> after (seconds 5) (Measured("cpu", 1_000L)) |> send (Measured("threads.running", 1_000L))) story

    let count metric (story: Story) =
        let index = story.State.Plan.Slots |> Array.findIndex (fun slot -> slot.Metric.Name = metric)
        (Series.toList story.State.Series[index]).Length

    let story = running (policy [ rule "r" both (Suspend never) ] []) (cu 1.0) |> measured
    let ours = story |> commands (ResizeCommand(cu 2.0)) |> ends Succeeded
    let theirs = story |> send (Observed(ComputeServes(ValueSome(cu 2.0))))

    for resized in [ ours; theirs ] do
        Assert.That(count "cpu" resized, Is.EqualTo 0)
        Assert.That(count "threads.running" resized, Is.EqualTo 12)

    Assert.That(count "cpu" (story |> commands (ResizeCommand(cu 2.0)) |> ends (FailedWith "no")), Is.EqualTo 12)

[<Many; Says "K-22">]
let ``the trees behind a window stay as flat as a balanced tree`` (seed: int) =
    let random = System.Random seed
    let widest = seconds (1 + random.Next 300)
    let mutable series = Series.empty true [ widest ]
    let mutable at = noon

    for _ in 1 .. random.Next 200 do
        at <- at + int64 (random.Next 3_000) * 1L<ms>
        series <- Series.append widest at (int64 (random.Next 50)) series

    let bound count = 1.4405 * System.Math.Log2(float (count + 2))
    let rankedHeight = match series.Ranked.Head.Values with NoValues -> 0 | RankedNode(_, _, _, _, height, _) -> height
    float (SampleTree.height series.Older) <= bound (Series.whole series).Count && float rankedHeight <= bound (Ranked.count series.Ranked.Head.Values)

[<Test; Says "K-23">]
let ``a fact that is aggregated is sampled once a second, or once in a thousandth of its widest window`` () =
    let watching width = policy [ rule "r" (Compare(Over(Avg, "queries.running", width), Greater, Literal(Count, 1_000_000L))) (Suspend never) ] []

    let samples width length =
        let story = running (watching width) (cu 1.0) |> waits length
        Series.toList story.State.Series[0] |> List.map fst

    Assert.That(samples (minutes 1) (seconds 10), Is.EqualTo(box [ for n in 1..10 -> noon + seconds n ]))
    Assert.That(samples (hours 1) (seconds 10), Is.EqualTo(box [ for n in 1L .. 2L -> noon + 3_600L<ms> * n ]))

[<TestCase(2, 2_000L); Says "K-24">]
let ``with nothing sampled yet the aggregate of a fact is the fact`` (sessions: int) (expected: int64) =
    let value kind = Compare(Over(kind, "queries.running", minutes 1), Equal, Literal(Count, expected))
    let story = begins (policy [] []) noon |> send (ActivityChanged { quiet with Running = sessions })

    for kind in [ Last; Avg; Max; Min; P50; Sum ] do
        Assert.That(truth (value kind) story, Is.EqualTo Kleene.True, $"{kind}")

    for kind in [ CountOf; RateOf ] do
        Assert.That(truth (Compare(Over(kind, "queries.running", minutes 1), Equal, Literal(Count, 0L))) story, Is.EqualTo Kleene.True, $"{kind}")

[<Test; Says "K-9">]
let ``samples that are told together are looked at together`` () =
    let isFull = Compare(Metric "cpu", Greater, Literal(Percent, 8_000L))
    let hasRoom = Compare(Metric "memory", Less, Literal(Percent, 5_000L))
    let story = running (policy [ rule "grow" (And [ isFull; hasRoom ]) (ResizeUp(Units(cu 1.0))) ] []) (cu 1.0) |> after (seconds 5) (Event.OfSamples [ struct ("cpu", 1_000L); struct ("memory", 4_000L) ])
    let together = story |> after (seconds 5) (Event.OfSamples [ struct ("cpu", 9_000L); struct ("memory", 6_000L) ])
    let apart = story |> after (seconds 5) (Measured("cpu", 9_000L))
    Assert.That(effect together, Is.EqualTo None)
    Assert.That(effect apart, Is.EqualTo(Some(DoResize(cu 2.0))))

[<OfLives; Says "K-25"; Says "K-26"; Says "K-27">]
let ``idle and the age of the compute are what was last told of them`` (_: Life) (steps: Step list) : unit =
    let mutable quietSince, resumedAt = noon, noon

    for step in steps do
        let before, at = step.Before, max step.Before.At step.Input.At
        let isUp state = Stage.up (state: State).Stage

        if isUp step.After && not (isUp before) then
            resumedAt <- step.After.At
            quietSince <- max quietSince step.After.At

        match step.Input.Event with
        // What tells nothing new leaves the state's time where it was, and a clock that goes back from there is not seen to.
        | ActivityChanged _ when obj.ReferenceEquals(step.After, before) -> ()
        | ActivityChanged _ when Facts.busy before.Activity -> quietSince <- max quietSince at
        | ActivityChanged changed -> quietSince <- max quietSince (changed.LastEnded |> Option.map (min at) |> Option.defaultValue noon)
        | _ -> ()

        let now = step.After.At + seconds 7
        let struct (found, _) = Facts.value FactKind.Idle step.After now
        let struct (age, _) = Facts.value FactKind.ComputeAge step.After now
        let takenBack = match step.Input.Event with Commanded(ResumeCommand _, _) -> true | _ -> false
        let silent = match step.Input.Event with Observed(ComputeServes _) -> true | _ -> false

        if takenBack || silent then
            quietSince <- step.After.QuietSince
            resumedAt <- step.After.ResumedAt

        let idle = if Facts.busy step.After.Activity then 0L else int64 (now - quietSince)
        demand "idle is not what was told" step (Exact.compare found (Exact.ofInt (max 0L idle)) = 0)
        demand "the age of the compute is not what was told" step (Exact.compare age (Exact.ofInt (if isUp step.After then int64 (now - resumedAt) else 0L)) = 0)

[<OfLives; Says "K-28">]
let ``the bill is the size in use times the time, step by step`` (_: Life) (steps: Step list) : unit =
    // Within one local day and month, which most stretches are.
    for step in steps do
        let struct (day, _) = LocalTime.split (Array.ofList berlin.Transitions) step.Before.Spending.At
        let struct (today, _) = LocalTime.split (Array.ofList berlin.Transitions) step.After.Spending.At

        if day = today && day = step.Before.Spending.Day then
            let size = if Stage.up step.Before.Stage then step.Before.Size else 0L<mcu>
            let used = int64 size * int64 (step.After.Spending.At - step.Before.Spending.At)
            demand "the day was billed otherwise" step (step.After.Spending.DayUsed = step.Before.Spending.DayUsed + used)
            demand "the month was billed otherwise" step (step.After.Spending.MonthUsed = step.Before.Spending.MonthUsed + used)

[<OfLives; Says "K-29">]
let ``idle crosses its threshold at the very millisecond`` (life: Life) (_: Step list) : unit =
    let length = int64 (1 + life.Salt % 3_600_000) * 1L<ms>
    let comparison, shift = if life.Salt % 2 = 0 then GreaterOrEqual, 0L<ms> else Greater, 1L<ms>
    let story = running (policy [ rule "sleep" (Compare(Metric "idle", comparison, Literal(Duration, int64 length))) (Suspend never) ] []) (cu 1.0) |> waits (hours 2)
    if story.Now <> noon + length + shift then failwith $"{comparison} {length} became true {story.Now - noon} after it fell idle"

[<Test; Says "K-32">]
let ``a timer within a condition runs whatever the rest of it says`` () =
    let calm = Condition.Held(1, Compare(Metric "queries.running", Equal, Literal(Count, 0L)), minutes 10)
    let gated = policy [ rule "sleep" (And [ Compare(Metric "connections", Equal, Literal(Count, 0L)) |> Not; Constant true; calm ]) (Suspend never) ] []
    let open' = policy [ rule "sleep" (Or [ And [ Constant false; calm ]; And [ Compare(Metric "compute.age", GreaterOrEqual, Literal(Duration, int64 (minutes 9))); calm ] ]) (Suspend never) ] []
    Assert.That(suspends (running gated (cu 1.0) |> waits (hours 1)), Is.False, "an unknown name is unknown for ever")
    let story = running open' (cu 1.0) |> waits (hours 1)
    Assert.That(suspends story)
    Assert.That(story.Now, Is.EqualTo(noon + minutes 10))

[<Test; Says "K-38">]
let ``rules for the other phase rest, and so do their timers`` () =
    let waking = rule "wake" (Condition.Held(1, Constant true, minutes 1)) (Resume None)
    let story = running (policy [ waking ] []) (cu 1.0) |> waits (minutes 5)
    Assert.That(story.State.Timers[0], Is.EqualTo Limits.Never)
    let slept = story |> commands SuspendCommand |> ends Drained |> ends Succeeded
    Assert.That(phase slept, Is.EqualTo Suspended)
    let woken = slept |> waits (minutes 5)
    Assert.That(woken.Now - slept.Now, Is.EqualTo(minutes 1))

[<Test; Says "K-49">]
let ``rules that agree on a suspend give up only on what each of them gives up on`` () =
    let gives name transactions pinned = rule name (Constant true) (Suspend { Transactions = transactions; PinnedSessions = pinned })
    let agreed = policy [ gives "a" (Some(minutes 5)) (Some(minutes 1)); gives "b" (Some(minutes 9)) None ] []
    Assert.That(effect (running agreed (cu 1.0)), Is.EqualTo(Some(DoSuspend { ByOperator = false; Breaking = { Transactions = Some(minutes 9); PinnedSessions = None } })))

[<Test; Says "K-60">]
let ``what is infeasible is asked again after the longest back-off, or when the machine has changed`` () =
    let growing = policy [ rule "grow" (Constant true) (ResizeUp(Units(cu 1.0))) ] []
    let infeasible = running growing (cu 1.0) |> ends (InfeasibleFor "the node is too small")
    Assert.That((infeasible |> waits (hours 1)).Now - infeasible.Now, Is.EqualTo(seconds 300))
    Assert.That(effect (infeasible |> after (seconds 1) (Capacity(64_000L<mcpu>, 1_099_511_627_776L<bytes>))), Is.EqualTo(Some(DoResize(cu 2.0))))

[<Test; Says "K-63">]
let ``a crash in a drain is the end of it`` () =
    let draining = running (policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []) (cu 1.0) |> after (minutes 5) Tick
    let crashed = draining |> send (Observed(ComputeCrashed "signal 9"))
    Assert.That(phase crashed, Is.EqualTo Suspended)
    Assert.That(effect crashed, Is.EqualTo None)

[<TestCase true; TestCase false; Says "K-65">]
let ``a compute found running is running, with the size found`` (failed: bool) =
    let asleep = begins (policy [] []) noon
    let story = if failed then asleep |> holds 1 |> ends (FailedWith "no") |> holds 0 else asleep
    Assert.That(phase story, Is.EqualTo(if failed then Failed else Suspended))
    let found = story |> after (seconds 1) (Observed(ComputeServes(ValueSome(cu 3.0))))
    Assert.That(phase found, Is.EqualTo Running)
    Assert.That(found.State.Size, Is.EqualTo(cu 3.0))

[<Test; Says "K-64">]
let ``a compute that somebody else starts is not running yet`` () =
    let story = running (policy [] []) (cu 1.0) |> after (seconds 1) (Observed ComputeStarting)
    Assert.That(phase story, Is.EqualTo Suspended)
    Assert.That(phase (story |> holds 1), Is.EqualTo Resuming)

[<Test; Says "K-69">]
let ``a resume that succeeded forgets its failures once it is suspended`` () =
    let failedTwice = begins (policy [] []) noon |> holds 1 |> ends (FailedWith "no") |> waits (minutes 1) |> ends (FailedWith "no") |> waits (minutes 1)
    let up = failedTwice |> ends Succeeded
    Assert.That(up.State.ResumeBackoff.Failures, Is.EqualTo 2)
    let slept = up |> holds 0 |> commands SuspendCommand |> ends Drained |> ends Succeeded
    Assert.That(slept.State.ResumeBackoff.Failures, Is.EqualTo 0)

[<Test; Says "K-71">]
let ``of several commands in mid-flight the last one counts`` () =
    let story = begins (policy [] []) noon |> holds 1 |> commands SuspendCommand |> commands (ResizeCommand(cu 2.0)) |> ends Succeeded
    Assert.That(effect story, Is.EqualTo(Some(DoResize(cu 2.0))))

[<OfLives; Says "K-46"; Says "K-47">]
let ``nobody is told to be blocked twice, save a resume by each of its obstacles`` (_: Life) (steps: Step list) : unit =
    for step in steps do
        if step.Decision.Phase <> Suspended && step.Decision.Phase <> Failed && step.Decision.Phase <> Resuming then
            let blocked = step.Decision.Blocked |> List.filter (fun one -> one.By <> "activity" && not (List.exists (fun (forbid: Forbid) -> forbid.Name = one.By) step.Policy.Forbids)) |> List.map _.Rule
            demand "a proposal was blocked by two" step (List.distinct blocked = blocked)

            if step.Decision.Effect.IsSome && step.After.PausedBy.IsSome then
                demand "something began while it was paused" step (step.Decision.Because |> List.forall (fun by -> by = "command" || by = "outcome" || by = "drained" || by = "observed" || by = "policy"))
