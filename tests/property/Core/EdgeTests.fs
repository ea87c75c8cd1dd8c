/// What nobody should send and somebody will: times and sizes at the edges of 64 bits, a clock that jumps, a policy that changes in mid-flight,
/// an operator in the middle of everything.
module Serverless.Tests.Property.Core.EdgeTests

open System
open NUnit.Framework
open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Play

let private sleepy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []
let private draining = running sleepy (cu 1.0) |> after (minutes 5) Tick
let private phase (story: Story) = story.Decision.Phase

let private effect (story: Story) =
    match story.Decision.Effect with
    | ValueSome effect -> Some effect
    | ValueNone -> None

let private another (policy: Policy) = { policy with Revision = "another" }
let private under policy (story: Story) = { story with Policy = policy } |> send PolicyChanged
let private vast = Int64.MaxValue

[<Test>]
[<Says "K-73">]
let ``an operator's resume takes a drain back for as long as a resume would keep it up`` () =
    let back = draining |> after (seconds 1) (Commanded(ResumeCommand ValueNone, "ann"))
    Assert.That(phase back, Is.EqualTo Running)
    Assert.That(effect back, Is.EqualTo None)
    let slept = back |> waits (hours 1)
    Assert.That(phase slept, Is.EqualTo Draining)
    Assert.That(slept.Now - back.Now, Is.EqualTo(minutes 5))

[<Test>]
[<Says "K-70">]
let ``an operator's resume at a size out of bounds is clamped and says so`` () =
    let story = begins sleepy noon |> commands (ResumeCommand(ValueSome(cu 20.0)))
    Assert.That(effect story, Is.EqualTo(Some(DoResume(cu 8.0))))
    Assert.That(String.concat "" story.Decision.Warnings, Does.Contain "20cu")

[<Test>]
[<Says "K-12">]
let ``a drain of a rule is taken back by a new policy, which decides anew`` () =
    let kept = draining |> under (another (policy [] []))
    Assert.That(phase kept, Is.EqualTo Running)
    Assert.That(effect kept, Is.EqualTo None)
    let late = kept |> send (EffectOutcome(draining.Decision.Revision, Drained))
    Assert.That(phase late, Is.EqualTo Running)

[<Test>]
[<Says "K-12">]
let ``what a drain gives up on is what the policy in force gives up on`` () =
    let breaking = { Transactions = Some(seconds 1); PinnedSessions = None }
    let opened = { quiet with Transactions = 1; TransactionsIdle = minutes 4 }
    let eager = policy [ rule "sleep" (Constant true) (Suspend breaking) ] []
    let story = begins eager noon |> send (ActivityChanged opened) |> send (Observed(ComputeServes(ValueSome(cu 1.0))))
    Assert.That(phase story, Is.EqualTo Draining)
    let strict = story |> under (another (policy [ rule "sleep" (Constant true) (Suspend never) ] []))
    Assert.That(phase (strict |> send (EffectOutcome(story.Decision.Revision, Drained))), Is.EqualTo Running)

[<Test>]
[<Says "K-12">]
let ``a drain of an operator outlives a new policy`` () =
    let asked = running sleepy (cu 1.0) |> commands SuspendCommand |> under (another (policy [] []))
    Assert.That(phase asked, Is.EqualTo Draining)
    Assert.That(phase (asked |> ends Drained), Is.EqualTo Suspending)

[<Test>]
[<Says "K-11">]
let ``timers of a new policy begin when it arrives`` () =
    let calm = Compare(Metric "queries.running", Equal, Literal(Count, 0L))
    let patient = another (policy [ rule "sleep" (Condition.Held(1, calm, minutes 10)) (Suspend never) ] [])
    let story = { running (policy [] []) (cu 1.0) with Now = noon + minutes 30 } |> under patient
    Assert.That(effect story, Is.EqualTo None)
    let slept = story |> waits (hours 1)
    Assert.That(slept.Now - story.Now, Is.EqualTo(minutes 10))

[<Test>]
[<Says "K-66">]
let ``a resize that nobody speaks of ends without a resume: the compute ran all along`` () =
    let cool = { policy [ rule "grow" (Compare(Metric "size", Less, Literal(Size, 2_000L))) (ResizeUp(Units(cu 1.0))) ] [] with Cooldown = { Up = hours 1; Down = 0L<ms>; Suspend = 0L<ms> } }
    let resizing = running cool (cu 1.0)
    Assert.That(phase resizing, Is.EqualTo Resizing)
    let found = resizing |> after (minutes 20) (Observed(ComputeServes(ValueSome(cu 1.5))))
    Assert.That(phase found, Is.EqualTo Running)
    let view = Kernel.view found.State found.Now
    Assert.That(view.SizeMcu, Is.EqualTo 1_500L)
    Assert.That(view.ResumedAt, Is.EqualTo(Nullable(int64 noon)))
    Assert.That(found.State.ResizedAt, Is.EqualTo found.Now)

