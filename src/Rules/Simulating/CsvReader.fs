namespace Serverless.Rules

open System
open Serverless.Core

/// How times are written in a file: as its first one is.
type private Clock =
    | Unread
    | Seconds of first: int64<ms>
    | Instants of first: int64<ms>

[<Sealed>]
type internal CsvReader(file: string, header: CsvHeader, lines: CsvLines, isUnchanged: unit -> bool) =
    inherit LoadReader()
    let starts, lengths = Array.zeroCreate (header.Columns.Length + 1), Array.zeroCreate (header.Columns.Length + 1)
    let mutable problem: LoadProblem | null = null
    let mutable clock = Unread
    let mutable last = -1L<ms>
    let mutable lastLine = 0
    let mutable rows = 0L
    let longest = CsvReader.Longest

    let shown (text: string) = if text.Length = 0 then "nothing" else "`" + Printable.Of(text, 40) + "`"

    let wrong column expected found mend =
        problem <- LoadProblem(file, lines.Number, column, expected, found, mend)
        false

    member private _.Field(index: int) : ReadOnlySpan<char> = lines.Line.Slice(starts[index], lengths[index])
    member private reader.Found(index: int) = shown (reader.Field(index).ToString())

    /// Milliseconds since the start.
    member private reader.Time(index: int, at: byref<int64<ms>>) : bool =
        let text = reader.Field index

        let read =
            match clock with
            | Unread ->
                match LoadValue.seconds text, LoadValue.instant text with
                | ValueSome first, _ when first > longest -> ValueSome first
                | ValueSome first, _ ->
                    clock <- Seconds first
                    ValueSome 0L<ms>
                | ValueNone, ValueSome first ->
                    clock <- Instants first
                    ValueSome 0L<ms>
                | ValueNone, ValueNone -> ValueNone
            | Seconds first -> LoadValue.seconds text |> ValueOption.map (fun seconds -> seconds - first)
            | Instants first -> LoadValue.instant text |> ValueOption.map (fun instant -> instant - first)

        match read with
        | ValueSome found when found > last && found <= longest ->
            at <- found
            true
        | ValueSome found when found > longest -> wrong (starts[index] + 1) "at most ten years" (reader.Found index) "cut the file, or write its times as instants such as 2026-03-02T20:05:00Z"
        | ValueSome _ -> wrong (starts[index] + 1) $"a time later than the one of line {lastLine}" (reader.Found index) "sort the rows by time, each time once"
        | ValueNone ->
            let expected =
                match clock with
                | Unread -> "seconds such as 0, or an instant with its offset such as 2026-03-02T20:05:00+01:00"
                | Seconds _ -> "seconds, as in the rows before"
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
            match (if column.IsRateColumn then LoadValue.rate text else LoadValue.parse kind text) with
            | ValueSome found ->
                value <- found
                true
            | ValueNone ->
                let most = if column.IsRateColumn then "1000000 a second" else Quantity.show kind (Quantity.largest kind)
                let range = if kind = Flag then "write one of these" else $"it is not below 0 and at most {most}"
                let mend = match column with MetricColumn _ -> "; leave the field empty where nothing was measured" | _ -> ""
                wrong (starts[index] + 1) $"{LoadValue.wanted kind} for `{header.Names[index]}`" (reader.Found index) (range + mend)

    /// Ten years, and no load is longer.
    static member Longest: int64<ms> = 10L * 366L * 86_400_000L<ms>

    override _.Problem = problem
    override _.Dispose() = (lines :> IDisposable).Dispose()

    member private reader.Row(row: byref<LoadRow>, values: int64[]) : bool =
        let mutable good = true
        let mutable at = 0L<ms>
        let mutable cpu, resident, rate, latency = 0L, 0L, LoadRow.NotGiven, 0L
        let mutable arriving, lasting, transactions, pinned, opened = 0L, 0L, 0L, 0L, 0L
        let mutable index = 0

        while good && index < header.Columns.Length do
            match header.Columns[index] with
            | TimeColumn -> good <- reader.Time(index, &at)
            | CpuColumn -> good <- reader.Value(index, &cpu)
            | ResidentColumn -> good <- reader.Value(index, &resident)
            | RateColumn -> good <- reader.Value(index, &rate)
            | LatencyColumn -> good <- reader.Value(index, &latency)
            | ArrivingColumn -> good <- reader.Value(index, &arriving)
            | LastingColumn -> good <- reader.Value(index, &lasting)
            | TransactionsColumn -> good <- reader.Value(index, &transactions)
            | PinnedColumn -> good <- reader.Value(index, &pinned)
            | OpenColumn -> good <- reader.Value(index, &opened)
            | MetricColumn(place, _) -> good <- reader.Value(index, &values[place])

            index <- index + 1

        if good then
            // Part of a session, as a mean has it, is somebody.
            let count value = int (min 1_000_000L ((value + 999L) / 1_000L))

            row <-
                { At = at
                  Cpu = cpu * 1L<mcpu>
                  Resident = resident * 1L<bytes>
                  Rate = rate
                  Come = count arriving
                  Running = count lasting
                  Latency = min latency 86_400_000L * 1L<ms>
                  Transactions = count transactions
                  Pinned = count pinned
                  Open = count opened }

            last <- at
            lastLine <- lines.Number
            rows <- rows + 1L

        good

    member private reader.Next(row: byref<LoadRow>, values: int64[]) : bool =
        if lines.Read() then
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

    override reader.Read(row, values) =
        if not (isNull problem) then
            false
        elif reader.Next(&row, values) then
            true
        else
            // Whatever else is wrong with it, or nothing, is wrong with a mixture.
            if not (isUnchanged ()) then
                problem <- LoadProblem(file, 0, 0, "a file that stays as it is while it is read", "another length or time of writing than at first", "copy it, and take the copy")

            false
