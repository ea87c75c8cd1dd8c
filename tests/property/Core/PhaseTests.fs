/// Phases: waking, draining, failing, crashing, and an operator's hand.
module Serverless.Tests.Property.Core.PhaseTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Play

let private sleepy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []

let private effect (story: Story) =
    match story.Decision.Effect with
    | ValueSome effect -> Some effect
    | ValueNone -> None

let private resume units = Some(DoResume(cu units))
let private phase (story: Story) = story.Decision.Phase
let private asleep policy = begins policy noon
let private draining = running sleepy (cu 1.0) |> after (minutes 5) Tick
let private stopping = draining |> ends Drained
let private says (what: string) (story: Story) = String.concat "\n" story.Decision.Warnings |> fun text -> text.Contains what
let private view (story: Story) = Kernel.view story.State story.Now

[<Test>]
[<Says "K-52">]
let ``a held statement wakes it at the size it had`` () =
    let story = stopping |> ends Succeeded |> holds 1
    Assert.That(effect story, Is.EqualTo(resume 1.0))
    Assert.That(story.Decision.Because, Is.EqualTo(box [ "wake" ]))
    Assert.That(phase (story |> ends Succeeded), Is.EqualTo Running)

[<Test>]
let ``five hundred held statements are one wake`` () =
    let story = asleep sleepy |> holds 1
    Assert.That(effect story, Is.EqualTo(resume 0.5))
    for count in 2..500 do
        Assert.That(effect (story |> holds count), Is.EqualTo None)

[<Test>]
[<Says "K-52">]
let ``a wake rule chooses the size`` () =
    let waking = policy [ rule "big" (During "office") (Resume(Some(cu 2.0))); rule "small" (Constant true) (Resume(Some(cu 1.0))) ] []
    Assert.That(effect (asleep waking), Is.EqualTo(resume 2.0), "by itself")
    let held = { waking with Rules = waking.Rules |> List.map (fun rule -> { rule with When = And [ rule.When; Compare(Metric "queries.held", Greater, Literal(Count, 0L)) ] }) }
    Assert.That(effect (asleep held), Is.EqualTo None)
    Assert.That(effect (asleep held |> holds 1), Is.EqualTo(resume 2.0))

[<Test>]
[<Says "K-54">]
let ``a suspend drains, passes the point of no return, and is done`` () =
    Assert.That(effect draining, Is.EqualTo(Some(DoSuspend { ByOperator = false; Breaking = never })))
    Assert.That(phase draining, Is.EqualTo Draining)
    Assert.That(phase stopping, Is.EqualTo Suspending)
    Assert.That(stopping.Decision.Revision, Is.EqualTo draining.Decision.Revision)
    Assert.That(phase (stopping |> ends Succeeded), Is.EqualTo Suspended)

[<Test>]
[<Says "K-56">]
[<Says "K-68">]
let ``a statement held in a drain cancels it, and the drain's outcome is stale`` () =
    let cancelled = draining |> after (seconds 1) (ActivityChanged { quiet with Held = 1 })
    Assert.That(phase cancelled, Is.EqualTo Running)
    let late = cancelled |> send (EffectOutcome(draining.Decision.Revision, Drained))
    Assert.That(phase late, Is.EqualTo Running)
    Assert.That(effect late, Is.EqualTo None)

[<Test>]
[<Says "K-55">]
let ``a forbid that came to hold in a drain, or a peer that was lost in it, takes it back`` () =
    let careful = { sleepy with Forbids = [ forbid "backup" (IsSet "backup") [ SuspendAction ] ] }
    let draining = running careful (cu 1.0) |> after (minutes 5 - seconds 1) (Measured("backup", 0L)) |> after (seconds 1) Tick
    Assert.That(phase draining, Is.EqualTo Draining)
    Assert.That(phase (draining |> ends Drained), Is.EqualTo Suspending)
    Assert.That(phase (draining |> after (seconds 1) (Measured("backup", 1L)) |> ends Drained), Is.EqualTo Running)
    Assert.That(phase (draining |> after (seconds 1) (ActivityChanged { quiet with UnknownPeers = 1 }) |> ends Drained), Is.EqualTo Running)

[<Test>]
let ``a statement held past the point of no return waits, and wakes it once it stopped`` () =
    let held = stopping |> holds 1
    Assert.That(phase held, Is.EqualTo Suspending)
    Assert.That(held.Decision.RefuseHeld, Is.EqualTo None)
    let woken = held |> ends Succeeded
    Assert.That(effect woken, Is.EqualTo(resume 1.0))

