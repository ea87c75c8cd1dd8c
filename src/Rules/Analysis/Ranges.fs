/// The values that a term can take, from its type and what its metric measures. Values are in the scale of their type.
module internal Serverless.Rules.Analysis.Ranges

open System
open Serverless.Core

/// All values between two ends, each open or closed. `Grain`: they are multiples of it; 0: any fraction.
[<Struct>]
type Interval =
    { Low: int64
      LowOpen: bool
      High: int64
      HighOpen: bool
      Grain: int64 }

let private without = Int64.MinValue
let private endless = Int64.MaxValue

let isEmpty (range: Interval) : bool =
    range.Low > range.High || (range.Low = range.High && (range.LowOpen || range.HighOpen))

let isSingle (range: Interval) : bool = range.Low = range.High && not range.LowOpen && not range.HighOpen

let hasLow (range: Interval) : bool = range.Low <> without
let hasHigh (range: Interval) : bool = range.High <> endless

let private floorDiv (a: int64) (b: int64) =
    let quotient = a / b
    if a % b < 0L then quotient - 1L else quotient

/// What is left of a range at or above a value, or strictly above it.
let above (value: int64) (isOpen: bool) (range: Interval) : Interval =
    let struct (value, isOpen) =
        if range.Grain = 0L then struct (value, isOpen)
        elif isOpen then struct ((floorDiv value range.Grain + 1L) * range.Grain, false)
        else struct (-(floorDiv -value range.Grain) * range.Grain, false)

    if value > range.Low || (value = range.Low && isOpen) then { range with Low = value; LowOpen = isOpen } else range

/// What is left of a range at or below a value, or strictly below it.
let below (value: int64) (isOpen: bool) (range: Interval) : Interval =
    let struct (value, isOpen) =
        if range.Grain = 0L then struct (value, isOpen)
        elif isOpen then struct (-(floorDiv -value range.Grain + 1L) * range.Grain, false)
        else struct (floorDiv value range.Grain * range.Grain, false)

    if value < range.High || (value = range.High && isOpen) then { range with High = value; HighOpen = isOpen } else range

let private any = { Low = without; LowOpen = false; High = endless; HighOpen = false; Grain = 1L }
let private natural = { any with Low = 0L }

/// What one sample of the metric can be. What is asked by a statement of the user can be anything of its type.
let private ofMetric (metric: Metric) : Interval =
    match metric.Source, metric.Type, metric.Name with
    | _, Flag, _ -> { natural with High = 1L }
    | Sql _, _, _ -> any
    | BuiltIn, _, ("buffer_pool.hit" | "buffer_pool.used") -> { natural with High = 10_000L }
    | BuiltIn, _, ("spent.day" | "spent.month") -> { natural with Grain = 0L }
    // Whole connections, statements, threads.
    | BuiltIn, Count, _ -> { natural with Grain = 1_000L }
    | BuiltIn, _, _ -> natural

/// What the term can be while it is known.
let ofTerm (find: string -> Metric option) (term: Term) : Interval =
    match term with
    | Literal(_, value) -> { Low = value; LowOpen = false; High = value; HighOpen = false; Grain = 0L }
    | Metric name -> find name |> Option.map ofMetric |> Option.defaultValue any
    | Over(kind, name, _) ->
        match find name with
        | None -> any
        | Some metric ->
            let sample = ofMetric metric

            match kind with
            | Last
            | Max
            | Min
            | P50
            | P95
            | P99 -> sample
            | Avg -> { sample with Grain = 0L }
            | Sum when sample.Low = 0L -> { natural with Grain = 0L }
            | Sum
            | RateOf
            | Forecast _ -> { any with Grain = 0L }
            // A window without a sample is unknown; a fact's may have none yet.
            | CountOf -> { natural with Low = (if metric.Class = Sample then 1_000L else 0L); Grain = 1_000L }
