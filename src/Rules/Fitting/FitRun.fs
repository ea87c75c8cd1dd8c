namespace Serverless.Rules

open System
open System.Collections.Generic

/// What values of the marked literals came to under all workloads. Keeps figures alone: a search has many of them.
[<Sealed>]
type FitSetting internal (marks: IReadOnlyList<Tunable>, values: int64[], bounds: FitBound[], predictions: Prediction[]) =
    let figures = FitFigures.all |> Array.map (fun figure -> predictions |> Array.map (FitFigures.ofPrediction figure) |> Array.fold max 0.0)
    /// What is without an end is still comparable with others of its kind.
    let excess = bounds |> Array.sumBy (fun bound -> min 1e9 (max 0.0 (figures[int bound.Figure] - bound.Most) / max bound.Most 0.001))
    let unitMs = predictions |> Array.sumBy _.UnitMs
    /// In the order of the marks, in the scale of their types.
    member _.Values: IReadOnlyList<int64> = values
    /// As a rule file has them.
    member _.Texts: IReadOnlyList<string> = Array.map2 (fun (mark: Tunable) value -> Quantity.show mark.Type value) (Array.ofSeq marks) values
    /// Compute-unit hours of all workloads together.
    member _.UnitHours: float = float (unitMs / 3_600_000_000m)
    member internal _.UnitMs: decimal = unitMs
    /// What these cost at a price for a unit hour.
    member _.Cost(price: decimal) : decimal = unitMs / 3_600_000_000m * price
    /// The largest of all workloads; infinite where too many statements got no answer.
    member _.Figure(figure: FitFigure): float = figures[int figure]
    /// How far bounds are exceeded, as parts of them added up; 0: all are kept.
    member _.Excess: float = excess
    member _.KeepsBounds: bool = (excess = 0.0)

/// A rule file with other values in it.
[<Sealed>]
type RewrittenFile internal (name: string, before: string, after: string) =
    member _.Name: string = name
    /// As it was compiled, without a byte order mark.
    member _.Before: string = before
    member _.After: string = after

/// What is searched for, and how long.
type FitSearch =
    { Loads: IReadOnlyList<LoadSource>
      Compute: ComputeModel
      /// All are kept under each of the loads.
      Bounds: IReadOnlyList<FitBound>
      Seed: uint64
      /// Settings that are tried at most.
      Tries: int }

    /// On the compute that `rules simulate` takes where nothing is said, with seed 1 and the usual number of tries.
    static member Of(loads: seq<LoadSource>, bounds: seq<FitBound>) : FitSearch =
        { Loads = Array.ofSeq loads
          Compute = ComputeModel.Default
          Bounds = Array.ofSeq bounds
          Seed = 1UL
          Tries = FitSearch.UsualTries }

    static member UsualTries: int = 300

/// How far a search is.
[<Struct>]
type FitProgress =
    { Tried: int
      Elapsed: TimeSpan
      /// Of the cheapest setting that keeps the bounds; none does: NaN.
      BestUnitHours: float }

/// What a search tried, and what it found.
[<Sealed>]
type FitRun internal (suite: Suite, seed: uint64, bounds: FitBound[], start: FitSetting, best: FitSetting, tried: FitSetting[], refused: int, all: decimal, elapsed: TimeSpan) =
    let curve =
        tried
        |> Array.sortBy (fun one -> one.UnitMs, one.Figure FitFigure.WaitMean)
        |> Array.fold
            (fun (front: FitSetting list) one ->
                match front with
                | last :: _ when one.Figure FitFigure.WaitMean >= last.Figure FitFigure.WaitMean -> front
                | _ -> one :: front)
            []
        |> List.rev
        |> Array.ofList

    member _.Policy: string = suite.Policy.Name
    member _.Marks: IReadOnlyList<Tunable> = suite.Tunables
    member _.Seed: uint64 = seed
    member _.Bounds: IReadOnlyList<FitBound> = bounds
    /// The values that are written now.
    member _.Start: FitSetting = start
    /// The cheapest of what keeps all bounds; where none does, the one that is nearest to it.
    member _.Best: FitSetting = best
    member _.Found: bool = best.KeepsBounds
    /// Settings that were simulated.
    member _.Tried: int = tried.Length
    /// Settings that were left out since the checker has something to say of them that it does not say of the start.
    member _.Refused: int = refused
    /// How many there are on the grid of values; all were looked at where that is what was tried and refused.
    member _.All: decimal = all
    member _.IsWhole: bool = (decimal (tried.Length + refused) = all)
    member _.Elapsed: TimeSpan = elapsed
    /// Of all that was simulated, what nothing else undercuts both in cost and in mean wait: by cost, rising.
    member _.Curve: IReadOnlyList<FitSetting> = curve
