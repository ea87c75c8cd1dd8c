namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// Rows of a load in the making: what is learned later of a time before changes the rows of that time. Times are milliseconds since the start.
[<Sealed>]
type internal RecordedRows() =
    let rows = ResizeArray [ { LoadRow.Nothing 0L<ms> with Rate = 0L } ]
    /// Beside each row the values of metrics, by place; a shorter one is missing what was seen for the first time later.
    let values = ResizeArray<int64[]> [ [||] ]
    let names = ResizeArray<string>()

    /// The place of the row that begins there; one is begun where none does.
    let split (at: int64<ms>) : int =
        let mutable place = rows.Count - 1

        while rows[place].At > at do
            place <- place - 1

        if rows[place].At = at then
            place
        else
            rows.Insert(place + 1, { rows[place] with At = at; Come = 0 })
            values.Insert(place + 1, values[place])
            place + 1

    /// From an instant until another one, which is later.
    member _.Change(from: int64<ms>, until: int64<ms>, change: LoadRow -> LoadRow) =
        let first = split from

        for place in first .. split until - 1 do
            rows[place] <- change rows[place]

    /// From an instant on.
    member _.ChangeFrom(from: int64<ms>, change: LoadRow -> LoadRow) =
        for place in split from .. rows.Count - 1 do
            rows[place] <- change rows[place]

    /// So many statements more come at an instant. Where others come at a rate it is their latency that counts; where none do, the row's is left from those before.
    member _.Come(at: int64<ms>, count: int, latency: int64<ms>) =
        let place = split at
        let row = rows[place]
        let known = if row.Rate > 0L then row.Latency elif row.Come > 0 then max row.Latency latency else latency
        rows[place] <- { row with Come = row.Come + count; Latency = known }

    /// A metric has this value from an instant on.
    member _.Measure(at: int64<ms>, name: string, value: int64) =
        let place =
            match names.IndexOf name with
            | -1 ->
                names.Add name
                names.Count - 1
            | place -> place

        for row in split at .. rows.Count - 1 do
            let known = values[row]
            values[row] <- Array.init (max known.Length (place + 1)) (fun at -> if at = place then value elif at < known.Length then known[at] else LoadRow.Missing)

    /// No metric is known from an instant on.
    member _.Forget(at: int64<ms>) =
        for row in split at .. rows.Count - 1 do
            values[row] <- [||]

    /// A load that ends at an instant, of rows that each differ from the one before.
    member _.ToLoad(name: string, start: int64<ms>, ends: int64<ms>, hasMemory: bool) : LoadSource =
        let padded (known: int64[]) = Array.init names.Count (fun at -> if at < known.Length then known[at] else LoadRow.Missing)
        let kept, keptValues = ResizeArray<LoadRow>(), ResizeArray<int64[]>()

        for place in 0 .. rows.Count - 1 do
            let row = rows[place]
            let isSame = kept.Count > 0 && row = { kept[kept.Count - 1] with At = row.At; Come = 0 } && values[place] = values[place - 1]

            if row.At < ends && not isSame then
                kept.Add row
                keptValues.Add(padded values[place])

        kept.Add(LoadRow.Nothing ends)
        keptValues.Add(padded [||])
        RowsLoad(name, start, kept.ToArray(), List.ofSeq names, keptValues.ToArray(), hasMemory)
