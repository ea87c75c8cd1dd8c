/// What is said of a decision: who determined it, what was seen, what held it back, and when the next change can come.
module Serverless.Tests.Property.Core.ExplanationTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

let private explained (story: Story) = Kernel.explainAt story.State story.Decision story.Now
let private lines story = (explained story).Lines |> String.concat "\n"
let private contains (text: string) (story: Story) = Assert.That(lines story, Does.Contain text)

let private growing = policy [ rule "grow" (Condition.Held(1, cpuAbove 75, seconds 30)) (ResizeUp(Units(cu 1.0))) ] []

[<Test>]
[<Says "K-79">]
let ``a rule whose time runs says when it would fire, and if what`` () =
    let story = running growing (cu 1.0) |> after (seconds 5) (Measured("cpu", 9_100L)) |> after (seconds 18) (Measured("cpu", 9_100L))
    story |> contains "grow would fire in 12 s if cpu stays above 75% (resize up 1cu: cpu 91% > 75% for 30 s)"
    story |> contains "next change at the earliest: resize to 2cu by grow in 12 s, at 2026-03-27T12:00:35Z, if all stays as it is"

[<Test>]
let ``a rule that waits for its window says what must stay`` () =
    let story = running (policy [ rule "grow" (cpuAveraged (minutes 1) Greater 75) (ResizeUp(Units(cu 1.0))) ] []) (cu 1.0) |> sampled "cpu" 2_000L (minutes 2) |> after (seconds 5) (Measured("cpu", 9_500L))
    let found = explained story
    Assert.That(found.Rules.Head.If, Is.EqualTo "cpu stays at 95%")
    Assert.That(found.Rules.Head.FiresAt.IsSome)

[<Test>]
[<Says "K-79">]
let ``a cooldown says when it ends`` () =
    let cool = { policy [ rule "grow" (Constant true) (ResizeUp(Units(cu 1.0))) ] [] with Cooldown = { Up = seconds 30; Down = 0L<ms>; Suspend = 0L<ms> } }
    let story = running cool (cu 2.0) |> ends Succeeded |> after (seconds 18) Tick
    story |> contains "grow is cooling for 12 s more, until 2026-03-27T12:00:30Z"
    story |> contains "next change at the earliest: resize to 4cu by grow in 12 s"

[<Test>]
let ``a back-off says when it ends`` () =
    let failed = running (policy [ rule "grow" (Constant true) (ResizeUp(Units(cu 1.0))) ] []) (cu 1.0) |> ends (FailedWith "no room") |> after (seconds 1) Tick
    failed |> contains "resize to 2cu by rule grow is blocked by back-off for 4 s more, until 2026-03-27T12:00:05Z: the last attempt failed: no room"

[<Test>]
let ``an idle database says when it would sleep`` () =
    let sleepy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []
    running sleepy (cu 1.0) |> after (minutes 2) Tick |> contains "sleep would fire in 180 s if it stays idle (suspend: idle 120 s >= 300 s)"

[<Test>]
let ``a time to come is told as people tell it`` () =
    let sleepy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []
    running sleepy (cu 1.0) |> after 14_505L<ms> Tick |> contains "sleep would fire in 285 s if it stays idle (suspend: idle 14.505 s >= 300 s)"
    running sleepy (cu 1.0) |> after (minutes 5 - 2_345L<ms>) Tick |> contains "sleep would fire in 2.3 s"

[<Test>]
let ``what keeps it awake is said while nothing is to come`` () =
    let sleepy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []
    running sleepy (cu 1.0) |> send (ActivityChanged { quiet with Running = 1; Pinned = 2 }) |> contains "no change within 3600 s if all stays as it is (1 statement runs, 2 sessions are pinned)"

[<Test>]
let ``what is in flight is what is said`` () =
    let story = begins (policy [] []) noon |> holds 1 |> after (seconds 3) Tick
    story |> contains "the resume at 0.5cu has been under way for 3 s; what comes next waits for its outcome"

[<Test>]
let ``nothing to come is said`` () =
    running (policy [] []) (cu 1.0) |> contains "no change within 3600 s if all stays as it is"

[<Test>]
[<Says "K-79">]
let ``a forbid names itself and what it saw`` () =
    let story = running (policy [ rule "sleep" (Constant true) (Suspend never) ] [ forbid "backup" (IsSet "backup") [ SuspendAction ] ]) (cu 1.0)
    story |> contains "suspend by rule sleep is blocked by forbid backup: forbidden: backup is unknown"

[<Test>]
let ``an explanation is JSON too`` () =
    let json = KernelJson.writeExplanation (explained (running growing (cu 1.0) |> after (seconds 5) (Measured("cpu", 9_100L))))
    Assert.That((JsonParser.parse json).IsOk)
    Assert.That(json, Does.Contain "\"rule\":\"grow\",\"action\":\"resize up 1cu\",\"says\":\"waits\"")

/// Repeats the samples that are fresh and ticks when asked, as the outlook supposes.
[<OfLives>]
[<Says "K-80">]
let ``what is foretold is what comes when everything stays as it is`` (life: Life) (steps: Step list) : unit =
    let last = List.last steps
    let now = last.After.At

    // An hour of seconds is long: of those that need it, some will do.
    let quick = last.After.Plan.FactPeriod = 0L<ms> || life.Salt % 64 = 0

    if atRest last.Decision.Phase && quick then
        let foretold = (Kernel.explainAt last.After last.Decision now).Next
        // Without samples the story is told by ticks alone.
        let silent = Seq.forall (fun index -> match Series.last last.After.Series[index] with ValueSome(struct (at, _)) -> now - at > seconds 20 | ValueNone -> true) (seq { 0 .. last.After.Series.Length - 1 })

        if silent then
            let struct (state, decision) = Play.step last.Policy last.After now Tick
            let story = { Policy = last.Policy; State = state; Decision = decision; Now = now }
            let come = if decision.Effect.IsSome then story else waits (hours 1) story

            match foretold with
            | ValueSome next -> demand "something else came than was foretold" last (come.Decision.Effect = ValueSome next.Effect && come.Now = next.At)
            | ValueNone -> demand "nothing was foretold, and something came" last (come.Decision.Effect.IsNone || come.Now >= now + hours 1)