[<Test>]
[<Says "K-57">]
let ``a refused suspend pauses before it asks again, ever longer, within a bound`` () =
    let rec delays (story: Story) count =
        if count = 0 then []
        else
            let refused = story |> ends (RefusedBy "backup runs")
            let again = refused |> waits (minutes 10)
            (again.Now - refused.Now) :: delays again (count - 1)

    Assert.That(delays draining 7, Is.EqualTo(box [ seconds 2; seconds 4; seconds 8; seconds 16; seconds 30; seconds 30; seconds 30 ]))
    let refused = draining |> ends (RefusedBy "backup runs")
    Assert.That((view refused).LastError, Is.EqualTo "backup runs")
    Assert.That(says "backup runs" refused)

[<Test>]
[<Says "K-58">]
let ``a withheld suspend is no failure, and is decided once for each time that it goes quiet`` () =
    let withheld = draining |> ends (WithheldBy "shadow mode")
    Assert.That(phase withheld, Is.EqualTo Running)
    Assert.That((view withheld).LastError, Is.Null)
    Assert.That((view withheld).Failures, Is.Zero)
    Assert.That(withheld.Decision.Warnings, Is.Empty)
    Assert.That(effect (withheld |> after (minutes 50) Tick), Is.EqualTo None, "idle all the while")
    Assert.That(effect (withheld |> after (hours 1) Tick), Is.Not.EqualTo None, "said again now and then")
    let busy = withheld |> after (minutes 1) (ActivityChanged { quiet with Running = 1 }) |> after (minutes 1) (ActivityChanged quiet)
    Assert.That(effect (busy |> after (minutes 4) Tick), Is.EqualTo None)
    Assert.That(effect (busy |> after (minutes 5) Tick), Is.Not.EqualTo None, "idle once more")

[<Test>]
[<Says "K-58">]
let ``a withheld resize is no failure, and is decided again after a while`` () =
    let growing = running (policy [ rule "grow" (Constant true) (ResizeUp(Units 500L<mcu>)) ] []) (cu 1.0) |> after (seconds 1) Tick
    let withheld = growing |> ends (WithheldBy "shadow mode")
    Assert.That(phase withheld, Is.EqualTo Running)
    Assert.That((view withheld).LastError, Is.Null)
    Assert.That(effect (withheld |> after (minutes 4) Tick), Is.EqualTo None)
    Assert.That(effect (withheld |> after (minutes 5) Tick), Is.Not.EqualTo None)

[<Test>]
let ``what was withheld is decided afresh after a restart`` () =
    let withheld = draining |> ends (WithheldBy "shadow mode")
    let read = KernelJson.readState sleepy withheld.Now (KernelJson.writeState withheld.State)
    let struct (_, decision) = Kernel.step sleepy read.Value { At = withheld.Now + minutes 5; Event = Tick }
    Assert.That(decision.Effect.IsSome, Is.True)

[<Test>]
[<Says "K-61">]
let ``a failed resume goes to failed and is tried again with back-off while a statement is held`` () =
    let failed = asleep sleepy |> holds 1 |> ends (FailedWith "data directory unreadable")
    Assert.That(phase failed, Is.EqualTo Failed)
    Assert.That((view failed).LastError, Is.EqualTo "data directory unreadable")
    let again = failed |> waits (minutes 1)
    Assert.That(effect again, Is.EqualTo(resume 0.5))
    Assert.That(again.Now - failed.Now, Is.EqualTo 500L<ms>)
    let twice = again |> ends (FailedWith "still") |> waits (minutes 1)
    Assert.That(twice.Now - again.Now, Is.EqualTo(seconds 1))

[<Test>]
let ``a failed resume rests while nobody waits, and a new statement begins at once after the back-off`` () =
    let rested = asleep sleepy |> holds 1 |> ends (FailedWith "no") |> holds 0 |> waits (hours 3)
    Assert.That(effect rested, Is.EqualTo None)
    Assert.That(phase rested, Is.EqualTo Failed)
    Assert.That(effect (rested |> holds 1), Is.EqualTo(resume 0.5))

[<Test>]
[<Says "K-53">]
let ``a forbid on resume refuses held statements at once`` () =
    let night = policy [] [ forbid "office" (During "office") [ ResumeAction ] ]
    let refused = asleep night |> holds 1
    Assert.That(effect refused, Is.EqualTo None)
    Assert.That(refused.Decision.RefuseHeld.Value, Does.Contain "office")
    // Friday 19:00 in Berlin.
    let evening = refused |> waits (hours 24)
    Assert.That(effect evening, Is.EqualTo(resume 0.5))
    Assert.That(evening.Now, Is.EqualTo(noon + hours 6))