[<Test>]
[<Says "K-45">]
let ``memory beyond all measure still holds a shrink back`` () =
    let shrinking = policy [ rule "shrink" (Constant true) (ResizeDown(Units(cu 1.0))) ] []
    let story = begins shrinking noon |> send (Unreclaimable(vast * 1L<bytes>)) |> send (Observed(ComputeServes(ValueSome(cu 4.0))))
    Assert.That(effect story, Is.EqualTo None)
    Assert.That(story.Decision.Blocked.Head.By, Is.EqualTo "memory")
    Assert.That(effect (story |> commands (ResizeCommand(cu 1.0))), Is.EqualTo None)

[<Test>]
let ``a bill beyond all measure stays the largest there is`` () =
    let story = running { policy [] [] with Bounds = [ { Min = 500L<mcu>; Max = vast * 1L<mcu>; During = None } ] } (vast * 1L<mcu>)
    let view = Kernel.view story.State (story.Now + hours 100_000)
    Assert.That(view.SpentDay, Is.GreaterThan 0L)
    Assert.That(view.SpentMonth, Is.GreaterThanOrEqualTo view.SpentDay)

[<TestCase(Int64.MaxValue)>]
[<TestCase(Int64.MinValue)>]
[<TestCase(0L)>]
[<Says "K-2">]
let ``an instant beyond all calendars is taken at the edge of them`` (at: int64) =
    let far = at * 1L<ms>
    let story = { running sleepy (cu 1.0) with Now = far } |> send (Measured("cpu", vast)) |> send (ActivityChanged quiet)
    Assert.That(story.Decision.NextCheck, Is.GreaterThan story.State.At)
    Assert.That(story.State.At, Is.InRange(Limits.Earliest, Limits.Latest))
    Assert.That(KernelJson.writeFullState (KernelJson.readFullState sleepy (KernelJson.writeFullState story.State)).Value, Is.EqualTo(KernelJson.writeFullState story.State))
    let initial = Kernel.initial sleepy far
    let struct (_, decision) = Play.step sleepy initial far Tick
    Assert.That(decision.NextCheck, Is.GreaterThan decision.At)

[<TestCase("at", "9223372036854775807")>]
[<TestCase("at", "-9223372036854775808")>]
let ``a state from beyond all calendars is refused`` (field: string) (value: string) =
    let text = KernelJson.writeState (Kernel.initial sleepy noon)
    let changed = text.Replace($"\"{field}\":{int64 noon},\"revision\"", $"\"{field}\":{value},\"revision\"")
    Assert.That((KernelJson.readState sleepy noon changed).Error, Does.Contain "expected an instant")

/// Any number, the edges among them.
let private anyNumber = Gen.oneof [ Gen.elements [ Int64.MaxValue; Int64.MinValue; 0L; 1L; -1L ]; ArbMap.defaults |> ArbMap.generate<int64>; Gen.choose (0, 20_000) |> Gen.map int64 ]
let private anyCount = Gen.elements [ 0; 0; 0; 1; 2; Int32.MaxValue; Int32.MinValue; -1 ]

let private anyActivity =
    gen {
        let! counts = Gen.listOfLength 5 anyCount
        let! numbers = Gen.listOfLength 5 anyNumber

        return
            { quiet with
                Held = counts[0]
                Running = counts[1]
                Transactions = counts[2]
                Pinned = counts[3]
                UnknownPeers = counts[4]
                LastEnded = Some(numbers[0] * 1L<ms>)
                TransactionsIdle = numbers[1] * 1L<ms>
                PinnedIdle = numbers[2] * 1L<ms>
                QueriesRate = numbers[3]
                QueriesLatency = numbers[4] * 1L<ms>
                QueriesSince = if numbers[1] % 3L = 0L then None else Some(numbers[0] * 1L<ms>) }
    }

let private anySaying =
    Gen.oneof
        [ Gen.map2 (fun metric value -> Measured(metric, value)) (Gen.elements [ "cpu"; "memory"; "threads.running"; "backup"; "unheard.of"; "idle" ]) anyNumber
          Gen.map (fun (cpu, backup) -> MeasuredTogether [ struct ("cpu", cpu); struct ("backup", backup); struct ("unheard.of", cpu) ]) (Gen.zip anyNumber anyNumber)
          Gen.map ActivityChanged anyActivity
          Gen.map (fun size -> Observed(ComputeServes(ValueSome(size * 1L<mcu>)))) anyNumber
          Gen.map (fun memory -> Unreclaimable(memory * 1L<bytes>)) anyNumber
          Gen.map2 (fun cpu memory -> Capacity(cpu * 1L<mcpu>, memory * 1L<bytes>)) anyNumber anyNumber
          Gen.map (fun size -> Commanded(ResizeCommand(size * 1L<mcu>), "ann")) anyNumber
          Gen.map (fun size -> Commanded(ResumeCommand(ValueSome(size * 1L<mcu>)), "ann")) anyNumber
          Gen.map2 (fun revision outcome -> EffectOutcome(revision, outcome)) anyNumber (Gen.elements [ Drained; Succeeded; FailedWith ""; DeferredBy ""; InfeasibleFor "" ]) ]

