namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// What a column of a load is.
type internal Column =
    | TimeColumn
    | CpuColumn
    | ResidentColumn
    | RateColumn
    | LatencyColumn
    | ArrivingColumn
    | LastingColumn
    | TransactionsColumn
    | PinnedColumn
    | OpenColumn
    /// A metric of its own, by its place.
    | MetricColumn of place: int * kind: ValueType

/// The header of a load in CSV: what its columns are.
type internal CsvHeader =
    { Columns: Column[]
      Names: string[]
      Metrics: string list
      HasMemory: bool }

module internal CsvHeader =
    let own: (string * Column) list =
        [ "time", TimeColumn
          Given.load, CpuColumn
          Given.resident, ResidentColumn
          "queries.rate", RateColumn
          "queries.latency", LatencyColumn
          "queries.arriving", ArrivingColumn
          "queries.lasting", LastingColumn
          "transactions.open", TransactionsColumn
          "connections.pinned", PinnedColumn
          "connections.open", OpenColumn ]

    let kindOf column =
        match column with
        | CpuColumn -> Cpu
        | ResidentColumn -> Bytes
        | RateColumn -> Rate
        | TimeColumn
        | LatencyColumn -> Duration
        | ArrivingColumn
        | LastingColumn
        | TransactionsColumn
        | PinnedColumn
        | OpenColumn -> Count
        | MetricColumn(_, kind) -> kind

    /// What comes of the policy and cannot be given.
    let follows (name: string) : string option =
        match name with
        | "cpu" -> Some "`cpu` follows from the size: give `load`, in cores, which is the usage times the cores that there were"
        | "memory" -> Some "`memory` follows from the size: give `resident`, the bytes of memory without the buffer pool"
        | "idle"
        | "queries.running"
        | "queries.held"
        | "connections.active" -> Some $"`{name}` follows from the statements that come: give `queries.rate` and `queries.latency`"
        | "size"
        | "compute.age"
        | "spent.day"
        | "spent.month" -> Some $"`{name}` is what comes of the policy: leave the column out"
        | _ -> None

    /// Where each field of a line begins, and how long it is, without the blanks and quotes around it.
    let split (line: ReadOnlySpan<char>) (starts: int[]) (lengths: int[]) : int =
        let mutable count = 0
        let mutable from = 0

        while from <= line.Length do
            let comma = line.Slice(from).IndexOf ','
            let until = if comma < 0 then line.Length else from + comma
            let mutable first, last = from, until

            while first < last && Char.IsWhiteSpace line[first] do
                first <- first + 1

            while last > first && Char.IsWhiteSpace line[last - 1] do
                last <- last - 1

            if last - first >= 2 && line[first] = '"' && line[last - 1] = '"' then
                first <- first + 1
                last <- last - 1

            if count < starts.Length then
                starts[count] <- first
                lengths[count] <- last - first

            count <- count + 1
            from <- until + 1

        count

    let mostColumns = 256

    let read (file: string) (types: IReadOnlyDictionary<string, ValueType>) (line: int) (text: ReadOnlySpan<char>) : Result<CsvHeader, LoadProblem> =
        let starts, lengths = Array.zeroCreate mostColumns, Array.zeroCreate mostColumns
        let count = split text starts lengths
        let names = Array.init (min count mostColumns) (fun _ -> "")

        for index in 0 .. names.Length - 1 do
            names[index] <- text.Slice(starts[index], lengths[index]).ToString()

        let wrong column expected found mend = Error(LoadProblem(file, line, column, expected, found, mend))
        let known = own |> List.map fst
        let place index = starts[index] + 1

        let columnOf (metrics: string list) index : Result<Column, LoadProblem> =
            let name = names[index]

            match own |> List.tryFind (fun (own, _) -> own = name), follows name with
            | _ when names |> Seq.take index |> Seq.contains name -> wrong (place index) "each column once" $"{Wording.quote name} again" "take one of the two out"
            | Some(_, column), _ -> Ok column
            | None, Some mend -> wrong (place index) "what clients do and ask for" (Wording.quote name) mend
            | None, None ->
                match types.TryGetValue name with
                | true, kind -> Ok(MetricColumn(metrics.Length, kind))
                | _ ->
                    let meant =
                        match Suggest.nearest name (known @ List.ofSeq types.Keys) with
                        | Some near -> $"did you mean `{near}`? Otherwise take the column out"
                        | None -> "take the column out, or declare the metric in the policy"

                    wrong (place index) "the name of a metric or an input" (Wording.quote name) meant

        if count > mostColumns then
            wrong 0 $"at most {mostColumns} columns" $"{count}" "leave out what no rule reads"
        else
            let folder (state: Result<Column list * string list, LoadProblem>) index =
                match state with
                | Error _ -> state
                | Ok(columns, metrics) ->
                    match columnOf metrics index with
                    | Error problem -> Error problem
                    | Ok(MetricColumn _ as column) -> Ok(column :: columns, metrics @ [ names[index] ])
                    | Ok column -> Ok(column :: columns, metrics)

            match Seq.fold folder (Ok([], [])) (seq { 0 .. names.Length - 1 }) with
            | _ when not (Array.contains "time" names) ->
                let found = if names.Length = 1 && (names[0].Contains ';' || names[0].Contains '\t') then "no comma in it" else Wording.quote (String.Join(",", names |> Seq.truncate 6))
                wrong 0 "a header with a column `time`, names separated by commas" found "begin the file with a line such as `time,load`"
            | Error problem -> Error problem
            | Ok(columns, _) when not (List.contains CpuColumn columns || List.contains RateColumn columns) ->
                wrong 0 "a column `load` or `queries.rate`" "neither" "say how much work comes (`load`, in cores), or how many statements (`queries.rate`)"
            | Ok(columns, metrics) ->
                Ok
                    { Columns = columns |> List.rev |> Array.ofList
                      Names = names
                      Metrics = metrics
                      HasMemory = List.contains ResidentColumn columns }
