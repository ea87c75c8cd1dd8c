/// Draws what metrics do over time: near to what the policy compares them with, for about as long as it looks.
module internal Serverless.Rules.Lanes

open Serverless.Core

let second = 1_000L<ms>
let minute = 60_000L<ms>
let hour = 3_600_000L<ms>

/// A length that the policy has, a little more, a little less, or several of them.
let time (draw: Draw) (interests: Interests) : int64<ms> =
    let one = draw.Pick interests.Times

    match draw.Below 8 with
    | 0 -> max second (one - second)
    | 1 -> one + second
    | 2 -> max second (one - 10L * second)
    | 3 -> one + minute
    | 4 -> max second (one / 2L / second * second)
    | 5 -> one * 2L
    | 6 -> one * int64 (draw.Between(3, 6))
    | _ -> one

let private round (grain: int64) (value: int64) = max 0L (value / grain * grain)

/// What of the processors of some size the work needs so that usage is about at a threshold.
let private load (draw: Draw) (interests: Interests) : int64 =
    let unit = interests.Policy.Unit
    let size = draw.Pick interests.Sizes
    let all = int64 (ComputeUnit.cpu size unit)
    let thresholds = interests.Thresholds |> Map.tryFind "cpu" |> Option.defaultValue [ 5_000L ]

    match draw.Below 8 with
    | 0
    | 1 -> 0L
    | 2 -> all * 12L / 10L
    | 3 -> all * int64 (draw.Below 100) / 100L
    | 4 -> 1L + all / 100L
    | _ -> max 1L (all * (draw.Pick thresholds + int64 (draw.Pick [ -200; -50; 0; 50; 200 ])) / 10_000L)
    |> min (Quantity.largest Cpu)

let private resident (draw: Draw) (interests: Interests) : int64 =
    let size = draw.Pick interests.Sizes
    let beside = int64 (ComputeUnit.memory size interests.Policy.Unit) * (100L - Work.poolShare) / 100L
    let thresholds = interests.Thresholds |> Map.tryFind "memory" |> Option.defaultValue [ 5_000L ]
    let mib = 1L <<< 20

    match draw.Below 4 with
    | 0 -> round mib (beside / 10L)
    | 1 -> round mib (beside * int64 (draw.Below 95) / 100L)
    | _ -> round mib (int64 (decimal beside * decimal (draw.Pick thresholds + int64 (draw.Pick [ -300; 0; 300 ])) / 10_000m))
    |> min (Quantity.largest Bytes)

/// A value of a metric: at, above or below what it is compared with, or somewhere.
let private value (draw: Draw) (interests: Interests) (name: string) (kind: ValueType) : int64 =
    let grain =
        match kind with
        | Percent -> 100L
        | Count
        | Rate -> 1_000L
        | Duration -> 1_000L
        | _ -> 1L

    match kind with
    | Flag -> int64 (draw.Below 2)
    | _ ->
        let thresholds = interests.Thresholds |> Map.tryFind name |> Option.defaultValue [ grain ]
        let near = draw.Pick thresholds
        let range = Analysis.Ranges.ofTerm interests.Find (Metric name)

        let drawn =
            match draw.Below 6 with
            | 0 -> 0L
            | 1 -> near - grain
            | 2 -> near
            | 3 -> near * 2L
            | 4 when kind = Percent -> int64 (draw.Below 101) * 100L
            | _ -> near + grain

        max (max 0L range.Low) (min (min range.High (Quantity.largest kind)) drawn)

/// Between one part and a dozen, or a few that come again and again.
let private parts (draw: Draw) (interests: Interests) (one: unit -> int64) (canRamp: bool) (canMiss: bool) : Part list =
    let part () =
        let first = one ()

        { Length = time draw interests
          First = first
          Last = (if canRamp && draw.Chance 15 then one () else first)
          IsMissing = canMiss && draw.Chance 8 }

    match draw.Below 4 with
    | 0 -> [ part () ]
    | 1 ->
        let pattern = List.init (draw.Between(2, 3)) (fun _ -> part ())
        List.replicate (draw.Between(2, 12)) pattern |> List.concat
    | _ -> List.init (draw.Between(2, 8)) (fun _ -> part ())

let lane (name: string) (kind: ValueType) (parts: Part list) : Lane = { Name = name; Type = kind; Parts = parts }

let loadLane (draw: Draw) (interests: Interests) : Lane =
    lane Given.load Cpu (parts draw interests (fun () -> load draw interests) true false)

let steadyLoad (draw: Draw) (interests: Interests) : Lane = Attack.level Given.load Cpu (load draw interests)

let residentLane (draw: Draw) (interests: Interests) (isSteady: bool) : Lane =
    let level = Attack.level Given.resident Bytes (resident draw interests)
    if isSteady || draw.Chance 60 then level else lane Given.resident Bytes (parts draw interests (fun () -> resident draw interests) true false)

/// A metric as it is measured, gaps included; a fact has none.
let metricLane (draw: Draw) (interests: Interests) (metric: Metric) : Lane =
    let canRamp = metric.Type <> Flag && metric.Class = Sample
    lane metric.Name metric.Type (parts draw interests (fun () -> value draw interests metric.Name metric.Type) canRamp (metric.Class = Sample))

/// Somebody works, nobody does, in turns.
let idleLane (draw: Draw) (interests: Interests) : Lane =
    let part isBusy =
        { Length = (if isBusy && draw.Chance 50 then second * int64 (draw.Between(1, 30)) else time draw interests)
          First = 0L
          Last = (if isBusy then 0L else 1L)
          IsMissing = false }

    let isBusy = draw.Chance 60
    lane "idle" Duration (List.init (draw.Between(1, 9)) (fun index -> part ((index % 2 = 0) = isBusy)))

/// So many sessions in a state, now and then.
let countLane (draw: Draw) (interests: Interests) (name: string) : Lane =
    let part index =
        let count = if index % 2 = 0 then 0L else 1_000L * int64 (draw.Between(1, 3))
        { Length = time draw interests; First = count; Last = count; IsMissing = false }

    let first = draw.Below 2
    lane name Count (List.init (draw.Between(1, 6)) (fun index -> part (first + index)))