/// A life in which numbers know no bounds.
type Wild =
    | Wild of Life

/// An instant and a size that the kernel does not count with, so much beyond, and what is said then.
type Beyond =
    { Late: bool
      By: int64
      Saying: Event }

type WildArbitrary =
    static member Beyond() : Arbitrary<Beyond> =
        gen {
            let! late = Gen.elements [ true; false ]
            let! by = Gen.oneof [ Gen.elements [ 0L; 1L; 9_000_000_000_000_000_000L ]; Gen.choose64 (0L, 9_000_000_000_000_000_000L) ]
            let! saying = anySaying
            return { Late = late; By = by; Saying = saying }
        }
        |> Arb.fromGen

    static member Wild() : Arbitrary<Wild> =
        let delta = Gen.frequency [ 9, Gen.choose (0, 60_000) |> Gen.map int64; 1, anyNumber ] |> Gen.map (fun length -> length * 1L<ms>)
        let move = Gen.frequency [ 2, Gen.map Say anySaying; 1, withSamples ]
        let trace = Gen.listOfLength 15 (Gen.zip delta move)

        gen {
            let! life = Arbitraries.Life().Generator
            let! trace = trace
            return Wild { life with Trace = trace }
        }
        |> Arb.fromGen

type WildsAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<WildArbitrary> |]

[<Wilds>]
[<Says "K-2">]
let ``numbers without bounds never throw, never hang, and break no invariant`` (Wild life) =
    for step in Lives.play life do
        Lives.demand "the next check is not later" step (step.Decision.NextCheck > step.Decision.At)
        Lives.demand "the next check is further than an hour" step (step.Decision.NextCheck <= step.Decision.At + Limits.Horizon)
        Lives.demand "a size below zero" step (step.After.Size >= 0L<mcu> && step.After.Size <= Limits.LargestSize)
        Lives.demand "a bill below zero" step (step.After.Spending.DayUsed >= 0L && step.After.Spending.MonthUsed >= step.After.Spending.DayUsed)

        match step.Decision.Effect with
        | ValueSome(DoSuspend drain) when not drain.ByOperator ->
            let activity = step.Activity
            Lives.demand "a suspend with work in the way" step (activity.Held = 0 && activity.Running = 0 && activity.UnknownPeers = 0)
        | ValueSome(DoResize size)
        | ValueSome(DoResume size) -> Lives.demand "an effect without a size" step (size > 0L<mcu>)
        | _ -> ()

[<Wilds>]
[<Says "K-2">]
let ``an instant beyond 8,640,000,000,000,000 ms from 1970 is taken at that edge`` (beyond: Beyond) =
    let edge, further = if beyond.Late then 8_640_000_000_000_000L, beyond.By else -8_640_000_000_000_000L, -beyond.By

    let said at =
        let struct (first, _) = Play.step sleepy (Kernel.initial sleepy (at * 1L<ms>)) (at * 1L<ms>) (Observed(ComputeServes(ValueSome(cu 1.0))))
        let struct (state, decision) = Play.step sleepy first (at * 1L<ms>) beyond.Saying
        KernelJson.writeFullState state, KernelJson.writeDecision decision

    if said (edge + further) <> said edge then failwith $"{said (edge + further)}, and at the edge {said edge}"

[<Wilds>]
[<Says "K-2">]
let ``a size beyond 1,000,000,000,000 is taken as that`` (beyond: Beyond) =
    let roomy = { sleepy with Bounds = [ { Min = 500L<mcu>; Max = vast * 1L<mcu>; During = None } ] }
    let largest = 1_000_000_000_000L

    let told size =
        [ running roomy (cu 1.0) |> send (Observed(ComputeServes(ValueSome(size * 1L<mcu>))))
          begins roomy noon |> send (Observed(ComputeServes(ValueSome(size * 1L<mcu>))))
          running roomy (cu 1.0) |> commands (ResizeCommand(size * 1L<mcu>))
          begins roomy noon |> commands (ResizeCommand(size * 1L<mcu>))
          begins roomy noon |> commands (ResumeCommand(ValueSome(size * 1L<mcu>))) ]
        |> List.map (fun story -> KernelJson.writeFullState story.State, story.Decision.Effect)

    if told (largest + beyond.By) <> told largest then failwith $"{told (largest + beyond.By)}, and of the largest {told largest}"
