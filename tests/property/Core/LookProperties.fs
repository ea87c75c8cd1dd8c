/// What a look takes in: facts sampled, timers kept, instants that were skipped made up for.
module Serverless.Tests.Property.Core.LookProperties

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Play

/// Running and paused, so that looking is all that happens.
let private watched policy at : Story =
    begins policy at |> commands PauseCommand |> send (Observed(ComputeServes(ValueSome(cu 1.0))))

let private runs count (story: Story) = send (ActivityChanged { quiet with Running = count }) story
let private count = Gen.choose (0, 3)

/// After a silence of this length.
type Silence = Silence of int64<ms>

/// What runs, and when that changes.
type Looks =
    { Start: int64<ms>
      Width: int64<ms>
      Kind: Aggregate
      Changes: (int64<ms> * int) list }

type Told = { Activity: Activity; Fact: string; Aggregate: Aggregate; Later: int64<ms> }

/// A condition with timers of what runs, whatever else it says, and when what runs changes.
type Timed = { Condition: Condition; Runs: (int64<ms> * int) list }

let private kind = Gen.elements [ Last; Avg; Max; Min; P50; P95; P99; Sum; CountOf; RateOf; Forecast(minutes 1) ]
let private facts = [ "idle"; "queries.running"; "queries.held"; "transactions.open"; "compute.age"; "size" ]

let private running' =
    Gen.map2 (fun op n -> Compare(Metric "queries.running", op, Literal(Count, int64 n * 1_000L))) (Gen.elements [ Less; LessOrEqual; Greater; GreaterOrEqual; Equal; NotEqual ]) count

let rec private timed depth =
    let leaf = Gen.frequency [ 3, Gen.map2 (fun part length -> Condition.Held(0, part, seconds length)) running' (Gen.choose (0, 60)); 1, Gen.map Constant (Gen.elements [ true; false ]) ]

    if depth = 0 then leaf
    else
        let parts = Gen.map2 (fun a b -> [ a; b ]) (timed (depth - 1)) (timed (depth - 1))
        Gen.frequency [ 1, leaf; 3, Gen.map And parts; 3, Gen.map Or parts; 1, Gen.map Not (timed (depth - 1)) ]

type LookArbitraries =
    static member Silence() : Arbitrary<Silence> =
        // About the edge, which is after 512 seconds and the instant when the sample goes stale.
        Gen.oneof [ Gen.choose (505_000, 520_000); Gen.choose (1, 700_000); Gen.map ((*) 1_000) (Gen.choose (509, 515)) ]
        |> Gen.map (fun length -> Silence(int64 length * 1L<ms>))
        |> Arb.fromGen

    static member Looks() : Arbitrary<Looks> =
        gen {
            let! start = Gen.choose (0, 5_000)
            let! width = Gen.oneof [ Gen.choose (1_000, 60_000); Gen.choose (60_000, 7_200_000) ]
            let! kind = kind
            let period = max 1_000 (width / 1_000)
            let! changes = Gen.nonEmptyListOf (Gen.zip (Gen.oneof [ Gen.choose (0, 3 * period); Gen.elements [ 0; period ] ]) count)
            return { Start = noon + int64 start * 1L<ms>; Width = int64 width * 1L<ms>; Kind = kind; Changes = changes |> List.truncate 12 |> List.map (fun (delta, n) -> int64 delta * 1L<ms>, n) }
        }
        |> Arb.fromGen

    static member Told() : Arbitrary<Told> =
        gen {
            let! counts = Gen.listOfLength 3 (Gen.frequency [ 2, Gen.constant 0; 3, Gen.choose (1, 1_000) ])
            let! fact = Gen.elements facts
            let! kind = kind
            let! later = Gen.choose (0, 900)
            return { Activity = { quiet with Running = counts[0]; Held = counts[1]; Transactions = counts[2] }; Fact = fact; Aggregate = kind; Later = int64 later * 1L<ms> }
        }
        |> Arb.fromGen

    static member Timed() : Arbitrary<Timed> =
        gen {
            let! condition = timed 3
            let! changes = Gen.nonEmptyListOf (Gen.zip (Gen.choose (0, 40_000)) count)
            return { Condition = condition; Runs = changes |> List.truncate 10 |> List.map (fun (delta, n) -> int64 delta * 1L<ms>, n) }
        }
        |> Arb.fromGen

type LooksAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<LookArbitraries> |]

let private remembering =
    let busy = Compare(Over(Last, "queries.running", seconds 1), LessOrEqual, Literal(Count, 1_000L))
    let hot = { rule "grow" (cpuAbove 50) (ResizeUp(Units(cu 1.0))) with Until = Some(Compare(Metric "size", Greater, Literal(Size, 100_000L))) }
    policy [ rule "sleep" (Condition.Held(1, busy, minutes 20)) (Suspend never); hot ] []

let private samplesOf metric (story: Story) =
    let index = story.State.Plan.Slots |> Array.findIndex (fun slot -> slot.Metric.Name = metric)
    Series.toList story.State.Series[index]

