/// A cheap first look at what implies what: conditions are evaluated in a few dozen made-up situations in which every metric is
/// constant. Where the first holds and the second does not, the first does not imply the second; only what passes needs a proof.
module internal Serverless.Rules.Analysis.Witnesses

open System.Collections.Generic
open Serverless.Core
open Serverless.Rules

[<Literal>]
let private Situations = 64

/// A metric's value in each situation: below, at and above its thresholds, in a scattered order that is the same every time.
let private values (find: string -> Metric option) (name: string) (thresholds: int64 seq) : int64[] =
    let range = Ranges.ofTerm find (Metric name)
    let grain = max 1L range.Grain

    let places =
        [| for value in Seq.sort thresholds do
               let whole = value / grain * grain
               yield! [ whole - grain; whole; whole + grain ] |]
        |> Array.map (fun value -> max range.Low (min range.High value))
        |> Array.distinct

    // A small linear congruential generator: any scattering will do, as long as it never changes.
    let mutable seed = 2_166_136_261u

    for c in name do
        seed <- (seed ^^^ uint32 c) * 16_777_619u

    Array.init Situations (fun _ ->
        seed <- seed * 1_664_525u + 1_013_904_223u
        places[int (seed >>> 8) % places.Length])

/// For each condition the situations in which it holds, and those in which it does not; what is not known is neither.
let situations (find: string -> Metric option) (timeline: Timeline.Timeline option) (conditions: Condition[]) : struct (uint64 * uint64)[] =
    let found = Dictionary<string, HashSet<int64>>()

    for name, value in conditions |> Seq.collect Conditions.thresholds do
        match found.TryGetValue name with
        | true, values -> values.Add value |> ignore
        | _ -> found[name] <- HashSet [ value ]

    let known = Dictionary<string, int64[]>()

    for KeyValue(name, all) in found do
        known[name] <- values find name all

    // Only terms that are a constant metric's own value wherever they are known are made up; the others count as unknown.
    let read term : int64[] voption =
        match term with
        | Literal(_, value) -> ValueSome(Array.create Situations value)
        | Metric name
        | Over((Last | Avg | Max | Min | P50 | P95 | P99), name, _) ->
            match known.TryGetValue name with
            | true, values -> ValueSome values
            | _ -> ValueNone
        | Over _ -> ValueNone

    let collect (holds: int -> bool) =
        let mutable bits = 0UL

        for situation in 0 .. Situations - 1 do
            if holds situation then bits <- bits ||| (1UL <<< situation)

        struct (bits, ~~~bits)

    let leaves = Dictionary<Condition, struct (uint64 * uint64)>()

    let leaf condition =
        match leaves.TryGetValue condition with
        | true, seen -> seen
        | _ ->
            let seen =
                match condition with
                | Compare(a, comparison, b) ->
                    match read a, read b with
                    | ValueSome x, ValueSome y -> collect (fun situation -> Conditions.compare comparison x[situation] y[situation])
                    | _ -> struct (0UL, 0UL)
                | During name ->
                    match timeline with
                    | Some timeline ->
                        let bit = Timeline.bit timeline name
                        collect (fun situation -> timeline.Combinations[situation % timeline.Combinations.Length] &&& bit <> 0UL)
                    | None -> struct (0UL, 0UL)
                | _ -> struct (0UL, 0UL)

            leaves[condition] <- seen
            seen

    // All situations at once, a bit for each.
    let rec both condition =
        match condition with
        | Constant value -> if value then struct (System.UInt64.MaxValue, 0UL) else struct (0UL, System.UInt64.MaxValue)
        | Not part ->
            let struct (holds, fails) = both part
            struct (fails, holds)
        | Held(_, part, _) -> both part
        | And parts ->
            parts
            |> List.fold
                (fun (struct (holds, fails)) part ->
                    let struct (also, not') = both part
                    struct (holds &&& also, fails ||| not'))
                (struct (System.UInt64.MaxValue, 0UL))
        | Or parts -> both (Not(And(parts |> List.map Not)))
        | other -> leaf other

    conditions |> Array.map both
