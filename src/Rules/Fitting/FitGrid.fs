/// The values that a search tries instead of a literal: few, spread by proportion, and as round as a person would write them.
module internal Serverless.Rules.FitGrid

open System
open Serverless.Core

/// Between the ends of a range.
let private between = 10

/// To two digits, in the units that people count in.
let private rounded (kind: ValueType) (value: int64) : int64 =
    let toMultiple (grain: int64) = (value + grain / 2L) / grain * grain

    let decimalGrain () =
        let mutable grain = 1L

        while value / grain >= 100L do
            grain <- grain * 10L

        grain

    match kind with
    | Duration when value >= 36_000_000L -> toMultiple 3_600_000L
    | Duration when value >= 7_200_000L -> toMultiple 600_000L
    | Duration when value >= 600_000L -> toMultiple 60_000L
    | Duration when value >= 120_000L -> toMultiple 10_000L
    | Duration when value >= 10_000L -> toMultiple 1_000L
    | Duration when value >= 1_000L -> toMultiple 100L
    | Bytes when value >= 16L -> toMultiple (1L <<< (63 - Numerics.BitOperations.LeadingZeroCount(uint64 value) - 3))
    | _ -> toMultiple (decimalGrain ())

/// Rising, with both ends of the range and the value as it is written among them. Sizes are multiples of the step.
let values (step: int64) (mark: Tunable) : int64[] =
    let grain = if mark.Type = Size then step else 1L
    // Nothing has no proportion to anything: the first step from it is a thousandth of the range.
    let low = max mark.Least (max 1L (mark.Most / 1000L))
    let ratio = float mark.Most / float low

    [ yield mark.Least
      yield mark.Most
      yield mark.Value
      for place in 0..between do
          let exact = int64 (Math.Round(float low * Math.Pow(ratio, float place / float between)))
          yield rounded mark.Type exact / grain * grain ]
    |> List.filter (fun value -> value = mark.Value || (mark.Least <= value && value <= mark.Most && value % grain = 0L))
    |> List.distinct
    |> List.sort
    |> Array.ofList
