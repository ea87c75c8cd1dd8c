/// The loads that make a difference. A load is an amount in use; at a size it is so many basis points of the allocation, rounded to the
/// nearest as the meter rounds. Loads are counted in 20,000ths of the allocation's unit, so that every threshold is a whole number.
module internal Serverless.Rules.Analysis.Flapping.Loads

open Serverless.Core
open Serverless.Rules

/// An open interval of loads.
[<Struct>]
type Span = { Low: int64; High: int64 }

let all: Span = { Low = -1L; High = System.Int64.MaxValue }

let meet (a: Span) (b: Span) : Span = { Low = max a.Low b.Low; High = min a.High b.High }

let isEmpty (span: Span) : bool = span.Low >= span.High

/// Usage from 0 on, cut before each of these values: class i begins at `Cuts[i - 1]`.
type Classes = { Cuts: int64[] }

let classes (cuts: int64 seq) : Classes =
    { Cuts = cuts |> Seq.filter (fun cut -> cut > 0L) |> Seq.distinct |> Seq.sort |> Array.ofSeq }

let count (classes: Classes) : int = classes.Cuts.Length + 1

/// The smallest usage of a class, in basis points; it stands for all of it.
let least (classes: Classes) (index: int) : int64 = if index = 0 then 0L else classes.Cuts[index - 1]

let classOf (classes: Classes) (usage: int64) : int =
    let at = System.Array.BinarySearch(classes.Cuts, usage)
    if at >= 0 then at + 1 else ~~~at

/// The loads that are of this class at an allocation: usage rounds to a value from half a basis point below it on.
let span (classes: Classes) (allocation: int64) (index: int) : Span =
    let edge (cut: int64) = (2L * cut - 1L) * allocation

    { Low = (if index = 0 then -1L else edge classes.Cuts[index - 1])
      High = (if index = classes.Cuts.Length then System.Int64.MaxValue else edge classes.Cuts[index]) }

/// The loads of memory, which are measured beside the buffer pool, for which a size, a multiple of the step, is the smallest that holds them and the tenth more that the kernel keeps.
let needing (step: int64<mcu>) (size: int64<mcu>) : Span =
    let most (size: int64<mcu>) = int64 size * 20_000_000L / (11L * (100L - Work.poolShare))
    { Low = (if size <= 0L<mcu> then -1L else most (size - step)); High = most size }

/// A load of the span with few digits, in allocation units, where `scale` of its own units make one to be shown.
let simplest (scale: decimal) (span: Span) : decimal =
    let low = decimal (max 0L span.Low) / 20_000m / scale
    let high = if span.High = System.Int64.MaxValue then low * 2m + 1m else decimal span.High / 20_000m / scale
    let middle = (low + high) / 2m

    [ 0..12 ]
    |> List.tryPick (fun digits ->
        let rounded = System.Math.Round(middle, digits)
        if rounded > low && rounded < high then Some rounded else None)
    |> Option.defaultValue middle

/// Usage of a load at an allocation, in basis points.
let usage (load: decimal) (scale: decimal) (allocation: int64) : int64 =
    int64 (System.Math.Round(load * scale * 10_000m / decimal allocation))

/// Where the outcome of a comparison with a literal changes.
let cuts (comparison: Comparison) (value: int64) : int64 list =
    match comparison with
    | Greater
    | LessOrEqual -> [ value + 1L ]
    | GreaterOrEqual
    | Less -> [ value ]
    | Equal
    | NotEqual -> [ value; value + 1L ]
