namespace Serverless.Rules

open System
open Serverless.Core

/// How statements come while a row of a load holds.
type internal Arrivals =
    /// None do; work is the engine's own, and is there only while it runs.
    | Quiet = 0
    /// One by one, at even distances, with time between them in which nobody works.
    | Single = 1
    /// All the time: somebody always works.
    | Steady = 2

/// Goes through a load row by row, always one ahead, since a row holds until the next one.
[<Sealed>]
type internal LoadCursor(load: LoadSource) =
    let reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let mutable next = row
    let mutable values: int64[] = Array.create load.Metrics.Count LoadRow.Missing
    let mutable nextValues: int64[] = Array.create load.Metrics.Count LoadRow.Missing
    let mutable hasNext = reader.Read(&row, values) && reader.Read(&next, nextValues)

    /// One statement, in thousandths of a statement a second times milliseconds.
    static member Statement: int64 = 1_000_000L

    /// The row that holds. By reference: it is read at every turn.
    member _.Row: inref<LoadRow> = &row
    /// Of the metric in this place of the load's; `LoadRow.Missing` where it was not measured.
    member _.Value(place: int) : int64 = values[place]
    /// Until when the row holds; the end of the load when it is the last.
    member _.Until: int64<ms> = if hasNext then next.At else row.At
    /// The row is the end.
    member _.IsEnd = not hasNext

    member _.MoveOn() =
        let before = values
        values <- nextValues
        nextValues <- before
        row <- next
        hasNext <- reader.Read(&next, nextValues)

    member _.Arrivals: Arrivals =
        if row.Rate = LoadRow.NotGiven then
            if row.Cpu > 0L<mcpu> then Arrivals.Steady else Arrivals.Quiet
        elif row.Rate = 0L then
            Arrivals.Quiet
        elif row.Rate >= 1_000L || row.Rate * int64 row.Latency >= LoadCursor.Statement then
            Arrivals.Steady
        else
            Arrivals.Single

    /// In thousandths a second.
    member _.Rate: int64 = if row.Rate = LoadRow.NotGiven then (if row.Cpu > 0L<mcpu> then 1_000L else 0L) else row.Rate

    interface IDisposable with
        member _.Dispose() = reader.Dispose()
