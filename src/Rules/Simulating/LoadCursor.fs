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
    let isThere = reader.Read(&row, values)

    let mutable hasNext =
        if isThere && row.At > 0L<ms> then
            // Before the first row nobody asks for anything.
            next <- row
            row <- { LoadRow.Nothing 0L<ms> with Rate = 0L }
            nextValues <- values
            values <- Array.create load.Metrics.Count LoadRow.Missing
            true
        else
            isThere && reader.Read(&next, nextValues)

    /// One statement, in millionths of a statement a second times milliseconds.
    static member Statement: int64 = 1_000_000_000L

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
        if row.Running > 0 then
            Arrivals.Steady
        elif row.Rate = LoadRow.NotGiven then
            if row.Cpu > 0L<mcpu> then Arrivals.Steady else Arrivals.Quiet
        elif row.Rate = 0L then
            Arrivals.Quiet
        elif row.Rate >= 1_000_000L || row.Rate * int64 row.Latency >= LoadCursor.Statement then
            Arrivals.Steady
        else
            Arrivals.Single

    /// In millionths a second.
    member _.Rate: int64 = if row.Rate = LoadRow.NotGiven then (if row.Cpu > 0L<mcpu> then 1_000_000L else 0L) else row.Rate

    /// Statements that are under way at a time, of those that wait for nothing.
    member cursor.Together: int =
        let ofRate = decimal cursor.Rate * decimal (int64 row.Latency) / decimal LoadCursor.Statement
        int (min 1_000_000m (max (ceil ofRate) (decimal row.Running)))

    /// What kept the load from being read on; null: nothing.
    member _.Problem: LoadProblem | null = reader.Problem

    interface IDisposable with
        member _.Dispose() = reader.Dispose()
