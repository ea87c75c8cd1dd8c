namespace Serverless.Rules

open System
open System.IO
open System.Text

/// The lines of a file one after the other, without one in memory that is longer than a bound. Empty lines and those that begin with `#` are skipped.
[<Sealed>]
type internal CsvLines(stream: Stream) =
    static let most = 65_536
    let reader = new StreamReader(stream, UTF8Encoding(false, false), true, 65_536)
    let mutable buffer: char[] = Array.zeroCreate (2 * most)
    let mutable from = 0
    let mutable filled = 0
    let mutable isDone = false
    let mutable number = 0
    let mutable start = 0
    let mutable length = 0
    let mutable isTooLong = false

    let fill () =
        if from > 0 then
            Array.Copy(buffer, from, buffer, 0, filled - from)
            filled <- filled - from
            from <- 0

        let read = reader.Read(buffer, filled, buffer.Length - filled)
        filled <- filled + read
        isDone <- read = 0

    /// The next line end, or the end of the file: false at the end, and at a line that is too long.
    let rec next () =
        let at = Array.IndexOf(buffer, '\n', from, filled - from)

        if at >= 0 || (isDone && from < filled) then
            let until = if at >= 0 then at else filled
            start <- from
            length <- if until > from && buffer[until - 1] = '\r' then until - from - 1 else until - from
            from <- if at >= 0 then at + 1 else filled
            number <- number + 1
            isTooLong <- length > most
            not isTooLong
        elif isDone then
            false
        elif filled - from > most then
            number <- number + 1
            isTooLong <- true
            false
        else
            fill ()
            next ()

    /// The longest line, in UTF-16 code units.
    static member Most = most

    /// Of the line that was read, or of the one that is too long; from 1.
    member _.Number = number
    member _.IsTooLong = isTooLong

    /// Until the next one is read.
    member _.Line: ReadOnlySpan<char> = ReadOnlySpan<char>(buffer, start, length)

    member lines.Read() : bool =
        let mutable go = true
        let mutable found = false

        while go do
            found <- next ()
            go <- found && (lines.Line.IsWhiteSpace() || lines.Line[0] = '#')

        found

    interface IDisposable with
        member _.Dispose() = reader.Dispose()
