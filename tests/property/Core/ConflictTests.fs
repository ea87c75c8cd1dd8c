/// Bounds, steps, forbids, cooldowns, priorities: which proposal gets through.
module Serverless.Tests.Property.Core.ConflictTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Play

let private always = Constant true
let private up units = ResizeUp(Units(cu units))
let private down units = ResizeDown(Units(cu units))

let private decides policy size = (running policy (cu size)).Decision

let private effect (decision: Decision) =
    match decision.Effect with
    | ValueSome effect -> Some effect
    | ValueNone -> None

let private resize units = Some(DoResize(cu units))
let private suspend = Some(DoSuspend { ByOperator = false; Breaking = never })
let private both a b = policy [ rule "a" always a; rule "b" always b ] []
let private blockers (decision: Decision) = decision.Blocked |> List.map (fun blocked -> blocked.Rule, blocked.By)

[<TestCase(0.5, 50, 1.0)>]
[<TestCase(1.0, 10, 1.5)>]
[<TestCase(2.0, 50, 3.0)>]
[<TestCase(7.5, 100, 8.0)>]
[<Says "K-40">]
let ``an up by a part is snapped upward and clamped`` (size: float) (percent: int) (expected: float) =
    let policy = policy [ rule "grow" always (ResizeUp(Proportion(int64 percent * 100L))) ] []
    Assert.That(effect (decides policy size), Is.EqualTo(resize expected))

[<TestCase(4.0, 20, 3.0)>]
[<TestCase(1.0, 20, 0.5)>]
[<TestCase(8.0, 99, 0.5)>]
[<Says "K-40">]
let ``a down by a part is snapped downward and clamped`` (size: float) (percent: int) (expected: float) =
    let policy = policy [ rule "shrink" always (ResizeDown(Proportion(int64 percent * 100L))) ] []
    Assert.That(effect (decides policy size), Is.EqualTo(resize expected))

[<Test>]
[<Says "K-42">]
let ``what changes nothing drops out, so a database at its floor can sleep`` () =
    Assert.That(effect (decides (both (down 1.0) (Suspend never)) 0.5), Is.EqualTo suspend)

[<Test>]
[<Says "K-48">]
let ``the most capacity wins`` () =
    Assert.That(effect (decides (both (up 1.0) (up 2.0)) 2.0), Is.EqualTo(resize 4.0))
    Assert.That(effect (decides (both (down 1.0) (down 0.5)) 2.0), Is.EqualTo(resize 1.5))
    Assert.That(effect (decides (both (down 1.0) (Suspend never)) 2.0), Is.EqualTo(resize 1.0))
    Assert.That(effect (decides (both (up 1.0) (Suspend never)) 2.0), Is.EqualTo(resize 3.0))

[<Test>]
[<Says "K-48">]
let ``the highest priority wins over more capacity`` () =
    let urgent = { rule "sleep" always (Suspend never) with Priority = 1 }
    let decision = decides (policy [ urgent; rule "grow" always (up 1.0) ] []) 2.0
    Assert.That(effect decision, Is.EqualTo suspend)
    Assert.That(blockers decision, Is.EqualTo(box [ "grow", "sleep" ]))

[<Test>]
[<Says "K-39">]
[<Says "K-47">]
let ``a forbid trumps what it blocks, and an up that is forbidden becomes stay`` () =
    let rules = [ rule "grow" always (up 1.0); rule "sleep" always (Suspend never) ]
    let decision = decides (policy rules [ forbid "backup" always [ ResizeUpAction ] ]) 2.0
    Assert.That(effect decision, Is.EqualTo None)
    Assert.That(blockers decision, Is.EqualTo(box [ "grow", "backup"; "sleep", "grow" ]))

[<Test>]
[<Says "K-39">]
let ``a forbid blocks when its condition is unknown`` () =
    let decision = decides (policy [ rule "sleep" always (Suspend never) ] [ forbid "backup" (IsSet "backup") [ SuspendAction ] ]) 1.0
    Assert.That(effect decision, Is.EqualTo None)
    Assert.That(decision.Blocked.Head.Reason, Does.Contain "backup is unknown")

