namespace Serverless.Rules

open System
open System.Collections.Generic
open System.IO
open Serverless.Core

/// A load from a file of comma-separated values: a header, then a row for each time at which something changes. It is read row by row, so its length
/// does not matter.
[<Sealed>]
type private CsvLoad(file: string, header: CsvHeader, start: int64<ms>, stamp: FileStamp) =
    inherit LoadSource(FileInfo(file).Name, start, header.Metrics, header.HasMemory)

    static member Stream(file: string) : FileStream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 65_536)

    override _.Open() =
        let stream = CsvLoad.Stream file
        let lines = new CsvLines(stream)
        lines.Read() |> ignore
        new CsvReader(file, header, lines, (fun () -> FileStamp.of' stream = stamp))

/// A load in a file, or why it cannot be read.
[<Sealed>]
type LoadFile private (load: LoadSource | null, problem: LoadProblem | null) =
    /// Null when there is a problem.
    member _.Load: LoadSource | null = load
    member _.Problem: LoadProblem | null = problem

    /// The first time; `start`: that of the second 0. The reader says what is wrong with it.
    static member private First(header: CsvHeader, lines: CsvLines, start: int64<ms>) : int64<ms> =
        let starts, lengths = Array.zeroCreate header.Columns.Length, Array.zeroCreate header.Columns.Length

        if lines.Read() && CsvHeader.split lines.Line starts lengths = header.Columns.Length then
            let time = Array.IndexOf(header.Names, "time")
            let text = lines.Line.Slice(starts[time], lengths[time])

            match LoadValue.seconds text, LoadValue.instant text with
            | ValueSome seconds, _ -> start + min seconds CsvReader.Longest
            | ValueNone, ValueSome instant -> instant
            | ValueNone, ValueNone -> start
        else
            start

    /// Reads the header and the first time, and nothing further: `LoadSurvey` reads all. `startMs`: the second 0 where the file has seconds, in Unix
    /// milliseconds. `policies`: what metrics they have of their own can be columns too.
    static member Csv(file: string, startMs: int64, policies: seq<Policy>) : LoadFile =
        let types = Dictionary<string, ValueType>()

        for metric in Seq.append Catalogue.metrics (policies |> Seq.collect _.Metrics) do
            types[metric.Name] <- metric.Type

        let wrong line expected found mend = LoadFile(null, LoadProblem(file, line, 0, expected, found, mend))

        let nothing () =
            wrong 0 "a header and rows" "nothing" "begin the file with a line such as `time,load`; what comes through a pipe is to be written to a file first, since it is read several times"

        let read (stream: FileStream) =
            use lines = new CsvLines(stream)
            let stamp = FileStamp.of' stream
            let isRead = lines.Read()

            if lines.IsTooLong then
                wrong lines.Number "comma-separated values" "a line without an end" "check that it is the right file, and that its lines end with LF or CRLF"
            elif not isRead then
                nothing ()
            elif lines.Line.Contains '\r' then
                wrong lines.Number "lines that end with LF or CRLF" "CR within the first one" "write the file with other line ends"
            else
                match CsvHeader.read file types lines.Number lines.Line with
                | Error problem -> LoadFile(null, problem)
                | Ok header ->
                    LoadFile(CsvLoad(file, header, LoadFile.First(header, lines, startMs * 1L<ms>), stamp), null)

        try
            if FileStamp.isEmpty file then
                nothing ()
            else
                let stream = CsvLoad.Stream file

                if stream.CanSeek then
                    read stream
                else
                    stream.Dispose()
                    wrong 0 "a file that can be read several times" "a pipe or a device" "write what comes through it to a file first"
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? NotSupportedException
        | :? ArgumentException as error -> wrong 0 "a file that can be read" $"`{error.Message}`" "check its name and permissions"