[<Test>]
[<Says "K-53">]
let ``a pause refuses held statements, and unpausing wakes`` () =
    let paused = asleep sleepy |> commands PauseCommand |> holds 1
    Assert.That(effect paused, Is.EqualTo None)
    Assert.That(paused.Decision.RefuseHeld.Value, Does.Contain "ann")
    Assert.That(effect (paused |> commands UnpauseCommand), Is.EqualTo(resume 0.5))

[<Test>]
[<Says "K-72">]
let ``a pause keeps rules away and takes a drain of theirs back`` () =
    Assert.That(phase (draining |> commands PauseCommand), Is.EqualTo Running)
    let paused = running sleepy (cu 1.0) |> commands PauseCommand |> waits (hours 2)
    Assert.That(effect paused, Is.EqualTo None)
    Assert.That(paused.Decision.Blocked.Head.By, Is.EqualTo "pause")

[<Test>]
[<Says "K-56">]
let ``an operator's suspend is not cancelled by held statements, which wake it again after it stopped`` () =
    let asked = running sleepy (cu 1.0) |> send (ActivityChanged { quiet with Running = 2; Transactions = 1 }) |> commands SuspendCommand
    Assert.That(effect asked, Is.EqualTo(Some(DoSuspend { ByOperator = true; Breaking = never })))
    let held = asked |> holds 5
    Assert.That(phase held, Is.EqualTo Draining)
    let stopped = held |> ends Drained
    Assert.That(phase stopped, Is.EqualTo Suspending)
    Assert.That(effect (stopped |> ends Succeeded), Is.EqualTo(resume 1.0))

[<Test>]
[<Says "K-55">]
[<Says "K-70">]
let ``an operator's drain that still finds a transaction is cancelled with a warning`` () =
    let asked = running sleepy (cu 1.0) |> send (ActivityChanged { quiet with Transactions = 1 }) |> commands SuspendCommand
    let cancelled = asked |> ends Drained
    Assert.That(phase cancelled, Is.EqualTo Running)
    Assert.That(says "1 transaction is open" cancelled)

[<Test>]
[<Says "K-71">]
let ``a command in mid-flight is carried out when the effect has ended`` () =
    let story = asleep sleepy |> holds 1 |> commands SuspendCommand
    Assert.That(effect story, Is.EqualTo None)
    Assert.That(effect (story |> ends Succeeded), Is.EqualTo(Some(DoSuspend { ByOperator = true; Breaking = never })))

[<Test>]
[<Says "K-70">]
let ``an operator's resize is clamped and says so`` () =
    let story = running sleepy (cu 1.0) |> commands (ResizeCommand(cu 20.0))
    Assert.That(effect story, Is.EqualTo(Some(DoResize(cu 8.0))))
    Assert.That(says "20cu" story)
    let sleeping = asleep sleepy |> commands (ResizeCommand(cu 3.0)) |> holds 1
    Assert.That(effect sleeping, Is.EqualTo(resume 3.0))

[<Test>]
[<Says "K-70">]
let ``an operator's resume does not wait for the back-off`` () =
    let failed = asleep sleepy |> holds 1 |> ends (FailedWith "no") |> commands (ResumeCommand ValueNone)
    Assert.That(effect failed, Is.EqualTo(resume 0.5))

[<Test>]
[<Says "K-62">]
let ``a crash restarts it at once, and a crash loop backs off`` () =
    let crash (story: Story) = story |> after (seconds 1) (Observed(ComputeCrashed "signal 9"))
    let first = running sleepy (cu 1.0) |> after (minutes 2) Tick |> crash
    Assert.That(effect first, Is.EqualTo(resume 1.0))
    Assert.That(first.Decision.Because, Does.Contain "crash")
    let second = first |> ends Succeeded |> crash
    Assert.That(phase second, Is.EqualTo Failed)
    let again = second |> waits (minutes 1)
    Assert.That(effect again, Is.EqualTo(resume 1.0))
    let third = again |> ends Succeeded |> crash
    let later = third |> waits (minutes 1)
    Assert.That(later.Now - third.Now, Is.GreaterThan(again.Now - second.Now))
    let stable = later |> ends Succeeded |> after (minutes 2) Tick |> crash
    Assert.That(effect stable, Is.EqualTo(resume 1.0), "it had run for a while")

[<Test>]
[<Says "K-64">]
let ``a compute found stopped is suspended, and a held statement wakes it`` () =
    let gone = running sleepy (cu 1.0) |> after (seconds 1) (Observed ComputeGone)
    Assert.That(phase gone, Is.EqualTo Suspended)
    Assert.That(effect gone, Is.EqualTo None)
    Assert.That(effect (gone |> holds 1), Is.EqualTo(resume 1.0))

