namespace Serverless.Rules

open System
open System.Collections.Generic
open System.IO
open Serverless.Core

/// What a column of a load is.
type private Column =
    | TimeColumn
    | CpuColumn
    | ResidentColumn
    | RateColumn
    | LatencyColumn
    | TransactionsColumn
    | PinnedColumn
    | OpenColumn
    /// A metric of its own, by its place.
    | MetricColumn of place: int * kind: ValueType

/// The header of a load in CSV: what its columns are.
type private CsvHeader =
    { Columns: Column[]
      Names: string[]
      Metrics: string list
      HasMemory: bool
      HasRate: bool }

module private CsvHeader =
    let own: (string * Column) list =
        [ "time", TimeColumn
          Given.load, CpuColumn
          Given.resident, ResidentColumn
          "queries.rate", RateColumn
          "queries.latency", LatencyColumn
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
            | _ when names |> Seq.take index |> Seq.contains name -> wrong (place index) "each column once" $"`{name}` again" "take one of the two out"
            | Some(_, column), _ -> Ok column
            | None, Some mend -> wrong (place index) "what clients do and ask for" $"`{name}`" mend
            | None, None ->
                match types.TryGetValue name with
                | true, kind -> Ok(MetricColumn(metrics.Length, kind))
                | _ ->
                    let meant =
                        match Suggest.nearest name (known @ List.ofSeq types.Keys) with
                        | Some near -> $"did you mean `{near}`? Otherwise take the column out"
                        | None -> "take the column out, or declare the metric in the policy"

                    wrong (place index) "the name of a metric or an input" $"`{name}`" meant

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
                let found = if names.Length = 1 && (names[0].Contains ';' || names[0].Contains '\t') then "no comma in it" else "`" + String.Join(",", names |> Seq.truncate 6) + "`"
                wrong 0 "a header with a column `time`, names separated by commas" found "begin the file with a line such as `time,load`"
            | Error problem -> Error problem
            | Ok(columns, _) when not (List.contains CpuColumn columns || List.contains RateColumn columns) ->
                wrong 0 "a column `load` or `queries.rate`" "neither" "say how much work comes (`load`, in cores), or how many statements (`queries.rate`)"
            | Ok(columns, metrics) ->
                Ok
                    { Columns = columns |> List.rev |> Array.ofList
                      Names = names
                      Metrics = metrics
                      HasMemory = List.contains ResidentColumn columns
                      HasRate = List.contains RateColumn columns }

/// How times are written in a file: as its first one is.
type private Clock =
    | Unread
    | Seconds
    | Instants of first: int64<ms>

[<Sealed>]
type private CsvReader(file: string, header: CsvHeader, lines: CsvLines) =
    inherit LoadReader()
    let starts, lengths = Array.zeroCreate (header.Columns.Length + 1), Array.zeroCreate (header.Columns.Length + 1)
    let mutable problem: LoadProblem | null = null
    let mutable clock = Unread
    let mutable last = -1L<ms>
    let mutable lastLine = 0
    let mutable rows = 0L
    let longest = 10L * 366L * 86_400_000L<ms>
    let mostRate = 1_000_000_000L

    let shown (length: int) (text: string) = if length = 0 then "nothing" elif length > 40 then "`" + text.Substring(0, 40) + "…`" else $"`{text}`"

    let wrong column expected found mend =
        problem <- LoadProblem(file, lines.Number, column, expected, found, mend)
        false

    member private _.Field(index: int) : ReadOnlySpan<char> = lines.Line.Slice(starts[index], lengths[index])
    member private reader.Found(index: int) = shown lengths[index] (reader.Field(index).ToString())

    /// Milliseconds since the start.
    member private reader.Time(index: int, at: byref<int64<ms>>) : bool =
        let text = reader.Field index

        let read =
            match clock with
            | Unread ->
                match LoadValue.seconds text, LoadValue.instant text with
                | ValueSome first, _ ->
                    clock <- Seconds
                    ValueSome first
                | ValueNone, ValueSome first ->
                    clock <- Instants first
                    ValueSome 0L<ms>
                | ValueNone, ValueNone -> ValueNone
            | Seconds -> LoadValue.seconds text
            | Instants first -> LoadValue.instant text |> ValueOption.map (fun instant -> instant - first)

        match read with
        | ValueSome found when found > last && found <= longest ->
            at <- found
            true
        | ValueSome found when found > longest -> wrong (starts[index] + 1) "at most ten years" (reader.Found index) "cut the file, or check how its times are written"
        | ValueSome _ -> wrong (starts[index] + 1) $"a time later than the one of line {lastLine}" (reader.Found index) "sort the rows by time, each time once"
        | ValueNone ->
            let expected =
                match clock with
                | Unread -> "seconds such as 0, or an instant with its offset such as 2026-03-02T20:05:00+01:00"
                | Seconds -> "seconds, as in the rows before"
                | Instants _ -> "an instant with its offset such as 2026-03-02T20:05:00+01:00, as in the rows before"

            wrong (starts[index] + 1) expected (reader.Found index) "write all times in one of the two ways"

    member private reader.Value(index: int, value: byref<int64>) : bool =
        let column = header.Columns[index]
        let kind = CsvHeader.kindOf column
        let text = reader.Field index

        match column with
        | MetricColumn _ when text.Length = 0 || text.Equals("?", StringComparison.Ordinal) ->
            value <- LoadRow.Missing
            true
        | _ ->
            match LoadValue.parse kind text with
            | ValueSome found ->
                value <- found
                true
            | ValueNone ->
                let range = if kind = Flag then "write one of these" else $"it is not below 0 and at most {Quantity.show kind (Quantity.largest kind)}"
                let mend = match column with MetricColumn _ -> "; leave the field empty where nothing was measured" | _ -> ""
                wrong (starts[index] + 1) $"{LoadValue.wanted kind} for `{header.Names[index]}`" (reader.Found index) (range + mend)

    override _.Problem = problem
    override _.Dispose() = (lines :> IDisposable).Dispose()

    member private reader.Row(row: byref<LoadRow>, values: int64[]) : bool =
        let mutable good = true
        let mutable at = 0L<ms>
        let mutable cpu, resident, rate, latency = 0L, 0L, LoadRow.NotGiven, 0L
        let mutable transactions, pinned, opened = 0L, 0L, 0L
        let mutable index = 0

        while good && index < header.Columns.Length do
            match header.Columns[index] with
            | TimeColumn -> good <- reader.Time(index, &at)
            | CpuColumn -> good <- reader.Value(index, &cpu)
            | ResidentColumn -> good <- reader.Value(index, &resident)
            | RateColumn -> good <- reader.Value(index, &rate)
            | LatencyColumn -> good <- reader.Value(index, &latency)
            | TransactionsColumn -> good <- reader.Value(index, &transactions)
            | PinnedColumn -> good <- reader.Value(index, &pinned)
            | OpenColumn -> good <- reader.Value(index, &opened)
            | MetricColumn(place, _) -> good <- reader.Value(index, &values[place])

            index <- index + 1

        if good && rate > mostRate then
            good <- wrong 0 "at most 1,000,000 statements a second" $"{rate / 1_000L}" "check the unit of `queries.rate`: it is statements a second"

        if good then
            let count value = int (min 1_000_000L (value / 1_000L))

            row <-
                { At = at
                  Cpu = cpu * 1L<mcpu>
                  Resident = resident * 1L<bytes>
                  Rate = rate
                  Latency = min latency 86_400_000L * 1L<ms>
                  Transactions = count transactions
                  Pinned = count pinned
                  Open = count opened }

            last <- at
            lastLine <- lines.Number
            rows <- rows + 1L

        good

    override reader.Read(row, values) =
        if not (isNull problem) then
            false
        elif lines.Read() then
            let count = CsvHeader.split lines.Line starts lengths

            if count <> header.Columns.Length then
                wrong 0 $"{header.Columns.Length} fields, as in the header" $"{count}" "add what is missing, or take out what is too much"
            else
                reader.Row(&row, values)
        elif lines.IsTooLong then
            wrong 0 $"a line of at most {CsvLines.Most} characters" "a longer one" "separate the rows by line ends"
        else
            // A row holds until the next one, so that one row alone says nothing.
            if rows < 2L then
                problem <- LoadProblem(file, 0, 0, "two rows at least", $"{rows}", "a row holds until the next one; end with a row at the time of the end")

            false

/// A load from a file of comma-separated values: a header, then a row for each time at which something changes. It is read row by row, so its length
/// does not matter.
[<Sealed>]
type private CsvLoad(file: string, header: CsvHeader, start: int64<ms>) =
    inherit LoadSource(FileInfo(file).Name, start, header.Metrics, header.HasMemory)

    static member Lines(file: string) : CsvLines = new CsvLines(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 65_536))

    override _.Open() =
        let lines = CsvLoad.Lines file
        lines.Read() |> ignore
        new CsvReader(file, header, lines)