[<Test>]
[<Says "K-39">]
let ``a forbid that is definitely false blocks nothing`` () =
    let policy = policy [ rule "sleep" (idle (seconds 10)) (Suspend never) ] [ forbid "backup" (IsSet "backup") [ SuspendAction ] ]
    let story = running policy (cu 1.0) |> after (seconds 9) (Measured("backup", 0L)) |> after (seconds 1) Tick
    Assert.That(effect story.Decision, Is.EqualTo suspend)

[<Test>]
[<Says "K-47">]
[<Says "K-50">]
let ``an up that cools becomes stay and says until when`` () =
    let policy = { both (up 1.0) (Suspend never) with Cooldown = { Up = seconds 30; Down = minutes 5; Suspend = 0L<ms> } }
    let story = running policy (cu 2.0) |> ends Succeeded
    Assert.That(story.Decision.Phase, Is.EqualTo Running)
    Assert.That(effect story.Decision, Is.EqualTo None)
    Assert.That(story.Decision.NextCheck, Is.EqualTo(noon + seconds 30))
    Assert.That(effect (story |> after (seconds 29) Tick).Decision, Is.EqualTo None)
    Assert.That(effect (story |> after (seconds 30) Tick).Decision, Is.EqualTo(resize 4.0))

[<Test>]
[<Says "K-47">]
let ``an up that cools stays in the way of a suspend, also while resizes back off`` () =
    let policy = { both (up 1.0) (Suspend never) with Cooldown = { Up = minutes 10; Down = 0L<ms>; Suspend = 0L<ms> } }
    let cooling = running policy (cu 2.0) |> ends Succeeded
    let failed = cooling |> commands (ResizeCommand(cu 5.0)) |> ends (FailedWith "no room")
    Assert.That(failed.Decision.Phase, Is.EqualTo Running)
    Assert.That(effect failed.Decision, Is.EqualTo None)
    Assert.That(blockers failed.Decision, Is.EqualTo(box [ "a", "cooldown"; "b", "a" ]))

[<Test>]
[<Says "K-47">]
[<Says "K-48">]
let ``an up that cools keeps the size against a down`` () =
    let policy = { both (up 1.0) (down 0.5) with Cooldown = { Up = minutes 10; Down = 0L<ms>; Suspend = 0L<ms> } }
    let cooling = running policy (cu 2.0) |> ends Succeeded
    Assert.That(effect cooling.Decision, Is.EqualTo None)
    Assert.That(blockers cooling.Decision, Is.EqualTo(box [ "a", "cooldown"; "b", "a" ]))

[<Test>]
let ``a cooling explains itself in words`` () =
    let policy = { policy [ rule "grow" always (up 1.0) ] [] with Cooldown = { Up = seconds 30; Down = 0L<ms>; Suspend = 0L<ms> } }
    let story = running policy (cu 2.0) |> ends Succeeded |> after (seconds 18) (Commanded(UnpauseCommand, "ann"))
    Assert.That(String.concat "\n" (Explain.decision policy story.Decision), Does.Contain "grow is cooling for 12 s more")

[<Test>]
[<Says "K-79">]
let ``a decision explains itself with the values seen`` () =
    let policy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []
    let story = running policy (cu 1.0) |> after (seconds 312) Tick
    Assert.That(Explain.decision policy story.Decision, Is.EqualTo(box [ "suspend by rule sleep: idle 312 s >= 300 s" ]))

[<Test>]
[<Says "K-50">]
let ``the suspend cools since the last resume`` () =
    let policy = { policy [ rule "sleep" always (Suspend never) ] [] with Cooldown = { Up = 0L<ms>; Down = 0L<ms>; Suspend = minutes 10 } }
    let story = running policy (cu 1.0) |> waits (hours 1)
    Assert.That(effect story.Decision, Is.EqualTo suspend)
    Assert.That(story.Now, Is.EqualTo(noon + minutes 10))

