namespace Serverless.Rules

open Serverless.Core

/// A stretch of time of a simulation. Times are milliseconds, sizes thousandths of a unit; a size is 0 while there is no compute.
[<Struct; NoComparison>]
type TimelineColumn =
    { LowestSize: int64
      LargestSize: int64
      /// Nothing runs, and nothing is on the way to it.
      AsleepMs: int64
      /// It is on its way up: statements are held.
      StartingMs: int64
      /// Statements run.
      ServingMs: int64
      /// It drains or stops.
      StoppingMs: int64
      /// The most statements that waited at a time, for a start or their turn.
      Waiting: int
      /// Of the statements whose turn came in it, the longest wait.
      LongestWaitMs: int64 }

/// A simulation over time, thinned to columns of one width, so that a year takes as much room as an hour: each keeps the least and the most of its time.
/// `lengthMs`: of the load. `most`: how many columns there are at most.
[<Sealed>]
type Timeline(lengthMs: int64, most: int) =
    let length = max 1L lengthMs
    let width = max 1L ((length + int64 (max 1 most) - 1L) / int64 (max 1 most))

    let columns: TimelineColumn[] =
        Array.create
            (int ((length + width - 1L) / width))
            { LowestSize = -1L
              LargestSize = 0L
              AsleepMs = 0L
              StartingMs = 0L
              ServingMs = 0L
              StoppingMs = 0L
              Waiting = 0
              LongestWaitMs = 0L }

    let place (at: int64<ms>) = int (min (int64 columns.Length - 1L) (int64 at / width))

    member _.Count: int = columns.Length
    member _.WidthMs: int64 = width
    member _.LengthMs: int64 = length

    member _.Item
        with get (index: int): TimelineColumn =
            let column = columns[index]
            if column.LowestSize < 0L then { column with LowestSize = 0L } else column

    /// The end of the column that an instant is in.
    member internal _.EndOf(at: int64<ms>) : int64<ms> =
        let place = place at
        if place = columns.Length - 1 then Controller.Never else (int64 place + 1L) * width * 1L<ms>

    /// A time within one column, in which phase and size did not change.
    member internal _.Note(from: int64<ms>, until: int64<ms>, phase: Phase, size: int64<mcu>, waiting: int, longest: int64) =
        let index = place from
        let column = columns[index]
        let length = int64 (until - from)
        let size = if Phases.exists phase then int64 size else 0L

        let column =
            { column with
                LowestSize = (if column.LowestSize < 0L then size else min column.LowestSize size)
                LargestSize = max column.LargestSize size
                Waiting = max column.Waiting waiting
                LongestWaitMs = max column.LongestWaitMs longest }

        columns[index] <-
            match phase with
            | Phase.Suspended
            | Phase.Failed -> { column with AsleepMs = column.AsleepMs + length }
            | Phase.Resuming -> { column with StartingMs = column.StartingMs + length }
            | Phase.Running
            | Phase.Resizing -> { column with ServingMs = column.ServingMs + length }
            | Phase.Draining
            | Phase.Suspending -> { column with StoppingMs = column.StoppingMs + length }
