namespace Serverless.Rules

open System

/// What a search can be held to. Of several workloads the worst counts.
type FitFigure =
    /// Milliseconds that 95 percent of all statements do not exceed.
    | WaitP95 = 0
    | WaitP99 = 1
    /// Milliseconds, of the statement that waits longest.
    | WaitLongest = 2
    /// Milliseconds, of all statements.
    | WaitMean = 3
    /// From 0 to 1: statements that wait for a millisecond or more, of all.
    | Waited = 4
    | WakesPerDay = 5
    | ResizesPerDay = 6
    /// Resizes against the direction of the one before, within ten minutes of it.
    | ResizesTakenBackPerDay = 7
    /// From 0 to 1: of the time up, with more work than the size does.
    | TooSmall = 8

/// A figure, and the most that it may be.
[<Sealed>]
type FitBound(figure: FitFigure, most: float) =
    member _.Figure: FitFigure = figure
    /// In the unit of the figure.
    member _.Most: float = most

module internal FitFigures =
    let all: FitFigure[] = Enum.GetValues<FitFigure>()

    /// Statements that got no answer, or an error, count as such that wait for ever: otherwise a policy that serves nobody would be the best.
    let ofPrediction (figure: FitFigure) (it: Prediction) : float =
        let lost = it.Waiting + it.Refused
        let lostShare = if it.Arrived > 0L then float lost / float it.Arrived else 0.0
        let unless share value = if lostShare > share then Double.PositiveInfinity else value
        let daily (count: int) = if it.LengthMs > 0L then float count * 86_400_000.0 / float it.LengthMs else 0.0

        match figure with
        | FitFigure.WaitP95 -> unless 0.05 (float it.Waits.P95)
        | FitFigure.WaitP99 -> unless 0.01 (float it.Waits.P99)
        | FitFigure.WaitLongest -> unless 0.0 (float it.LongestWait)
        | FitFigure.WaitMean -> unless 0.01 it.MeanWait
        | FitFigure.Waited -> if it.Arrived > 0L then (it.Waited.Statements * 1000.0 + float lost) / float it.Arrived else 0.0
        | FitFigure.WakesPerDay -> daily it.Wakes
        | FitFigure.ResizesPerDay -> daily it.Resizes
        | FitFigure.ResizesTakenBackPerDay -> daily it.Flaps
        | _ -> it.Short