[<Test>]
[<Says "K-50">]
let ``a down cools since the last change of size, whenever it was resumed`` () =
    let shrinking = { policy [ rule "shrink" always (down 0.5) ] [] with Cooldown = { Up = 0L<ms>; Down = minutes 5; Suspend = 0L<ms> } }
    let resumed = running shrinking (cu 4.0)
    Assert.That(effect resumed.Decision, Is.EqualTo(resize 3.5))
    let resized = { resumed with Now = noon + minutes 20 } |> ends Succeeded |> waits (hours 1)
    Assert.That(effect resized.Decision, Is.EqualTo(resize 3.0))
    Assert.That(resized.Now, Is.EqualTo(noon + minutes 25))

[<Test>]
let ``rules that suspend together give up only on what each of them gives up on, at the latest of their limits`` () =
    let breaking transactions pinned = Suspend { Transactions = transactions; PinnedSessions = pinned }
    let decision = decides (both (breaking (Some(hours 1)) (Some(hours 2))) (breaking None (Some(hours 3)))) 1.0
    Assert.That(effect decision, Is.EqualTo(Some(DoSuspend { ByOperator = false; Breaking = { Transactions = None; PinnedSessions = Some(hours 3) } })))

[<Test>]
let ``a peer that has not been heard of keeps it awake whatever the rules say`` () =
    let story = begins (policy [ rule "sleep" always (Suspend never) ] []) noon |> send (ActivityChanged { quiet with UnknownPeers = 1 }) |> send (Observed(ComputeServes(ValueSome(cu 1.0))))
    Assert.That(effect story.Decision, Is.EqualTo None)
    Assert.That(blockers story.Decision, Is.EqualTo(box [ "sleep", "activity" ]))
    Assert.That(effect (story |> after (seconds 1) (ActivityChanged quiet)).Decision, Is.EqualTo suspend)

[<Test>]
[<Says "K-44">]
let ``a size out of bounds comes back whatever cools`` () =
    let policy = { policy [] [] with Cooldown = { Up = hours 1; Down = hours 1; Suspend = hours 1 } }
    Assert.That(effect (decides policy 9.0), Is.EqualTo(resize 8.0))
    Assert.That((decides policy 9.0).Because, Does.Contain "bounds")

[<Test>]
[<Says "K-43">]
let ``a schedule raises the floor when it begins`` () =
    let policy = { policy [] [] with Bounds = [ { Min = cu 0.5; Max = cu 8.0; During = None }; { Min = cu 2.0; Max = cu 8.0; During = Some "office" } ] }
    // Friday evening to Monday 08:00 in Berlin.
    let story = begins policy (noon + hours 8) |> send (Observed(ComputeServes(ValueSome(cu 0.5)))) |> waits (hours 80)
    Assert.That(effect story.Decision, Is.EqualTo(resize 2.0))
    Assert.That(story.Now, Is.EqualTo(noon + hours 66))

[<Test>]
[<Says "K-43">]
let ``the machine's capacity caps the bounds`` () =
    let policy = policy [ rule "grow" always (up 8.0) ] []
    let story = begins policy noon |> send (Capacity(1_700L<mcpu>, 100_000_000_000L<bytes>)) |> send (Observed(ComputeServes(ValueSome(cu 1.0))))
    Assert.That(effect story.Decision, Is.EqualTo(resize 3.0))

[<Test>]
[<Says "K-45">]
let ``a shrink stops at the memory that cannot be given back`` () =
    // 2.5 GiB and a tenth is 1.375 units of 2 GiB.
    let shrinking = policy [ rule "shrink" always (down 3.5) ] []
    let story = begins shrinking noon |> send (Unreclaimable 2_684_354_560L<bytes>) |> send (Observed(ComputeServes(ValueSome(cu 4.0))))
    Assert.That(effect story.Decision, Is.EqualTo(resize 1.5))
    let stopped = story |> ends Succeeded
    Assert.That(effect stopped.Decision, Is.EqualTo None)
    Assert.That(blockers stopped.Decision, Is.EqualTo(box [ "shrink", "memory" ]))

