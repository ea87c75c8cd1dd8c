/// What rules make of a size, in exact fractions.
module Serverless.Tests.Property.Core.SizeProperties

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Naive
open Serverless.Tests.Property.Core.Play

/// Bounds that are whole steps, and a size between them.
type Sized =
    { Step: int64<mcu>
      Low: int64<mcu>
      High: int64<mcu>
      Size: int64<mcu> }

type Asked = { At: Sized; Action: RuleAction }

/// Usage as it was sampled, every five seconds, and how many of the samples the window takes in.
type Tracked = { At: Sized; Usage: int64 list; Averaged: int; Target: int64 }

/// Rules that ask for what the bounds do not give.
type AtItsBound = { At: Sized; Rules: (RuleAction * int) list }

let private sized =
    gen {
        let! step = Gen.elements [ 1; 250; 500; 700; 1_000 ]
        let! low = Gen.choose (1, 10)
        let! more = Gen.choose (0, 40)
        let low, high = low * step, (low + more) * step
        let! size = Gen.oneof [ Gen.choose (low, high); Gen.choose (low / step, high / step) |> Gen.map ((*) step) ]
        return { Step = int64 step * 1L<mcu>; Low = int64 low * 1L<mcu>; High = int64 high * 1L<mcu>; Size = int64 size * 1L<mcu> }
    }

let private anyAmount =
    Gen.oneof [ Gen.choose (1, 30_000) |> Gen.map (fun part -> Proportion(int64 part)); Gen.choose (1, 9_000) |> Gen.map (fun units -> Units(int64 units * 1L<mcu>)) ]

type SizeArbitraries =
    static member Asked() : Arbitrary<Asked> =
        Gen.map2 (fun at action -> { Asked.At = at; Action = action }) sized (Gen.oneof [ Gen.map ResizeUp anyAmount; Gen.map ResizeDown anyAmount; Gen.choose (0, 50_000) |> Gen.map (fun size -> ResizeTo(int64 size * 1L<mcu>)) ])
        |> Arb.fromGen

    static member Tracked() : Arbitrary<Tracked> =
        gen {
            let! at = sized
            let! usage = Gen.listOfLength 4 (Gen.choose (0, 12_000))
            let! averaged = Gen.choose (1, 4)
            let! target = Gen.choose (1, 10_000)
            return { At = at; Usage = List.map int64 usage; Averaged = averaged; Target = int64 target }
        }
        |> Arb.fromGen

    static member AtItsBound() : Arbitrary<AtItsBound> =
        gen {
            let! at = sized
            let! floor = Gen.elements [ true; false ]
            let outward = if floor then ResizeDown else ResizeUp
            let present = if floor then at.Low else at.High
            let beyond = Gen.map (fun by -> ResizeTo(if floor then max 0L<mcu> (present - int64 by * 1L<mcu>) else present + int64 by * 1L<mcu>)) (Gen.choose (0, 5_000))
            let! rules = Gen.nonEmptyListOf (Gen.zip (Gen.oneof [ Gen.map outward anyAmount; beyond ]) (Gen.choose (0, 3)))
            return { At = { at with Size = present }; Rules = List.truncate 5 rules }
        }
        |> Arb.fromGen

type SizesAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<SizeArbitraries> |]

let private within (at: Sized) rules =
    { policy rules [] with Step = at.Step; Bounds = [ { Min = at.Low; Max = at.High; During = None } ] }

let private clamped (at: Sized) (size: bigint) = max (bigint (int64 at.Low)) (min (bigint (int64 at.High)) size)

/// To a whole number of steps: the next one up or down from num / den.
let private steps (at: Sized) upward (num: bigint, den: bigint) =
    let step = bigint (int64 at.Step) * den
    let down = (if num.Sign < 0 then num - step + 1I else num) / step
    (if upward && down * step <> num then down + 1I else down) * bigint (int64 at.Step)

/// The size that an action comes to, worked out in fractions; the present one where it asks for no other.
let asked (at: Sized) (action: RuleAction) : int64<mcu> =
    let present = bigint (int64 at.Size)

    let amount by =
        match by with
        | Proportion part -> present * bigint part, 10_000I
        | Units units -> bigint (int64 units), 1I

    let size =
        match action with
        | ResizeUp by ->
            let num, den = amount by
            steps at true (present * den + num, den)
        | ResizeDown by ->
            let num, den = amount by
            steps at false (present * den - num, den)
        | ResizeTo size -> steps at (size > at.Size) (bigint (int64 size), 1I)
        | _ -> present

    int64 (clamped at size) * 1L<mcu>

let private expect (decision: Decision) (size: int64<mcu>) (present: int64<mcu>) =
    let expected: Effect voption = if size = present then ValueNone else ValueSome(DoResize size)
    if decision.Effect <> expected then failwith $"{decision.Effect} of {decision.Blocked}, expected {expected}"

[<Sizes; Says "K-40">]
let ``up adds to the size and down takes from it, snapped to the step away from the present size and clamped to the bounds, and to is snapped likewise`` (asking: Asked) =
    let story = running (within asking.At [ rule "r" (Constant true) asking.Action ]) asking.At.Size
    expect story.Decision (asked asking.At asking.Action) asking.At.Size

[<Sizes; Says "K-41">]
let ``track proposes size times usage over target, rounded up to the step and clamped to the bounds`` (tracked: Tracked) =
    let tracking = within tracked.At [ rule "r" (Constant true) (Track("cpu", seconds (5 * tracked.Averaged), tracked.Target)) ]
    let paused = begins tracking noon |> commands PauseCommand |> send (Observed(ComputeServes(ValueSome tracked.At.Size)))
    let story = tracked.Usage |> List.fold (fun story usage -> story |> after (seconds 5) (Measured("cpu", usage))) paused |> commands UnpauseCommand
    let seen = tracked.Usage |> List.skip (tracked.Usage.Length - tracked.Averaged) |> List.sumBy bigint
    let goal = steps tracked.At true (bigint (int64 tracked.At.Size) * seen, bigint tracked.Averaged * bigint tracked.Target)
    expect story.Decision (int64 (clamped tracked.At goal) * 1L<mcu>) tracked.At.Size

[<Sizes; Says "K-42">]
let ``what comes to the present size drops out, so a database at its floor can sleep`` (bound: AtItsBound) =
    let rules = bound.Rules |> List.mapi (fun index (action, priority) -> { rule $"r{index}" (Constant true) action with Priority = priority })
    let story = running (within bound.At (rule "sleep" (Constant true) (Suspend never) :: rules)) bound.At.Size
    let expected = ValueSome(DoSuspend { ByOperator = false; Breaking = never })
    if story.Decision.Effect <> expected || not story.Decision.Blocked.IsEmpty then failwith $"{story.Decision.Effect}, with {story.Decision.Blocked} in its way"
