namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// Makes a load of what a gateway told its kernel: what was measured, and at which size, says what work there was. What a compute could not do
/// cannot be seen: while it was full, the load is what it had.
[<Sealed>]
type RecordedLoad() =
    let rows = ResizeArray<LoadRow>()
    let values = ResizeArray<int64[]>()
    let names = ResizeArray<string>()
    let latest = Dictionary<string, int64>(StringComparer.Ordinal)
    let mutable start = ValueNone
    let mutable row = { LoadRow.Nothing 0L<ms> with Rate = 0L }
    let mutable hasMemory = false
    let mutable isDirty = false

    let close () =
        if isDirty then
            rows.Add row
            // Metrics that were seen for the first time later are missing in the rows before.
            values.Add(Array.init names.Count (fun place -> match latest.TryGetValue names[place] with | true, value -> value | _ -> LoadRow.Missing))
            isDirty <- false

    /// Instants before the last one are taken at it.
    let reach (at: int64<ms>) =
        let first =
            match start with
            | ValueSome first -> first
            | ValueNone ->
                start <- ValueSome at
                at

        let at = max (at - first) row.At

        if at > row.At then
            close ()
            row <- { row with At = at }

    let change (changed: LoadRow) =
        row <- changed
        isDirty <- true

    let active (activity: Activity) =
        // What was held asked for a compute as much as what ran.
        let together = activity.Running + activity.Held
        let rate = if activity.QueriesRate > 0L then activity.QueriesRate elif together > 0 then 1_000L * int64 together else 0L
        let latency = if activity.QueriesLatency > 0L<ms> then activity.QueriesLatency elif together > 0 then 1_000L<ms> else 0L<ms>

        change
            { row with
                Rate = rate
                Latency = latency
                Transactions = activity.Transactions
                Pinned = activity.Pinned
                Open = activity.Open }

    /// An input, with the unit of the policy that was in force, whether a compute was up, and its size in thousandths of a unit.
    member _.Add(input: Input, unit: ComputeUnit, isUp: bool, size: int64) =
        reach input.At

        if not isUp && row.Cpu > 0L<mcpu> then
            change { row with Cpu = 0L<mcpu> }

        match input.Event with
        | Measured("cpu", share) when isUp ->
            change { row with Cpu = int64 (decimal (max 0L share) * decimal (int64 (ComputeUnit.cpu (size * 1L<mcu>) unit)) / 10_000m) * 1L<mcpu> }
        | Measured("memory", _) -> ()
        | Measured(name, value) ->
            if not (latest.ContainsKey name) then
                names.Add name

            latest[name] <- value
            isDirty <- true
        | Unreclaimable memory ->
            hasMemory <- true
            change { row with Resident = max 0L<bytes> memory }
        | ActivityChanged activity -> active activity
        | _ -> ()

    /// False: there is nothing in it that lasts.
    member _.HasLength = row.At > 0L<ms>

    /// All that was added; the last instant is the end.
    member _.ToLoad(name: string) : LoadSource =
        close ()
        let all = ResizeArray rows

        if all.Count = 0 || all[all.Count - 1].At < row.At then
            all.Add(LoadRow.Nothing row.At)

        let padded = Array.init all.Count (fun index -> Array.init names.Count (fun place -> if index < values.Count && place < values[index].Length then values[index][place] else LoadRow.Missing))
        RowsLoad(name, (match start with ValueSome first -> first | ValueNone -> 0L<ms>), all.ToArray(), List.ofSeq names, padded, hasMemory)