/// A load in a file, or why it cannot be read.
[<Sealed>]
type LoadFile private (load: LoadSource | null, problem: LoadProblem | null) =
    /// Null when there is a problem.
    member _.Load: LoadSource | null = load
    member _.Problem: LoadProblem | null = problem

    /// The first time, where it is an instant.
    static member private First(header: CsvHeader, lines: CsvLines) : int64<ms> voption =
        let starts, lengths = Array.zeroCreate header.Columns.Length, Array.zeroCreate header.Columns.Length

        if lines.Read() && CsvHeader.split lines.Line starts lengths = header.Columns.Length then
            let time = Array.IndexOf(header.Names, "time")
            LoadValue.instant (lines.Line.Slice(starts[time], lengths[time]))
        else
            ValueNone

    /// Reads the header and the first time, and nothing further: `LoadSurvey` reads all. `startMs`: the start where the file has seconds, in Unix
    /// milliseconds. `policies`: what metrics they have of their own can be columns too.
    static member Csv(file: string, startMs: int64, policies: seq<Policy>) : LoadFile =
        let types = Dictionary<string, ValueType>()

        for metric in Seq.append Catalogue.metrics (policies |> Seq.collect _.Metrics) do
            types[metric.Name] <- metric.Type

        let wrong line expected found mend = LoadFile(null, LoadProblem(file, line, 0, expected, found, mend))

        try
            use lines = CsvLoad.Lines file
            let isRead = lines.Read()

            if lines.IsTooLong then
                wrong lines.Number "comma-separated values" "a line without an end" "check that it is the right file"
            elif not isRead then
                wrong 0 "a header and rows" "nothing" "begin the file with a line such as `time,load`"
            else
                match CsvHeader.read file types lines.Number lines.Line with
                | Error problem -> LoadFile(null, problem)
                | Ok header ->
                    let start = LoadFile.First(header, lines) |> ValueOption.defaultValue (startMs * 1L<ms>)
                    LoadFile(CsvLoad(file, header, start), null)
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? NotSupportedException
        | :? ArgumentException as error -> wrong 0 "a file that can be read" $"`{error.Message}`" "check its name and permissions"