[<Looks; Says "K-4">]
let ``after 512 skipped instants windows, timers and armed rules start anew at the input's time, and not before`` (Silence length) =
    let told = watched remembering noon |> send (Measured("cpu", 9_000L))
    let story = told |> after length Tick
    // A second each for the aggregated fact, and the instant at which the sample goes stale.
    let skipped = int ((length - 1L<ms>) / 1_000L<ms>) + (if length > 20_001L<ms> then 1 else 0)
    let timer, armed, samples = story.State.Timers[0], Array.contains true story.State.Armed, samplesOf "cpu" story

    if skipped <= 512 then
        if timer <> noon || not armed || samples <> [ noon, 9_000L ] then failwith $"{skipped} instants were not made up for: timer {timer - noon}, armed {armed}, samples {samples}"
    elif timer <> noon + length || armed || not samples.IsEmpty || samplesOf "queries.running" story |> List.exists (fun (at, _) -> at < noon + length) then
        failwith $"after {skipped} instants not all started anew: timer {timer - noon}, armed {armed}, samples {samples}"

[<Looks; Says "K-23">]
let ``a fact that is aggregated is sampled at the first look in each second, or thousandth of its widest window, and its window has no gaps`` (looks: Looks) =
    let watching = policy [ rule "r" (Compare(Over(looks.Kind, "queries.running", looks.Width), Greater, Literal(Count, 0L))) (Suspend never) ] []
    let period = max 1_000L<ms> (looks.Width / 1_000L)

    // The kernel looks by itself where a second begins, so that is where the first look in it is.
    let expected, _, _ =
        looks.Changes
        |> List.fold
            (fun (samples, now, before) (delta, n) ->
                let at = now + delta
                let passed = [ for instant in (now / period + 1L) * period .. period .. at -> instant, (if instant < at then before else n) ]
                samples @ passed, at, n)
            ([], looks.Start, 0)

    let story = looks.Changes |> List.fold (fun (story: Story) (delta, n) -> { story with Now = story.Now + delta } |> runs n) (watched watching looks.Start)
    let newest = expected |> List.fold (fun last (at, _) -> max last at) 0L<ms>
    let expected = expected |> List.filter (fun (at, _) -> at > newest - looks.Width) |> List.map (fun (at, n) -> at, int64 n * 1_000L)
    let found = samplesOf "queries.running" story
    if found <> expected then failwith $"sampled {found}, expected {expected}"

    for now in [ story.Now; story.Now + period / 2L; story.Now + 3L * looks.Width ] do
        if (Evaluation(story.State, now)).Truth story.State.Plan.Rules[0].When = Kleene.Unknown then failwith $"{looks.Kind} is unknown at {now}"

[<Looks; Says "K-24">]
let ``with nothing sampled yet the aggregate of a fact is the fact itself, and its count or rate is 0`` (told: Told) =
    let watching = policy [ rule "r" (Compare(Over(told.Aggregate, told.Fact, minutes 1), Equal, Literal(Count, -1L))) (Suspend never) ] []
    let story = watched watching (noon + 1L<ms>) |> send (ActivityChanged told.Activity) |> after told.Later Tick
    let busy = told.Activity.Running + told.Activity.Held + told.Activity.Transactions > 0

    let fact =
        match told.Fact with
        | "idle" -> if busy then 0L else int64 told.Later
        | "compute.age" -> int64 told.Later
        | "size" -> 1_000L
        | "queries.running" -> int64 told.Activity.Running * 1_000L
        | "queries.held" -> int64 told.Activity.Held * 1_000L
        | _ -> int64 told.Activity.Transactions * 1_000L

    let expected =
        match told.Aggregate with
        | CountOf
        | RateOf -> 0L
        | _ -> fact

    match story.State.Plan.Rules[0].When with
    | Comparing(term, _, _) ->
        match (Evaluation(story.State, story.Now)).Read(term).Value with
        | ValueSome value when Exact.compare value (Exact.ofInt expected) = 0 -> ()
        | value -> failwith $"{told.Aggregate} of {told.Fact} is {Words.name story.State.Plan term} {value.IsSome}, expected {expected}"
    | _ -> failwith "no comparison was planned"

let rec private timersOf condition =
    match condition with
    | Condition.Held(timer, part, _) -> [ timer, part ]
    | And parts
    | Or parts -> List.collect timersOf parts
    | Not part -> timersOf part
    | _ -> []

let private holds condition (n: int) =
    match condition with
    | Compare(_, op, Literal(_, value)) ->
        let order = compare (int64 n * 1_000L) value

        match op with
        | Less -> order < 0
        | LessOrEqual -> order <= 0
        | Greater -> order > 0
        | GreaterOrEqual -> order >= 0
        | Equal -> order = 0
        | NotEqual -> order <> 0
    | _ -> false

[<Looks; Says "K-32">]
let ``all parts of a condition are evaluated at every look, so a timer within sees every change`` (timed: Timed) =
    let numbered = numbered (policy [ rule "r" timed.Condition (Suspend never) ] [])
    let story = timed.Runs |> List.fold (fun (story: Story) (delta, n) -> { story with Now = story.Now + delta } |> runs n) (watched numbered noon)
    let seen = (noon, 0) :: (timed.Runs |> List.mapFold (fun now (delta, n) -> (now + delta, n), now + delta) noon |> fst)

    for timer, part in timersOf numbered.Rules.Head.When do
        // Since the beginning of the last stretch in which it was true all along.
        let expected =
            match seen |> List.rev |> List.takeWhile (fun (_, n) -> holds part n) with
            | [] -> Limits.Never
            | stretch -> fst (List.last stretch)

        let found = story.State.Timers[System.Array.IndexOf(story.State.Plan.Timers, timer)]
        if found <> expected then failwith $"timer {timer} of {part} runs since {found - noon}, expected {expected - noon}"