[<Test>]
[<Says "K-65">]
let ``a size set by somebody else is the size`` () =
    let found = running sleepy (cu 1.0) |> after (seconds 1) (Observed(ComputeServes(ValueSome(cu 3.0))))
    Assert.That((view found).SizeMcu, Is.EqualTo 3_000L)
    Assert.That(effect found, Is.EqualTo None)

[<Test>]
[<Says "K-51">]
let ``a suspend gives up on idle transactions only when its rule says so`` () =
    let breaking = { Transactions = Some(minutes 10); PinnedSessions = None }
    let patient = policy [ rule "sleep" (Constant true) (Suspend breaking) ] []
    let opened = { quiet with Transactions = 1; TransactionsIdle = minutes 4 }
    let story = begins patient noon |> send (ActivityChanged opened) |> send (Observed(ComputeServes(ValueSome(cu 1.0)))) |> waits (hours 1)
    Assert.That(effect story, Is.EqualTo(Some(DoSuspend { ByOperator = false; Breaking = breaking })))
    Assert.That(story.Now, Is.EqualTo(noon + minutes 6))
    let strict = policy [ rule "sleep" (Constant true) (Suspend never) ] []
    let stays = begins strict noon |> send (ActivityChanged opened) |> send (Observed(ComputeServes(ValueSome(cu 1.0)))) |> waits (hours 1)
    Assert.That(effect stays, Is.EqualTo None)
    Assert.That(stays.Decision.Blocked.Head.Reason, Is.EqualTo "1 transaction is open")

[<Test>]
[<Says "K-26">]
let ``idle starts anew when a client goes away in an open transaction`` () =
    let busy = running sleepy (cu 1.0) |> send (ActivityChanged { quiet with Transactions = 1; LastEnded = Some noon }) |> after (hours 1) Tick
    let left = busy |> send (ActivityChanged { quiet with LastEnded = Some noon })
    Assert.That(effect left, Is.EqualTo None)
    let slept = left |> waits (hours 1)
    Assert.That(slept.Now - left.Now, Is.EqualTo(minutes 5))

[<Test>]
[<Says "K-19">]
let ``windows do not span a suspend and resume`` () =
    let hot = policy [ rule "grow" (Compare(Over(Max, "cpu", minutes 1), Greater, Literal(Percent, 9_000L))) (ResizeUp(Units(cu 1.0))) ] []
    let story = { running hot (cu 8.0) with Policy = hot } |> sampled "cpu" 9_500L (minutes 2)
    let woken = story |> commands SuspendCommand |> ends Drained |> ends Succeeded |> commands (ResizeCommand(cu 1.0)) |> holds 1 |> ends Succeeded
    Assert.That(effect (woken |> sampled "cpu" 9_500L (seconds 30)), Is.EqualTo None)

[<Test>]
[<Says "K-10">]
let ``a new policy takes effect with the input that brings it`` () =
    let story = running sleepy (cu 1.0) |> after (minutes 1) Tick
    let eager = { policy [ rule "sleep" (idle (seconds 30)) (Suspend never) ] [] with Revision = "2" }
    Assert.That(effect ({ story with Policy = eager } |> send PolicyChanged), Is.EqualTo(Some(DoSuspend { ByOperator = false; Breaking = never })))

[<Test>]
[<Says "K-66">]
let ``an effect that nobody speaks of gives way to what is observed, in the end`` () =
    let waking = asleep sleepy |> holds 1
    Assert.That(phase (waking |> after (minutes 14) (Observed ComputeGone)), Is.EqualTo Resuming)
    Assert.That(phase (waking |> after (minutes 15) (Observed(ComputeServes ValueNone))), Is.EqualTo Running)

[<Test>]
[<Says "K-23">]
let ``aggregates over facts are never unknown`` () =
    let busy = policy [ rule "grow" (Compare(Over(Avg, "queries.running", minutes 1), GreaterOrEqual, Literal(Count, 2_000L))) (ResizeUp(Units(cu 1.0))) ] []
    let story = running busy (cu 1.0) |> waits (minutes 1)
    Assert.That(effect story, Is.EqualTo None)
    // From 0 to 4 running: the average of a minute passes 2 half a minute later.
    let loaded = story |> send (ActivityChanged { quiet with Running = 4 }) |> waits (minutes 5)
    Assert.That(effect loaded, Is.EqualTo(Some(DoResize(cu 2.0))))
    Assert.That(loaded.Now - story.Now, Is.EqualTo(seconds 30).Within(seconds 1))