[<TestCase(9000, 3.0)>]
[<TestCase(6100, 2.5)>]
[<TestCase(6000, 0.0)>]
[<TestCase(3000, 1.0)>]
[<Says "K-41">]
let ``tracking sets the size that brings usage to the target`` (usage: int64) (expected: float) =
    let policy = policy [ rule "track" always (Track("cpu", seconds 10, 6_000L)) ] []
    let story = running policy (cu 2.0) |> sampled "cpu" usage (minutes 1)
    Assert.That(effect story.Decision, Is.EqualTo(if expected = 0.0 then None else resize expected))

[<Test>]
[<Says "K-36">]
[<Says "K-37">]
let ``hysteresis keeps a rule armed between its thresholds, and a resize disarms it`` () =
    let shrink = { rule "shrink" (cpuAveraged (seconds 10) Less 20) (down 0.5) with Until = Some(cpuAveraged (seconds 10) Greater 40) }
    let cool = { policy [ shrink ] [] with Cooldown = { Up = 0L<ms>; Down = minutes 2; Suspend = 0L<ms> } }
    // The size found counts as a change of size: cooling until two minutes later.
    let armed = running cool (cu 4.0) |> send (Observed(ComputeServes(ValueSome(cu 3.0)))) |> sampled "cpu" 1_000L (minutes 1) |> sampled "cpu" 3_000L (minutes 2)
    Assert.That(effect armed.Decision, Is.EqualTo(resize 2.5), "30% is between the thresholds")
    let resized = armed |> ends Succeeded |> sampled "cpu" 3_000L (minutes 5)
    Assert.That(effect resized.Decision, Is.EqualTo None, "the resize disarmed it")
    let low = running cool (cu 4.0) |> send (Observed(ComputeServes(ValueSome(cu 3.0)))) |> sampled "cpu" 1_000L (minutes 1)
    let byHand = low |> send (Observed(ComputeServes(ValueSome(cu 2.0)))) |> sampled "cpu" 3_000L (minutes 5)
    Assert.That(effect byHand.Decision, Is.EqualTo None, "a size set by somebody else did")

[<Test>]
[<Says "K-36">]
let ``hysteresis ends when the release is true, and proposes nothing while it is unknown`` () =
    let shrink = { rule "shrink" (cpuAveraged (seconds 10) Less 20) (down 0.5) with Until = Some(cpuAveraged (seconds 10) Greater 40) }
    let cool = { policy [ shrink ] [] with Cooldown = { Up = 0L<ms>; Down = minutes 3; Suspend = 0L<ms> } }
    let armed = running cool (cu 4.0) |> send (Observed(ComputeServes(ValueSome(cu 3.0)))) |> sampled "cpu" 1_000L (minutes 1)
    let released = armed |> sampled "cpu" 5_000L (seconds 30) |> sampled "cpu" 3_000L (minutes 5)
    Assert.That(effect released.Decision, Is.EqualTo None)
    let silent = armed |> after (minutes 4) Tick
    Assert.That(effect silent.Decision, Is.EqualTo None)
    Assert.That(effect (silent |> sampled "cpu" 3_000L (seconds 30)).Decision, Is.EqualTo(resize 2.5))

[<Test>]
[<Says "K-33">]
let ``for needs truth without a gap`` () =
    let grow = policy [ rule "grow" (Condition.Held(1, cpuAbove 75, minutes 1)) (up 1.0) ] []
    let hot = running grow (cu 1.0) |> sampled "cpu" 9_000L (minutes 5)
    Assert.That(effect hot.Decision, Is.EqualTo(resize 2.0))
    Assert.That(hot.Now, Is.EqualTo(noon + seconds 65), "a minute after the first sample")
    // 90% again after a silence longer than the staleness, although nobody asked in between.
    let gap = running grow (cu 1.0) |> sampled "cpu" 9_000L (seconds 40) |> after (seconds 30) (Measured("cpu", 9_000L))
    Assert.That(effect gap.Decision, Is.EqualTo None)
    Assert.That(effect (gap |> sampled "cpu" 9_000L (seconds 55)).Decision, Is.EqualTo None)
    Assert.That(effect (gap |> sampled "cpu" 9_000L (seconds 60)).Decision, Is.EqualTo(resize 2.0))
